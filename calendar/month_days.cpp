// Which days of a month a cron expression means.
#include "calendar/cron_set.hpp"

namespace djm::impl {

namespace {

/// A month as its days are counted.
struct month_shape {
  int length = 31;
  /// Of day 1; 0 is Sunday.
  int first_weekday = 0;
};

month_shape shape_of(std::int64_t year, int month) noexcept {
  static constexpr std::array<std::int8_t, 12> lengths = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const auto leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  month_shape result;
  result.length = lengths[static_cast<std::size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
  // 1970-01-01 was a Thursday; a multiple of seven keeps the number above zero.
  const auto day = days_from_civil({year, month, 1}) + 4 + 7 * cycle_days;
  result.first_weekday = static_cast<int>(day % 7);
  return result;
}

constexpr std::uint32_t bit(int n) noexcept {
  return std::uint32_t{1} << n;
}

constexpr std::uint32_t all_days(int length) noexcept {
  return (bit(length) - 1) << 1;
}

int weekday_of(const month_shape& month, int day) noexcept {
  return (month.first_weekday + day - 1) % 7;
}

/// The Monday to Friday next to a day of the month, without leaving the month.
std::uint32_t workday_next_to(const month_shape& month, int day) noexcept {
  constexpr int sunday = 0;
  constexpr int saturday = 6;
  if (day < 1 || day > month.length) {
    return 0;
  }
  const auto weekday = weekday_of(month, day);
  if (weekday == saturday) {
    return bit(day > 1 ? day - 1 : day + 2);
  }
  if (weekday == sunday) {
    return bit(day < month.length ? day + 1 : day - 2);
  }
  return bit(day);
}

std::uint32_t by_day(const cron_days& days, const month_shape& month) noexcept {
  auto result = days.days & all_days(month.length);
  if ((days.from_end | days.workdays | days.workdays_from_end) == 0) {
    return result;
  }
  for (int n = 0; n <= 31; ++n) {
    if ((days.from_end & bit(n)) != 0 && n < month.length) {
      result |= bit(month.length - n);
    }
    if ((days.workdays & bit(n)) != 0) {
      result |= workday_next_to(month, n);
    }
    if ((days.workdays_from_end & bit(n)) != 0) {
      result |= workday_next_to(month, month.length - n);
    }
  }
  return result;
}

std::uint32_t by_weekday(const cron_days& days, const month_shape& month) noexcept {
  // Day 0 and every seventh after it, to be moved to the first of a day of the week.
  constexpr std::uint64_t weekly = 1 | 1 << 7 | 1 << 14 | 1 << 21 | 1 << 28;
  const auto all = all_days(month.length);
  std::uint32_t result = 0;
  for (int weekday = 0; weekday < 7; ++weekday) {
    const auto first = 1 + (weekday - month.first_weekday + 7) % 7;
    if ((days.weekdays & bit(weekday)) != 0) {
      result |= static_cast<std::uint32_t>(weekly << first) & all;
    }
    const auto nth = days.nth[static_cast<std::size_t>(weekday)];
    if (nth == 0) {
      continue;
    }
    for (int n = 1; n <= 5; ++n) {
      if ((nth & bit(n)) != 0) {
        result |= static_cast<std::uint32_t>(std::uint64_t{1} << (first + 7 * (n - 1))) & all;
      }
    }
    if ((nth & 1) != 0) {
      result |= bit(first + 28 <= month.length ? first + 28 : first + 21);
    }
  }
  return result;
}

} // namespace

std::uint32_t days_of_month(const cron_set& set, std::int64_t year, int month) noexcept {
  if ((set.months & bit(month)) == 0) {
    return 0;
  }
  if (!set.any_year && (year < first_cron_year || year > last_cron_year ||
                        !set.years.test(static_cast<std::size_t>(year - first_cron_year)))) {
    return 0;
  }
  const auto shape = shape_of(year, month);
  const auto& days = set.days;
  if (days.any_day && days.any_weekday) {
    return all_days(shape.length);
  }
  if (days.any_day) {
    return by_weekday(days, shape);
  }
  if (days.any_weekday) {
    return by_day(days, shape);
  }
  const auto day = by_day(days, shape);
  const auto weekday = by_weekday(days, shape);
  return days.both ? day & weekday : day | weekday;
}

bool has_a_date(const cron_set& set) noexcept {
  constexpr int cycle_years = 400;
  const auto end = set.any_year ? first_cron_year + cycle_years : last_cron_year + 1;
  for (int year = first_cron_year; year < end; ++year) {
    for (int month = 1; month <= 12; ++month) {
      if (days_of_month(set, year, month) != 0) {
        return true;
      }
    }
  }
  return false;
}

} // namespace djm::impl
