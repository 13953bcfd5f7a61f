#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/fwd.hpp"
#include "djm/time.hpp"

namespace djm {

/// How the runs of a job follow each other.
enum class schedule_kind : std::uint8_t {
  /// Runs start at a fixed rhythm. A run that takes longer than the period delays the next one, which then starts at
  /// once; further missed starts are dropped and counted, so nothing piles up, and the rhythm itself never shifts.
  fixed_rate,
  /// The next run starts `period` after the end of the one before.
  fixed_delay,
  /// Runs only when triggered.
  on_trigger,
  /// Runs start at the slots of a `calendar`.
  calendar,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(schedule_kind) {
  return name_enum("schedule_kind", "fixed_rate", "fixed_delay", "on_trigger", "calendar");
}

/// The name of the kind.
std::string to_string(schedule_kind kind);

/// The longest period and initial delay: ten years of 365 days. Keeps every sum of times far from overflow.
constexpr duration max_schedule_duration = std::chrono::hours{24 * 3650};

/// From this period on a rhythm survives restarts and moves, see `schedule`.
constexpr duration least_lasting_period = std::chrono::minutes{1};

/// When a job's runs start on a node that holds items of it.
///
/// Below a minute the first run starts when the initial delay is over, counted from the moment the first item is
/// locked, and so it is again after each restart or move: what waits for some seconds at most needs no memory.
///
/// From a minute on (and below, where a phase is given) the first run starts at the next moment of a *grid* on the wall
/// clock: at `phase`, counted from the Unix epoch, and every period before and after it. Without a phase it is drawn
/// from the job's name (with `thread_per_item` from the item's too, so that a job's items do not all start together).
/// So every node computes the same moments, and nothing has to be written: an item that moves or whose node restarts
/// goes on in its rhythm. A rate keeps to the grid; a delay counts from the end of its runs once it has started, so a
/// new holder of an item starts within one period of its lock, and not because it moved. A moment at which nobody holds
/// the item is skipped. The initial delay has no effect there: where nodes restart more often than it lasts, nothing
/// would ever run. A node whose wall clock is wrong is early or late by as much as it is wrong; a clock that is set
/// takes effect at once, but never makes two starts closer than half a period on one node, nor one later than a period
/// and a half.
///
/// A calendar gives the first run to the next slot after the lock; what becomes of slots that come during a run, or
/// while nothing can start, is said by `slot_rules`. It is evaluated on the wall clock of the node, and a slot that
/// nobody holds the item at is left out, unless slots are remembered (`slots`). Within one turn of an item (from its
/// lock to its release) no slot starts twice and none after a later one, however the clock is set; where that is set
/// back by more than a day, slots begin anew.
///
/// A trigger is one more run: it leaves the rhythm alone. What comes due during its run starts after it.
///
/// All nodes that offer a job follow one schedule: that of the specification that rules, or what operators have set
/// (`job_record.hpp`). Setting the one that is set already changes nothing; another one counts from the last start (a
/// rate below a minute) or the last end (a delay).
struct schedule {
  /// How runs follow each other.
  schedule_kind kind = schedule_kind::fixed_delay;
  /// Above zero and at most `max_schedule_duration`, unless `kind` is `on_trigger` or `calendar`.
  any_duration period = std::chrono::seconds{1};
  /// From the moment the first item is locked to the first run; only where there is no grid. From zero to
  /// `max_schedule_duration`.
  any_duration initial_delay = duration::zero();
  /// A moment of the grid, counted from the Unix epoch: with a period of 24 h, a phase of 3 h is three o'clock (UTC).
  /// From zero to below the period.
  optional_duration phase{};
  /// The calendar as `to_string` writes it and `parse_calendar` reads it; empty for every other kind.
  std::string calendar{};

  /// Starts at a fixed rhythm.
  static schedule fixed_rate(any_duration period, any_duration initial_delay = duration::zero()) {
    return {schedule_kind::fixed_rate, period, initial_delay, {}, {}};
  }
  /// Starts so long after the end of the run before.
  static schedule fixed_delay(any_duration period, any_duration initial_delay = duration::zero()) {
    return {schedule_kind::fixed_delay, period, initial_delay, {}, {}};
  }
  /// Starts only when triggered.
  static schedule on_trigger() { return {schedule_kind::on_trigger, duration::zero(), duration::zero(), {}, {}}; }
  /// Starts at the slots of the calendar. The error of `calendar::check`.
  static expected<schedule> by(const djm::calendar& c);

  /// The same with this phase.
  schedule at(any_duration p) const {
    auto s = *this;
    s.phase = p;
    return s;
  }
  /// Whether its first start is a moment of a grid.
  bool lasting() const {
    return kind == schedule_kind::calendar ||
           (kind != schedule_kind::on_trigger && (phase || period >= least_lasting_period));
  }
};
DJM_FIELDS(schedule, kind, period, initial_delay, phase, calendar)

/// Whether both mean the same.
inline bool operator==(const schedule& a, const schedule& b) {
  return a.kind == b.kind && a.period == b.period && a.initial_delay == b.initial_delay && a.phase == b.phase &&
         a.calendar == b.calendar;
}

/// For people: "fixed_rate every 1h, at 10m".
std::string describe_schedule(const schedule& s);

/// `errc::invalid_schedule` with the value and the rule it breaks.
expected<void> validate(const schedule& s);

} // namespace djm
