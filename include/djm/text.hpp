#pragma once

#include <string>
#include <string_view>

#include "djm/export.hpp"
#include "djm/value_sink.hpp"

namespace djm {

/// Writes one line that people read: `node_config(id="n1", store=store_config(connect="embedded", ...), ...)`.
class DJM_EXPORT text_sink final : public value_sink {
public:
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

  /// Takes what has been written.
  std::string take() { return std::move(out_); }

private:
  void separate();

  std::string out_;
  bool first_ = true;
};

/// Any value with a field list as one line with field names. Secrets are shown as "***".
template <class T>
std::string to_text(const T& x) {
  text_sink sink;
  write_value(sink, x);
  return sink.take();
}

} // namespace djm
