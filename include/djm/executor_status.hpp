#pragma once

#include <cstdint>

#include "djm/fields.hpp"
#include "djm/time.hpp"

namespace djm {

/// The threads of a node that run user code, and what has come of the runs since the node started.
struct executor_status {
  /// Threads that have been started.
  std::uint32_t threads = 0;
  /// The most there may be (`node_config::max_threads`).
  std::uint32_t max_threads = 0;
  /// Threads that are in user code now.
  std::uint32_t busy = 0;
  /// Runs that wait for a thread because all `max_threads` are busy.
  std::uint32_t waiting = 0;
  /// Runs that came to their end, those that failed included.
  std::uint64_t finished = 0;
  /// Runs that failed.
  std::uint64_t failed = 0;
  /// Runs that were asked to stop while they waited for a thread: their code was not called.
  std::uint64_t dropped = 0;
  /// How long the run has waited that has waited longest.
  duration longest_wait = duration::zero();
  /// Runs that were asked to stop because the lease ended.
  std::uint64_t lease_stops = 0;
  /// How late the latest of these stop requests was, at most.
  duration lease_stop_lateness = duration::zero();
};
DJM_FIELDS(executor_status, threads, max_threads, busy, waiting, finished, failed, dropped, longest_wait, lease_stops,
           lease_stop_lateness)

} // namespace djm
