#pragma once

#include <cstdint>

#include "djm/time.hpp"
#include "model/civil.hpp"

/// Times within this layer: whole seconds since 1970-01-01T00:00:00, of UTC or of what a clock on a wall shows.
namespace djm::impl {

using seconds_t = std::int64_t;

constexpr seconds_t day_seconds = 86'400;

/// After so many days dates and days of the week repeat.
constexpr std::int64_t cycle_days = 146'097;
constexpr seconds_t cycle_seconds = cycle_days * day_seconds;

constexpr std::int64_t first_year = 0;
constexpr std::int64_t last_year = 9999;

/// The first and the last second of those years.
constexpr seconds_t first_second = days_from_civil({first_year, 1, 1}) * day_seconds;
constexpr seconds_t last_second = days_from_civil({last_year + 1, 1, 1}) * day_seconds - 1;

/// Before and after every instant.
constexpr seconds_t always_before = first_second - 4000 * day_seconds;
constexpr seconds_t always_after = last_second + 4000 * day_seconds;

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) noexcept {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// To those years and the days around them in which they begin and end somewhere, so that no sum overflows.
constexpr seconds_t cut(seconds_t s) noexcept {
  constexpr auto around = 2 * day_seconds;
  return s < first_second - around ? first_second - around : s > last_second + around ? last_second + around : s;
}

/// The second in which the instant lies, and the first one that does not begin before it.
constexpr seconds_t floor_seconds(wall_time t) noexcept {
  return cut(floor_div(t.time_since_epoch().count(), 1000));
}
constexpr seconds_t ceil_seconds(wall_time t) noexcept {
  const auto ms = t.time_since_epoch().count();
  return cut(ms / 1000 + (ms % 1000 > 0 ? 1 : 0));
}

constexpr wall_time to_wall_time(seconds_t s) noexcept {
  return wall_time{std::chrono::milliseconds{s * 1000}};
}

} // namespace djm::impl
