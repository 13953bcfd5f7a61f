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
/// suspended, its lease was not in force, its clock was set forward, or runs of the job took all places. What comes
/// while nobody holds the item is not known afterwards, and left out.
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
};
DJM_FIELDS(slot_rules, jitter, overlap, catch_up, window)

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
