#include "actors/job_runner/slot_clock.hpp"

#include <algorithm>

#include "djm/jitter.hpp"

namespace djm {

namespace {

constexpr std::chrono::milliseconds tick{1};

} // namespace

slot_moment slot_clock::at(wall_time slot) const {
  if (spec_.slots.jitter == duration::zero()) {
    return {slot, slot};
  }
  return {slot, start_of(slot, table_.next(slot), spec_.id, item_, spec_.slots.jitter)};
}

/// With jitter the start of a slot that has passed may still be to come.
std::optional<slot_moment> slot_clock::first_from(wall_time wall, std::optional<wall_time> floor) const {
  if (spec_.slots.jitter > duration::zero()) {
    if (const auto slot = table_.previous(wall + tick); slot && (!floor || *slot > *floor)) {
      if (const auto m = at(*slot); m.start >= wall) {
        return m;
      }
    }
  }
  return after(floor ? std::max(*floor, wall - tick) : wall - tick);
}

std::optional<slot_moment> slot_clock::after(wall_time slot) const {
  const auto next = table_.next(slot);
  return next ? std::optional{at(*next)} : std::nullopt;
}

slot_moment slot_clock::latest(wall_time wall, slot_moment least) const {
  auto slot = table_.previous(wall + tick);
  if (slot && at(*slot).start > wall) {
    slot = table_.previous(*slot);
  }
  return slot && *slot > least.slot ? at(*slot) : least;
}

std::uint64_t slot_clock::count(wall_time first, wall_time last) const {
  std::uint64_t n = 1;
  for (auto slot = table_.next(first); slot && *slot <= last && n < most_counted_slots; slot = table_.next(*slot)) {
    ++n;
  }
  return n;
}

} // namespace djm
