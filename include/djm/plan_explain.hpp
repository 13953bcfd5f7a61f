#pragma once

#include <string>
#include <vector>

#include "djm/strategy.hpp"

namespace djm {

/// What speaks against one worker.
struct worker_verdict {
  /// The worker.
  worker_index worker = no_worker;
  /// What speaks against it.
  plan_rule rule = plan_rule::none;
};

/// Why an item is where it is.
struct explanation {
  /// The item.
  item_index item = 0;
  /// Its owner by the plan, or `no_worker`.
  worker_index chosen = no_worker;
  /// Why it has no owner; `none` when it has one.
  plan_rule reason = plan_rule::none;
  /// Every other worker, by name, with the first rule that speaks against it.
  std::vector<worker_verdict> others;
  /// Whether the verdicts were found by planning again with the item pinned to each worker. Otherwise they say what
  /// would get worse if the item alone went there, all else left as it is.
  bool exact = true;
};

/// Explains where `planned` (made of the same problem, registry and options; of another problem the behaviour is
/// undefined) puts an item.
///
/// A verdict is a hard rule when the item cannot be on that worker in any plan, else the first objective at which the
/// plan with the item pinned there is worse, `tie` when it is as good, `move_budget` when only the budget keeps the
/// item from going there, `strategy` for jobs planned by a strategy without objectives. Costs one plan per worker as
/// long as that stays below `limit` items and pairs of job and worker in all; beyond, `exact` is false.
explanation explain(const assignment_problem& problem, const strategy_registry& registry, const plan_options& options,
                    const plan& planned, item_index item, std::uint64_t limit = 50'000'000);

/// For people: the chosen worker and one line per other worker.
std::string to_text(const assignment_problem& problem, const explanation& x);

} // namespace djm
