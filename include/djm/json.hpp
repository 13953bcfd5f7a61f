#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "djm/export.hpp"
#include "djm/value_sink.hpp"

namespace djm {

/// Writes JSON. Durations are texts ("10s"), times are UTC ("2026-01-31T08:00:00.000Z"), enumerators their names, a
/// missing optional is null, and a struct that is one of several alternatives starts with a member "type", an event
/// also where it stands alone. Bytes that are not UTF-8 become U+FFFD; a double that is not finite becomes null.
class DJM_EXPORT json_sink final : public value_sink {
public:
  /// What becomes of secret texts.
  enum class secrets {
    /// They are written as "***".
    hidden,
    /// They are written as they are. For what only their owner can read.
    shown,
  };

  /// `indent` spaces per level, or everything on one line when negative.
  explicit json_sink(int indent = -1, secrets s = secrets::hidden);

  void begin_object(const char* type) override;
  void begin_alternative(const char* type) override;
  void member(const char* name) override;
  void end_object() override;
  void begin_list() override;
  void element() override;
  void end_list() override;
  void begin_map() override;
  void key(std::string_view name) override;
  void end_map() override;
  void none() override;
  void boolean(bool x) override;
  void integer(std::int64_t x) override;
  void natural(std::uint64_t x) override;
  void real(double x) override;
  void text(std::string_view x) override;
  void symbol(std::string_view x) override;
  void span(duration x) override;
  void moment(wall_time x) override;
  void secret(std::string_view x) override;

  /// What has been written so far.
  const std::string& str() const noexcept { return out_; }
  /// Takes what has been written.
  std::string take() { return std::move(out_); }

private:
  void open(char bracket);
  void close(char bracket);
  void next();
  void append_text(std::string_view x);

  std::string out_;
  int indent_;
  int depth_ = 0;
  bool first_ = true;
  secrets secrets_;
};

/// Any value with a field list as JSON text. Secrets are shown as "***".
template <class T>
std::string to_json_text(const T& x, int indent = -1) {
  json_sink sink{indent};
  write_value(sink, x);
  return sink.take();
}

} // namespace djm
