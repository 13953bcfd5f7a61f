#include "calendar/cron_set.hpp"

#include <algorithm>

namespace djm::impl {

namespace {

/// The lowest and the highest bit of a number that is not zero.
int lowest(std::uint64_t bits) noexcept {
  return __builtin_ctzll(bits);
}
int highest(std::uint64_t bits) noexcept {
  return 63 - __builtin_clzll(bits);
}

/// Bits from n on, up to n; n is below 64.
std::uint64_t from(std::uint64_t bits, int n) noexcept {
  return bits & (~std::uint64_t{0} << n);
}
std::uint64_t up_to(std::uint64_t bits, int n) noexcept {
  return bits & (~std::uint64_t{0} >> (63 - n));
}

struct time_of_day {
  int hour;
  int minute;
  int second;

  seconds_t seconds() const noexcept { return hour * 3600 + minute * 60 + second; }
};

time_of_day split(seconds_t second_of_day) noexcept {
  const auto s = static_cast<int>(second_of_day);
  return {s / 3600, s / 60 % 60, s % 60};
}

/// The first time of day in the set at or after this one; -1 when there is none on the day.
seconds_t next_time(const cron_set& set, time_of_day t) noexcept {
  if (from(set.hours, t.hour) != from(set.hours, t.hour + 1)) {
    if (from(set.minutes, t.minute) != from(set.minutes, t.minute + 1)) {
      if (const auto seconds = from(set.seconds, t.second)) {
        return time_of_day{t.hour, t.minute, lowest(seconds)}.seconds();
      }
    }
    if (const auto minutes = from(set.minutes, t.minute + 1)) {
      return time_of_day{t.hour, lowest(minutes), lowest(set.seconds)}.seconds();
    }
  }
  if (const auto hours = from(set.hours, t.hour + 1)) {
    return time_of_day{lowest(hours), lowest(set.minutes), lowest(set.seconds)}.seconds();
  }
  return -1;
}

/// The last one at or before it.
seconds_t previous_time(const cron_set& set, time_of_day t) noexcept {
  const auto in = [](std::uint64_t bits, int n) { return (bits >> n & 1) != 0; };
  const auto below = [](std::uint64_t bits, int n) { return n == 0 ? 0 : up_to(bits, n - 1); };
  if (in(set.hours, t.hour)) {
    if (in(set.minutes, t.minute)) {
      if (const auto seconds = up_to(set.seconds, t.second)) {
        return time_of_day{t.hour, t.minute, highest(seconds)}.seconds();
      }
    }
    if (const auto minutes = below(set.minutes, t.minute)) {
      return time_of_day{t.hour, highest(minutes), highest(set.seconds)}.seconds();
    }
  }
  if (const auto hours = below(set.hours, t.hour)) {
    return time_of_day{highest(hours), highest(set.minutes), highest(set.seconds)}.seconds();
  }
  return -1;
}

/// A month that is looked at, and a second of it.
struct place {
  civil_date date;
  seconds_t second_of_day;
};

place place_of(seconds_t local) noexcept {
  const auto day = floor_div(local, day_seconds);
  return {civil_from_days(day), local - day * day_seconds};
}

seconds_t local_second(const civil_date& date, int day, seconds_t second_of_day) noexcept {
  return days_from_civil({date.year, date.month, day}) * day_seconds + second_of_day;
}

} // namespace

bool operator==(const cron_set& a, const cron_set& b) {
  const auto same_days = a.days.days == b.days.days && a.days.from_end == b.days.from_end &&
                         a.days.workdays == b.days.workdays && a.days.workdays_from_end == b.days.workdays_from_end &&
                         a.days.weekdays == b.days.weekdays && a.days.nth == b.days.nth &&
                         a.days.any_day == b.days.any_day && a.days.any_weekday == b.days.any_weekday &&
                         a.days.both == b.days.both;
  return same_days && a.seconds == b.seconds && a.minutes == b.minutes && a.hours == b.hours && a.months == b.months &&
         a.years == b.years && a.any_year == b.any_year && a.whole_minutes == b.whole_minutes &&
         a.interval_like == b.interval_like;
}

std::optional<seconds_t> next_in(const cron_set& set, seconds_t local) noexcept {
  if (local > last_second) {
    return std::nullopt;
  }
  auto [date, second_of_day] = place_of(std::max(local, first_second));
  auto days = from(days_of_month(set, date.year, date.month), date.day);
  if ((days >> date.day & 1) != 0) {
    if (const auto time = next_time(set, split(second_of_day)); time >= 0) {
      return local_second(date, date.day, time);
    }
    days = from(days, date.day + 1);
  }
  while (days == 0) {
    const auto months = from(set.months, date.month + 1);
    date.year += months == 0 ? 1 : 0;
    date.month = lowest(months == 0 ? set.months : months);
    if (!set.any_year && date.year < first_cron_year) {
      date.year = first_cron_year;
      date.month = lowest(set.months);
    }
    if (date.year > (set.any_year ? last_year : last_cron_year)) {
      return std::nullopt;
    }
    days = days_of_month(set, date.year, date.month);
  }
  return local_second(date, lowest(days), next_time(set, {0, 0, 0}));
}

std::optional<seconds_t> previous_in(const cron_set& set, seconds_t local) noexcept {
  if (local < first_second) {
    return std::nullopt;
  }
  auto [date, second_of_day] = place_of(std::min(local, last_second));
  auto days = up_to(days_of_month(set, date.year, date.month), date.day);
  if ((days >> date.day & 1) != 0) {
    if (const auto time = previous_time(set, split(second_of_day)); time >= 0) {
      return local_second(date, date.day, time);
    }
    days = up_to(days, date.day - 1);
  }
  while (days == 0) {
    const auto months = up_to(set.months, date.month - 1);
    date.year -= months == 0 ? 1 : 0;
    date.month = highest(months == 0 ? set.months : months);
    if (!set.any_year && date.year > last_cron_year) {
      date.year = last_cron_year;
      date.month = highest(set.months);
    }
    if (date.year < (set.any_year ? first_year : first_cron_year)) {
      return std::nullopt;
    }
    days = days_of_month(set, date.year, date.month);
  }
  return local_second(date, highest(days), previous_time(set, {23, 59, 59}));
}

std::optional<local_stretch> covered_around(const std::vector<cron_set>& sets, seconds_t local) {
  constexpr auto all_sixty = (std::uint64_t{1} << 60) - 1;
  const auto [date, second_of_day] = place_of(local);
  const auto now = split(second_of_day);
  std::uint64_t seconds = 0;
  // The minutes that are covered as a whole, of each hour.
  std::array<std::uint64_t, 24> minutes{};
  for (const auto& set : sets) {
    if ((days_of_month(set, date.year, date.month) >> date.day & 1) == 0) {
      continue;
    }
    const auto of_minute = set.whole_minutes ? all_sixty : set.seconds;
    if ((set.hours >> now.hour & set.minutes >> now.minute & 1) != 0) {
      seconds |= of_minute;
    }
    for (std::size_t hour = 0; hour < minutes.size() && of_minute == all_sixty; ++hour) {
      minutes[hour] |= (set.hours >> hour & 1) != 0 ? set.minutes : 0;
    }
  }
  if ((seconds >> now.second & 1) == 0) {
    return std::nullopt;
  }
  seconds_t length = seconds == all_sixty ? 60 : 1;
  if (minutes[static_cast<std::size_t>(now.hour)] == all_sixty) {
    const auto whole_day = std::all_of(minutes.begin(), minutes.end(), [](auto m) { return m == all_sixty; });
    length = whole_day ? day_seconds : 3600;
  }
  const auto begin = local - second_of_day % length;
  return local_stretch{begin, begin + length};
}

} // namespace djm::impl
