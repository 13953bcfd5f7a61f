#pragma once

#include <cstdint>
#include <string>

#include "djm/fields.hpp"
#include "djm/time.hpp"

namespace djm {

/// How the runs of a job follow each other.
enum class schedule_kind : std::uint8_t {
  /// Runs start at a fixed rhythm. A run that takes longer than the period delays the next one, which then starts at
  /// once; further missed starts are dropped, so nothing piles up, and the rhythm itself never shifts.
  fixed_rate,
  /// The next run starts `period` after the end of the one before.
  fixed_delay,
  /// Runs only when triggered.
  on_trigger,
};

constexpr auto enum_names(schedule_kind) {
  return name_enum("schedule_kind", "fixed_rate", "fixed_delay", "on_trigger");
}

std::string to_string(schedule_kind kind);

/// The longest period and initial delay: ten years of 365 days. Keeps every sum of times far from overflow.
constexpr duration max_schedule_duration = std::chrono::hours{24 * 3650};

/// When a job's runs start on a node that holds items of it. The schedule is local to each node; changing it while the
/// job runs takes effect at the next start.
struct schedule {
  schedule_kind kind = schedule_kind::fixed_delay;
  /// Above zero and at most `max_schedule_duration`, unless `kind` is `on_trigger`.
  duration period = std::chrono::seconds{1};
  /// From the moment the first item is locked to the first run. From zero to `max_schedule_duration`.
  duration initial_delay = duration::zero();

  static schedule fixed_rate(any_duration period, any_duration initial_delay = duration::zero()) {
    return {schedule_kind::fixed_rate, period, initial_delay};
  }
  static schedule fixed_delay(any_duration period, any_duration initial_delay = duration::zero()) {
    return {schedule_kind::fixed_delay, period, initial_delay};
  }
  static schedule on_trigger() { return {schedule_kind::on_trigger, duration::zero(), duration::zero()}; }
};

inline bool operator==(const schedule& a, const schedule& b) {
  return a.kind == b.kind && a.period == b.period && a.initial_delay == b.initial_delay;
}

/// `errc::invalid_schedule` with the value and the rule it breaks.
expected<void> validate(const schedule& s);

template <class V>
auto fields(V&& v, schedule& x) {
  return v("schedule", field("kind", x.kind), field("period", x.period), field("initial_delay", x.initial_delay));
}

} // namespace djm
