#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"

namespace djm {

/// Items of one job that a worker has refused (`job_context::decline`): others get them, if they can have them.
struct refusal_view {
  /// The worker.
  node_id worker;
  /// The life of it that has refused them.
  std::string incarnation;
  /// That life is the worker's present one: the refusal counts. Otherwise it is about to be removed.
  bool counts = true;
  /// Their job.
  job_id job;
  /// The items.
  std::vector<item_id> items;
  /// For how long they were refused, in milliseconds; since when is not stored, for clocks differ.
  std::int64_t for_ms = 0;
  /// Why, as the run said it.
  std::string why;
};
DJM_FIELDS(refusal_view, worker, incarnation, counts, job, items, for_ms, why)

} // namespace djm
