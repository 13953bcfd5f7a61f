#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/assignment_problem.hpp"
#include "djm/plan_rule.hpp"

namespace djm {

/// An item that ends elsewhere (or, with `to == no_worker`, nowhere) although its previous owner is there and eligible.
struct item_move {
  /// The item.
  item_index item = 0;
  /// Its previous owner.
  worker_index from = no_worker;
  /// Its owner by the plan.
  worker_index to = no_worker;
};

/// An item that a plan gives no owner.
struct unassigned_item {
  /// The item.
  item_index item = 0;
  /// What blocks it.
  plan_rule reason = plan_rule::none;
  /// Detail for people; may be empty, then `describe(reason)` is all there is to say.
  std::string text;
};

/// A job whose strategy failed or broke a rule; its items keep their previous owners where that is still legal.
struct strategy_failure {
  /// Its name.
  std::string strategy;
  /// Its jobs.
  std::vector<job_index> jobs;
  error what; ///< unknown_strategy, user_code_failed, invalid_plan, or the strategy's own
};

/// The least and the most of something over the workers that take part in it; both 0 when none does.
struct balance_range {
  /// What the worker with the least has.
  std::size_t least = 0;
  /// What the worker with the most has.
  std::size_t most = 0;
};

/// How a resource is used, in milli-units.
struct resource_balance {
  /// What all items together use.
  std::int64_t used = 0;
  /// Over the workers that accept new items: what the one that uses least, and most, of it uses.
  std::int64_t least = 0;
  /// What the one that uses most of it uses, of the same workers.
  std::int64_t most = 0;
  /// All there is; empty when a worker has it without limit.
  std::optional<std::int64_t> capacity;
};

/// What a plan comes to.
struct plan_summary {
  /// Items of the problem.
  std::size_t items = 0;
  /// Items with an owner.
  std::size_t assigned = 0;
  /// Items that lose an owner who is there and eligible.
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
  /// That limit cut the search short.
  bool effort_exhausted = false;
};

/// Who owns what, and what that comes to.
struct plan {
  /// Owner of each item, or `no_worker`.
  std::vector<worker_index> owner;
  /// Sorted by item.
  std::vector<unassigned_item> unassigned;
  /// Sorted by item. Filled in by `make_plan`; strategies need not.
  std::vector<item_move> moves;
  /// What the plan comes to. Filled in by `make_plan`; strategies need not.
  plan_summary summary;
  /// Strategies that failed. Filled in by `make_plan`.
  std::vector<strategy_failure> failures;
};

/// Limits of a plan.
struct plan_options {
  /// As a limit of moves: none.
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
