#include "djm/time.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "model/civil.hpp"
#include "model/text.hpp"

namespace djm {

using impl::civil_date;
using impl::civil_from_days;
using impl::days_from_civil;

namespace {

struct unit {
  std::string_view name;
  std::int64_t nanoseconds;
};

constexpr unit units[] = {
  {"h", 3'600'000'000'000}, {"min", 60'000'000'000}, {"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1},
};

constexpr std::int64_t ms_per_day = 86'400'000;

// Fills the '0' of a pattern with the digits of a number.
void put_digits(std::string& text, std::size_t at, std::size_t count, std::int64_t value) {
  for (auto i = at + count; i > at; --i, value /= 10) {
    text[i - 1] = static_cast<char>('0' + value % 10);
  }
}

std::int64_t get_digits(std::string_view text, std::size_t at, std::size_t count) {
  std::int64_t result = 0;
  for (char c : text.substr(at, count)) {
    result = result * 10 + (c - '0');
  }
  return result;
}

constexpr std::string_view time_pattern = "0000-00-00T00:00:00.000Z";

} // namespace

std::string format_duration(duration d) {
  const auto n = d.count();
  if (n == 0) {
    return "0s";
  }
  const auto* u = units;
  while (n % u->nanoseconds != 0) { // ends at the last one: every count is a multiple of 1 ns
    ++u;
  }
  return std::to_string(n / u->nanoseconds).append(u->name);
}

std::string describe_duration(duration d) {
  if (d == duration::max()) {
    return "292 years or more";
  }
  if (d == duration::min()) {
    return "292 years or more below zero";
  }
  constexpr std::int64_t day = 24 * units[0].nanoseconds;
  constexpr std::int64_t readable = 1'000'000;
  const auto n = d.count();
  const auto* exact = units;
  while (n % exact->nanoseconds != 0) {
    ++exact;
  }
  const auto count = n / exact->nanoseconds;
  if ((n < day && n > -day) || (count < readable && count > -readable)) {
    return format_duration(d);
  }
  return "about " + std::to_string(n / day) + " days";
}

expected<duration> parse_duration(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (status == std::errc::result_out_of_range) {
    return fail(errc::invalid_config, "duration " + impl::quote(text) + " is too long to be represented");
  }
  if (status == std::errc{}) {
    const auto suffix = text.substr(static_cast<std::size_t>(end - text.data()));
    for (const auto& u : units) {
      if (u.name != suffix) {
        continue;
      }
      std::int64_t result = 0;
      if (__builtin_mul_overflow(n, u.nanoseconds, &result)) {
        return fail(errc::invalid_config, "duration " + impl::quote(text) + " is too long to be represented");
      }
      return duration{result};
    }
  }
  return fail(errc::invalid_config, "duration " + impl::quote(text) +
                                      " is not an integer followed by ns, us, ms, s, min or h, such as \"10s\"");
}

std::string format_time(wall_time t) {
  const auto least = days_from_civil({0, 1, 1}) * ms_per_day;
  const auto last = days_from_civil({10'000, 1, 1}) * ms_per_day - 1;
  const auto ms = std::clamp<std::int64_t>(t.time_since_epoch().count(), least, last);
  const auto days = (ms >= 0 ? ms : ms - (ms_per_day - 1)) / ms_per_day;
  const auto rest = ms - days * ms_per_day;
  const auto date = civil_from_days(days);
  std::string text{time_pattern};
  put_digits(text, 0, 4, date.year);
  put_digits(text, 5, 2, date.month);
  put_digits(text, 8, 2, date.day);
  put_digits(text, 11, 2, rest / 3'600'000);
  put_digits(text, 14, 2, rest / 60'000 % 60);
  put_digits(text, 17, 2, rest / 1000 % 60);
  put_digits(text, 20, 3, rest % 1000);
  return text;
}

expected<wall_time> parse_time(std::string_view text) {
  bool ok = text.size() == time_pattern.size();
  for (std::size_t i = 0; ok && i < text.size(); ++i) {
    ok = time_pattern[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == time_pattern[i];
  }
  if (ok) {
    const civil_date date{get_digits(text, 0, 4), static_cast<int>(get_digits(text, 5, 2)),
                          static_cast<int>(get_digits(text, 8, 2))};
    const auto ms = get_digits(text, 11, 2) * 3'600'000 + get_digits(text, 14, 2) * 60'000 +
                    get_digits(text, 17, 2) * 1000 + get_digits(text, 20, 3);
    const wall_time result{std::chrono::milliseconds{days_from_civil(date) * ms_per_day + ms}};
    // Writing it again finds months, days, hours and seconds that do not exist.
    if (format_time(result) == text) {
      return result;
    }
  }
  return fail(errc::invalid_config,
              "time " + impl::quote(text) + " is not UTC with milliseconds, such as \"2026-01-31T08:00:00.000Z\"");
}

} // namespace djm
