#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "djm/duration_histogram.hpp"
#include "djm/metrics.hpp"
#include "djm/time.hpp"

namespace djm {

/// Writes the samples of one family after the other as text. The head of a family is written with its first sample.
class sample_sink {
public:
  explicit sample_sink(std::string_view node);

  /// The samples that follow are of this family, which outlives them.
  void begin(const metric_family& family);

  /// A sample; one value per label of the family.
  void add(std::initializer_list<std::string_view> labels, std::uint64_t value);
  void add(std::initializer_list<std::string_view> labels, std::int64_t value);
  /// In seconds.
  void add(std::initializer_list<std::string_view> labels, duration value);
  void add(std::initializer_list<std::string_view> labels, bool value);

  /// Every range with all that lies below it, the sum in seconds and the number.
  void add(std::initializer_list<std::string_view> labels, const duration_histogram& value);

  std::string take() { return std::move(out_); }

private:
  void head();
  void sample(std::string_view suffix, std::initializer_list<std::string_view> labels, std::string_view value,
              std::string_view range = {});

  std::string node_; ///< as a label, escaped
  std::string out_;
  const metric_family* family_ = nullptr;
  bool told_ = false; ///< the head of the family is written
};

/// A value of a label as it stands between quotation marks.
std::string escape_label(std::string_view text);
/// A text of help as it stands behind the name.
std::string escape_help(std::string_view text);
/// Seconds, exact to the nanosecond and without trailing zeros.
std::string seconds_text(duration d);

} // namespace djm
