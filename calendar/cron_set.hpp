#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <vector>

#include "calendar/seconds.hpp"

namespace djm::impl {

constexpr int first_cron_year = 1970;
constexpr int last_cron_year = 2099;

/// The two day fields of a cron expression. Days of a month are bits, day 1 is bit 1.
struct cron_days {
  std::uint32_t days = 0;
  /// Bit n: `L-n`.
  std::uint32_t from_end = 0;
  /// Bit d: `dW`.
  std::uint32_t workdays = 0;
  /// Bit n: `L-nW`.
  std::uint32_t workdays_from_end = 0;
  /// Bit 0: Sunday.
  std::uint8_t weekdays = 0;
  /// Of each day of the week, bit n: its n-th in the month; bit 0: its last.
  std::array<std::uint8_t, 7> nth{};
  /// The field is `*` or `?`.
  bool any_day = false;
  bool any_weekday = false;
  /// `+`: a day has to satisfy both fields.
  bool both = false;
};

/// What a cron expression means, apart from zones: values as bits.
struct cron_set {
  std::uint64_t seconds = 1;
  std::uint64_t minutes = 0;
  std::uint32_t hours = 0;
  std::uint16_t months = 0;
  cron_days days;
  /// Bit 0: 1970. All of them where `any_year` is set.
  std::bitset<last_cron_year - first_cron_year + 1> years;
  bool any_year = true;
  /// Without a field of seconds.
  bool whole_minutes = true;
  /// The minute or hour field starts with `*`.
  bool interval_like = false;
};

bool operator==(const cron_set& a, const cron_set& b);

/// The days of the month that are in the set, none where year or month are not.
std::uint32_t days_of_month(const cron_set& set, std::int64_t year, int month) noexcept;

/// Whether there is any date at all: looks at every month of a cycle of 400 years, or of the years in the set.
bool has_a_date(const cron_set& set) noexcept;

/// The first local second in the set at or after this one; nothing when there is none before the year 10000.
std::optional<seconds_t> next_in(const cron_set& set, seconds_t local) noexcept;

/// The last one at or before it; nothing when there is none from the year 0 on.
std::optional<seconds_t> previous_in(const cron_set& set, seconds_t local) noexcept;

/// A stretch of local seconds, without its end.
struct local_stretch {
  seconds_t begin = 0;
  seconds_t end = 0;
};

/// Nothing when none of the sets covers the second; one without a field of seconds covers whole minutes. Otherwise a
/// stretch around it that they cover together: the second, its minute, hour or day.
std::optional<local_stretch> covered_around(const std::vector<cron_set>& sets, seconds_t local);

} // namespace djm::impl
