#pragma once

#include "djm/plan.hpp"

namespace djm {

/// A plan by counts: exact where only eligibility, limits, pins, zones, cordons, drains and numbers of items count.
/// Where resources of different sizes run short it falls back to `greedy_plan`. Ignores affinity, item weights,
/// one_worker.
plan count_plan(const assignment_problem& problem, const plan_options& options, bool totals);

/// A plan under all rules, in stages, each of which sees what the earlier ones have put where: jobs that others are
/// colocated with before those others; jobs with item weights one by one, heaviest items first, before the rest of
/// their stage. Jobs to be kept separate share the workers out first. Whatever stays without a place at the end goes to
/// any worker that may take it.
plan staged_plan(const assignment_problem& problem, const plan_options& options, bool totals);

/// Rows of workers for the jobs of `problem` that must be kept separate from others of it, so that no worker serves two
/// that exclude each other: workers stay with the jobs they serve, the others go to the jobs that have fewest for their
/// items. Returns the problem with its eligibility narrowed.
assignment_problem share_out_workers(const assignment_problem& problem);

/// A plan for a job whose items weigh differently (the only job of `problem`): items stay, others go to the least
/// loaded worker, heaviest first, then single moves and swaps while they bring the heaviest and the lightest share
/// together.
plan weighted_plan(const assignment_problem& problem, const plan_options& options);

} // namespace djm
