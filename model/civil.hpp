#pragma once

#include <cstdint>

/// Dates of the proleptic Gregorian calendar, as everybody counts them, and days since 1970-01-01. Internal: not
/// installed.
namespace djm::impl {

struct civil_date {
  std::int64_t year;
  int month;
  int day;
};

/// Years are counted from March, so that the leap day is the last of its year, in eras of 400 years of 146,097 days.
constexpr std::int64_t days_from_civil(civil_date date) noexcept {
  const auto y = date.month <= 2 ? date.year - 1 : date.year;
  const auto era = (y >= 0 ? y : y - 399) / 400;
  const auto year_of_era = y - era * 400;
  const auto day_of_year = (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719'468;
}

constexpr civil_date civil_from_days(std::int64_t days) noexcept {
  const auto z = days + 719'468;
  const auto era = (z >= 0 ? z : z - 146'096) / 146'097;
  const auto day_of_era = z - era * 146'097;
  const auto year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto shifted_month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const auto month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

} // namespace djm::impl
