#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/assignment_problem.hpp"

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
};

/// The enumerator's name.
std::string to_string(plan_rule rule);
/// One sentence for people, for an item that this rule keeps unassigned.
std::string describe(plan_rule rule);

/// An item that ends elsewhere (or, with `to == no_worker`, nowhere) although its previous owner is there and eligible.
struct item_move {
  item_index item = 0;
  worker_index from = no_worker;
  worker_index to = no_worker;
};

struct unassigned_item {
  item_index item = 0;
  plan_rule reason = plan_rule::none;
  /// Detail for people; may be empty, then `describe(reason)` is all there is to say.
  std::string text;
};

/// A job whose strategy failed or broke a rule; its items keep their previous owners where that is still legal.
struct strategy_failure {
  std::string strategy;
  std::vector<job_index> jobs;
  error what; ///< unknown_strategy, user_code_failed, invalid_plan, or the strategy's own
};

/// The least and the most of something over the workers that take part in it; both 0 when none does.
struct balance_range {
  std::size_t least = 0;
  std::size_t most = 0;
};

/// How a resource is used, in milli-units.
struct resource_balance {
  std::int64_t used = 0;
  /// Over the workers that accept new items: what the one that uses least, and most, of it uses.
  std::int64_t least = 0;
  std::int64_t most = 0;
  /// All there is; empty when a worker has it without limit.
  std::optional<std::int64_t> capacity;
};

struct plan_summary {
  std::size_t items = 0;
  std::size_t assigned = 0;
  std::size_t moves = 0;
  /// Items placed that had no owner, or one that is gone or no longer eligible.
  std::size_t placements = 0;
  /// Moves left for later rounds by `max_moves`.
  std::size_t moves_deferred = 0;
  /// The fewest moves any plan with the same balance needs; empty where it is not known exactly.
  std::optional<std::size_t> moves_lower_bound;
  /// Items per worker.
  std::vector<std::size_t> totals;
  /// Per job: its items on its eligible workers (those that accept new items).
  std::vector<balance_range> jobs;
  /// In the order of `assignment_problem::resources`.
  std::vector<resource_balance> resources;
  /// Items per zone, by number of the zone.
  std::vector<std::size_t> zones;
  /// Greatest max - min of one job's items over its eligible workers (those that accept new items).
  std::size_t job_spread_max = 0;
  /// Max - min of `totals` over the workers that accept new items and are eligible for some job that has items.
  std::size_t global_spread = 0;
  /// Search steps spent, as counted against `plan_options::effort`, and whether that limit cut the search short.
  std::uint64_t effort_used = 0;
  bool effort_exhausted = false;
};

struct plan {
  /// Owner of each item, or `no_worker`.
  std::vector<worker_index> owner;
  /// Sorted by item.
  std::vector<unassigned_item> unassigned;
  /// Sorted by item. Filled in by `make_plan`; strategies need not.
  std::vector<item_move> moves;
  plan_summary summary;
  std::vector<strategy_failure> failures;
};

struct plan_options {
  static constexpr std::size_t no_limit = SIZE_MAX;

  /// Moves in this plan, at most; placing items without a legal owner does not count.
  std::size_t max_moves = no_limit;
  /// Moves off and onto any one worker, at most.
  std::size_t max_moves_per_worker = no_limit;
  /// Limit of the search for global balance, in steps of about a nanosecond each; the plan is valid whatever it is.
  std::uint64_t effort = 300'000'000;
  /// Where not every worker that takes part is eligible for every job: the totals are evened out only if that brings
  /// the global spread down by more than this many thousandths of the mean total (and by more than 1 item when not 0).
  /// 0 = always.
  std::uint32_t global_tolerance = 100;
};

} // namespace djm
