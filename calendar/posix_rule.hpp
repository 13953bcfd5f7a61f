#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "calendar/zone_data.hpp"
#include "djm/error.hpp"

namespace djm::impl {

/// The day of a year on which clocks are changed.
struct rule_day {
  enum class kind : std::uint8_t {
    /// `Jn`: 1 to 365, 29 February does not count.
    julian,
    /// `n`: 0 to 365, 29 February counts.
    zero_based,
    /// `Mm.w.d`: the w-th (5: the last) day of the week d (0: Sunday) of month m.
    of_month,
  };
  kind by = kind::zero_based;
  int day = 0;
  int week = 0;
  int month = 0;
  /// Seconds after midnight, of the offset before the change; from -167 h to 167 h.
  std::int32_t time = 7200;
};

/// A time zone as in the environment variable TZ of POSIX. Without `daylight` the offset never changes.
struct posix_rule {
  std::int32_t standard = 0;
  std::optional<std::int32_t> daylight;
  rule_day start;
  rule_day end;
};

/// Reads one. The error is the rule that is broken, without the text.
expected<posix_rule> parse_posix_rule(std::string_view text);

/// The two changes of a year in order of time, or none.
std::vector<zone_change> changes_of_year(const posix_rule& rule, std::int64_t year);

/// Lets the rule go on where the periods end: from `from` on, for ever.
void append_rule(zone_data& zone, const posix_rule& rule, seconds_t from);

} // namespace djm::impl
