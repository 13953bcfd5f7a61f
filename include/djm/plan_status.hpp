#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// The least and the most of something over the workers that take part in it; both 0 when none does.
struct balance_status {
  /// What the worker with the least has.
  std::uint64_t least = 0;
  /// What the worker with the most has.
  std::uint64_t most = 0;
};
DJM_FIELDS(balance_status, least, most)

/// How a resource is used, in milli-units (1000 = 1).
struct resource_status {
  /// What all items together use.
  std::int64_t used = 0;
  /// What is used on the worker that uses least of it, of those that accept new items.
  std::int64_t least = 0;
  /// What is used on the worker that uses most of it, of those that accept new items.
  std::int64_t most = 0;
  /// All there is; empty where a worker has it without limit.
  std::optional<std::int64_t> capacity;
};
DJM_FIELDS(resource_status, used, least, most, capacity)

/// What the last plan of the leader came to.
struct plan_status {
  /// Workers that it was made for.
  std::uint64_t workers = 0;
  /// Items that it was made for.
  std::uint64_t items = 0;
  /// Items that it gave an owner.
  std::uint64_t assigned = 0;
  /// Items that it took from an owner who was there and eligible.
  std::uint64_t moves = 0;
  /// Items that it placed which had no owner, or one who was gone or not eligible any more.
  std::uint64_t placements = 0;
  /// Moves left for later rounds by the budget (`max_moves`, `max_moves_per_worker`).
  std::uint64_t moves_deferred = 0;
  /// The fewest moves of any plan with the same balance; nothing where that is not known exactly.
  std::optional<std::uint64_t> moves_lower_bound;
  /// Greatest difference between two workers' items of one job.
  std::uint64_t job_spread_max = 0;
  /// Greatest difference between two workers' items in all.
  std::uint64_t global_spread = 0;
  /// Items of one worker.
  balance_status totals;
  /// Items of one worker, per job.
  std::map<job_id, balance_status> jobs;
  /// How each resource is used that some job asks for, in milli-units.
  std::map<std::string, resource_status> resources;
  /// Items per zone; the name of a worker without one is empty.
  std::map<std::string, std::uint64_t> zones;
  /// From the question to the plan, waiting for a thread included.
  duration elapsed = duration::zero();
  /// The search was cut short by its limit of effort: the plan is valid, a better one may exist.
  bool effort_exhausted = false;
};
DJM_FIELDS(plan_status, workers, items, assigned, moves, placements, moves_deferred, moves_lower_bound, job_spread_max,
           global_spread, totals, jobs, resources, zones, elapsed, effort_exhausted)

} // namespace djm
