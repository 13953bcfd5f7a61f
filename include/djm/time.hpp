#pragma once

#include <chrono>
#include <optional>
#include <ratio>
#include <string>
#include <string_view>

#include "djm/error.hpp"
#include "djm/fields.hpp"

namespace djm {

/// All durations of the interface. Signed; configuration refuses negative values where they make no sense.
using duration = std::chrono::nanoseconds;

/// `d` in nanoseconds; what is too long for them (more than 292 years) becomes the longest duration, or the shortest
/// below zero. `std::chrono` itself would wrap round: `hours{5124096}` is 25 minutes in nanoseconds.
template <class Rep, class Period>
constexpr duration saturate(std::chrono::duration<Rep, Period> d) {
  // As a floating number nothing wraps; near the ends of the range, where it is not exact, it saturates a little early.
  const auto n = std::chrono::duration<long double, std::nano>{d}.count();
  constexpr auto most = static_cast<long double>(duration::max().count());
  if (n >= most) {
    return duration::max();
  }
  if (n <= -most) {
    return duration::min();
  }
  return n == n ? std::chrono::duration_cast<duration>(d) : duration::zero();
}

/// What a function of the interface takes where it takes a duration, and what every member is that users set: any of
/// `std::chrono`, saturated. It is a `duration` in every other respect.
class any_duration : public duration {
public:
  constexpr any_duration() : duration(duration::zero()) {}
  /// Any duration of `std::chrono`.
  template <class Rep, class Period>
  constexpr any_duration(std::chrono::duration<Rep, Period> d) : duration(saturate(d)) {}
};

/// The same where there may be none.
class optional_duration : public std::optional<duration> {
public:
  constexpr optional_duration() = default;
  /// None.
  constexpr optional_duration(std::nullopt_t) {}
  /// What it holds, or none.
  constexpr optional_duration(std::optional<duration> d) : std::optional<duration>(d) {}
  /// Any duration of `std::chrono`.
  template <class Rep, class Period>
  constexpr optional_duration(std::chrono::duration<Rep, Period> d) : std::optional<duration>(saturate(d)) {}

  /// Whether both are none, or the same.
  friend constexpr bool operator==(const optional_duration& a, const optional_duration& b) {
    return static_cast<const std::optional<duration>&>(a) == static_cast<const std::optional<duration>&>(b);
  }
};

/// In field lists they are what they hold.
constexpr named_field<duration> field(const char* name, any_duration& value) noexcept {
  return {name, value};
}
/// The same for one that may be none.
constexpr named_field<std::optional<duration>> field(const char* name, optional_duration& value) noexcept {
  return {name, value};
}

/// The clock of every safety decision: monotonic and counting the time the machine was suspended
/// (CLOCK_BOOTTIME on Linux). It has no `now()`: only a node's environment reads time, cores receive it.
struct boot_clock {
  /// Nanoseconds.
  using duration = djm::duration;
  /// Number of them.
  using rep = duration::rep;
  /// Their unit.
  using period = duration::period;
  /// A moment.
  using time_point = std::chrono::time_point<boot_clock, duration>;
  /// It never goes back.
  static constexpr bool is_steady = true;
};

/// A moment of the clock that decides; only differences mean anything.
using time_point = boot_clock::time_point;

/// Wall-clock time, only for what people read. Milliseconds since the Unix epoch.
using wall_time = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// "250ms", "10s", "15min": the largest unit that represents the value exactly; "0s" for zero.
std::string format_duration(duration d);

/// The same for people, in messages: what would be an unreadable number is rounded ("about 109 days"), and the ends of
/// the range are "292 years or more".
std::string describe_duration(duration d);

/// Reads what `format_duration` writes: an integer followed by ns, us, ms, s, min or h. Overflow, another unit,
/// white space and an empty text are errors (`errc::invalid_config`) that name the text.
expected<duration> parse_duration(std::string_view text);

/// UTC with milliseconds: "2026-01-31T08:00:00.000Z". Times outside the years 0000 to 9999 are cut to that range.
std::string format_time(wall_time t);

/// Reads exactly what `format_time` writes; anything else is an error (`errc::invalid_config`) that names the text.
expected<wall_time> parse_time(std::string_view text);

} // namespace djm
