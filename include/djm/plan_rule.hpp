#pragma once

#include <cstdint>
#include <string>

#include "djm/enum_names.hpp"

namespace djm {

/// The rules of planning in the order of their weight: the hard ones first, then what a plan optimises. As the reason
/// of an unassigned item it says what blocks the item; in an explanation, what speaks against a worker.
enum class plan_rule : std::uint8_t {
  /// Nothing speaks against it.
  none = 0,
  /// There is no worker at all.
  no_workers = 1,
  /// The worker did not announce the job.
  not_offered = 2,
  /// The worker lacks a label that the job requires.
  missing_label = 3,
  /// The item is pinned to another worker.
  pinned_elsewhere = 4,
  /// The item is pinned to a worker that is not there.
  pinned_worker_missing = 5,
  /// The worker is draining.
  draining = 6,
  /// The worker is cordoned: it gets nothing new.
  cordoned = 7,
  /// The worker holds items of a job that must be kept separate.
  separated = 8,
  /// All items of the job must be on one worker, and that is another one or none that can take all.
  one_worker = 9,
  /// The worker holds as many items of the job as one worker may.
  max_per_worker = 10,
  /// The worker holds as many items as it can (slots).
  max_items = 11,
  /// The worker has not enough of a resource left.
  capacity = 12,
  /// Items of higher priority or the rest of the job need the room.
  placement = 13,
  /// The job's items would not sit beside the job it is to be colocated with.
  colocation = 14,
  /// The job's items would be spread worse over zones.
  zone_spread = 15,
  /// The job's items would be spread worse over its workers.
  job_balance = 16,
  /// The totals of the workers would be spread worse.
  global_balance = 17,
  /// More items would have to move.
  fewest_moves = 18,
  /// As good, but the tie went another way.
  tie = 19,
  /// The budget of moves of this round is used up.
  move_budget = 20,
  /// The job's strategy failed or left the item out.
  strategy = 21,
  /// The worker has refused the item (`job_context::decline`), and may be asked again later.
  refused = 22,
  /// As many workers as may have items of the job have some, and the worker is none of them.
  max_workers = 23,
};

/// The names of the rules, in their order.
constexpr auto enum_names(plan_rule) {
  return name_enum("plan_rule", "none", "no_workers", "not_offered", "missing_label", "pinned_elsewhere",
                   "pinned_worker_missing", "draining", "cordoned", "separated", "one_worker", "max_per_worker",
                   "max_items", "capacity", "placement", "colocation", "zone_spread", "job_balance", "global_balance",
                   "fewest_moves", "tie", "move_budget", "strategy", "refused", "max_workers");
}

/// One sentence for people, for an item that this rule keeps unassigned.
std::string describe(plan_rule rule);

} // namespace djm
