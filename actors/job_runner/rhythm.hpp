#pragma once

#include <cstdint>

#include "actors/common/core.hpp"
#include "djm/ids.hpp"
#include "djm/schedule.hpp"

/// The grid of lasting schedules: pure arithmetic on times since the Unix epoch.
namespace djm {

/// Where the moments of a lasting schedule lie, from zero to below its period. The names count where the schedule
/// leaves it open; every node computes the same, today and after an upgrade: this function must never change.
duration phase_of(const schedule& s, const job_id& job, const item_id& item);

/// The first moment at or after `at`.
duration moment_from(duration at, duration period, duration phase);

/// Unix time as a duration, cut to a range in which no sum with a period overflows.
duration since_epoch(std::int64_t wall_ms);

/// The wall clock at that event, as exactly as it is known.
inline duration wall_of(const step& s) {
  return since_epoch(s.wall_ms) + s.wall_rest;
}

} // namespace djm
