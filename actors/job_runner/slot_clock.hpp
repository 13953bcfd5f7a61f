#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/job_runner/runner_effects.hpp"
#include "djm/slot_rules.hpp"
#include "djm/timetable.hpp"

namespace djm {

/// A slot of a calendar, and when its start is due.
struct slot_moment {
  wall_time slot;
  wall_time start;
};

/// From here on slots are not counted further.
constexpr std::uint64_t most_counted_slots = 10'000;

/// The slots of one job and item: pure arithmetic on instants of the wall clock. Starts lie in the order of their
/// slots, because jitter ends before the next slot.
class slot_clock {
public:
  /// `item`: empty for the run of a share. All of it must outlive this.
  slot_clock(const timetable& table, const job_spec& spec, std::string_view item)
    : table_(table), spec_(spec), item_(item) {}

  /// The first start at or after `wall`, of a slot after `floor`.
  std::optional<slot_moment> first_from(wall_time wall, std::optional<wall_time> floor) const;
  /// The one after this slot.
  std::optional<slot_moment> after(wall_time slot) const;
  /// The last one before this slot.
  std::optional<wall_time> before(wall_time slot) const { return table_.previous(slot); }
  /// The last slot whose start has come, but not one before `least`, whose start has.
  slot_moment latest(wall_time wall, slot_moment least) const;
  /// How many slots there are from one to the other, both included.
  std::uint64_t count(wall_time first, wall_time last) const;

private:
  slot_moment at(wall_time slot) const;

  const timetable& table_;
  const job_spec& spec_;
  std::string_view item_;
};

} // namespace djm
