#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/time.hpp"

namespace djm {

/// What happens to a slot of a calendar that comes while the run of an earlier one goes on. Two runs of an item beside
/// each other cannot be asked for: that no item runs twice at the same time is what djm is for.
enum class overlap : std::uint8_t {
  /// The slot is left out, and told (`slots_skipped`).
  skip,
  /// One run starts when the one before has ended, for the latest slot that has come meanwhile; the others are told.
  queue_one,
  /// The run is asked to stop (`stop_reason::superseded`), and the one for the slot starts when it has.
  restart,
};

/// The names of the rules, in their order.
constexpr auto enum_names(overlap) {
  return name_enum("overlap", "skip", "queue_one", "restart");
}

/// The name of the rule.
std::string to_string(overlap rule);

/// What happens to slots of a calendar that came while this node held the item and could start nothing: its machine was
/// suspended, its lease was not in force, its clock was set forward, or runs of the job took all places. The same
/// happens to those that came while nobody held the item where slots are remembered (`slots`); else these are not known
/// afterwards, and left out.
enum class catch_up : std::uint8_t {
  /// Nothing that is more than `on_time` late starts.
  none,
  /// One run starts, for the latest slot; `job_context::missed` says which it stands for as well.
  last,
  /// A run for each of them, the earliest first; of more than `most_caught_up` the latest.
  all,
};

/// The names of the rules, in their order.
constexpr auto enum_names(catch_up) {
  return name_enum("catch_up", "none", "last", "all");
}

/// The name of the rule.
std::string to_string(catch_up rule);

/// What the store is told of the slots of a calendar, for each item, and so what is known of them where the item goes
/// next: to another node, or to the same one after a restart. Whatever is remembered makes `catch_up` work for slots at
/// which nobody held the item, too.
///
/// Danger: a node whose clock is ahead starts slots early, and the item not again until that time has come.
///
/// A *gentle* move (of a plan, a drain, a shutdown) waits for what has to be written; a *crash* is everything else.
enum class slots : std::uint8_t {
  /// Nothing. A slot at which nobody holds the item is left out; whether one that came at the time of a crash had its
  /// run is not known.
  forget,
  /// That the slot is done with, after its run: one write per slot and item, many items together. A gentle move repeats
  /// and leaves out nothing; after a crash a slot whose run was under way, or had just ended, starts again.
  finished,
  /// That the slot starts, before its run: one write per start. A gentle move repeats and leaves out nothing; after a
  /// crash nothing starts again, and a run may not have come to its end.
  claimed,
  /// Both. There is one start per slot and attempt, whatever happens. A run that was cut off is known to whoever has
  /// the item next, and told (`slot_interrupted`); whether there is another attempt is said by `failure_rules::retry`.
  tracked,
};

/// The names of the rules, in their order.
constexpr auto enum_names(slots) {
  return name_enum("slots", "forget", "finished", "claimed", "tracked");
}

/// The name of the rule.
std::string to_string(slots rule);

/// From this distance of its slots on a calendar is remembered as `slots::finished` where nothing else is said: a write
/// costs little beside what ten minutes bring, and without one nobody knows of what a cluster that stood still has
/// missed.
constexpr duration least_remembered_gap = std::chrono::minutes{10};

/// No `slot_rules::least_claim_gap` is shorter.
constexpr duration shortest_claim_gap = std::chrono::seconds{10};

/// So late a start still counts as on time for `catch_up::none`.
constexpr duration on_time = std::chrono::minutes{1};

/// So many slots are caught up on at most, with `catch_up::all`.
constexpr std::size_t most_caught_up = 100;

/// What becomes of the slots of a calendar (`schedule_kind::calendar`); other schedules have none of it.
struct slot_rules {
  /// How long after its slot an item starts at most, so that not everything starts in the same second: a share of it,
  /// drawn by a hash of job and item and the same for ever (`jitter_of`). It ends before the next slot. From zero to
  /// 366 days.
  any_duration jitter = duration::zero();
  /// Slots that come during a run.
  djm::overlap overlap = djm::overlap::queue_one;
  /// Slots that came while nothing could start.
  djm::catch_up catch_up = djm::catch_up::last;
  /// How far back `catch_up` looks: what was due longer ago is left out, and told. Above zero and at most
  /// `max_schedule_duration`.
  any_duration window = std::chrono::hours{24};
  /// What the store is told. Nothing: what `memory_of` says. Anything but `forget` needs
  /// `running_mode::thread_per_item`.
  std::optional<djm::slots> remember{};
  /// `claimed` and `tracked` are refused for calendars whose slots come closer to each other than this: each start
  /// waits for a write. From `shortest_claim_gap` on.
  any_duration least_claim_gap = std::chrono::minutes{1};
};
DJM_FIELDS(slot_rules, jitter, overlap, catch_up, window, remember, least_claim_gap)

/// Whether they agree in every member.
inline bool operator==(const slot_rules& a, const slot_rules& b) {
  return equal_fields(a, b);
}

/// Why a slot has no run of its own.
enum class skip_reason : std::uint8_t {
  /// A run of an earlier slot went on (`overlap`).
  overlap,
  /// It was due longer ago than `slot_rules::window`, or with `catch_up::none` more than `on_time`.
  window,
  /// Later slots were due as well when something could start again, and the run of one of them stands for it
  /// (`catch_up::last`), or there were more than `most_caught_up`.
  backlog,
  /// The job was paused on this node (`failure_rules::pause_job_after`).
  paused,
  /// The wall clock was set past it.
  clock,
};

/// The names of the reasons, in their order.
constexpr auto enum_names(skip_reason) {
  return name_enum("skip_reason", "overlap", "window", "backlog", "paused", "clock");
}

/// The name of the reason.
std::string to_string(skip_reason reason);

/// Slots that a run stands for besides its own, see `catch_up::last`.
struct missed_slots {
  /// How many; from 10,000 on they are not counted further.
  std::uint64_t count = 0;
  /// The earliest; nothing when there are none.
  std::optional<wall_time> first{};
  /// The latest; nothing when there are none.
  std::optional<wall_time> last{};
};

} // namespace djm
