#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "djm/plan_explain.hpp"
#include "test/unit/strategies/brute_force.hpp"
#include "test/unit/strategies/generate.hpp"

using namespace djm;
using namespace djm::test;

namespace {

// The first objective at which `b` is worse, as the test's own scores see it.
plan_rule worse_at(const score& a, const score& b) {
  const plan_rule rules[] = {plan_rule::placement,   plan_rule::placement,      plan_rule::placement,
                             plan_rule::draining,    plan_rule::cordoned,       plan_rule::zone_spread,
                             plan_rule::job_balance, plan_rule::global_balance, plan_rule::fewest_moves};
  for (std::size_t k = 0; k < std::size(rules); ++k) {
    if (b.key()[k] > a.key()[k]) {
      return rules[k];
    }
  }
  return plan_rule::tie;
}

} // namespace

TEST_CASE("a verdict is the rule at which the plan gets worse when the item is pinned there") {
  ingredients with;
  with.partial = with.limits = with.zones = with.drains = with.cordons = with.labels = true;
  with.items = 12;
  with.workers = 5;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    const strategy_registry registry;
    plan_options options;
    options.global_tolerance = 0;
    const auto planned = make_plan(problem, registry, options).value();
    for (item_index i = 0; i < problem.item_count(); ++i) {
      const auto x = explain(problem, registry, options, planned, i);
      RC_ASSERT(x.chosen == planned.owner[i]);
      RC_ASSERT(x.others.size() == problem.worker_count() - (x.chosen == no_worker ? 0 : 1));
      RC_ASSERT((x.reason == plan_rule::none) == (x.chosen != no_worker));
      for (const auto& v : x.others) {
        const auto pinned = problem.with_pin(i, v.worker);
        const auto other = make_plan(pinned, registry, options).value();
        RC_ASSERT(v.rule != plan_rule::none);
        if (x.chosen == no_worker) {
          continue;
        }
        if (other.owner[i] != v.worker) { // it cannot be there whatever gives way
          RC_ASSERT(v.rule <= plan_rule::placement);
          continue;
        }
        RC_LOG() << "seed " << seed << " item " << i << " worker " << v.worker << " says " << to_string(v.rule);
        RC_ASSERT(worse_at(score_of(problem, planned.owner), score_of(problem, other.owner)) == v.rule);
      }
    }
  }));
}

TEST_CASE("an item kept back by the budget says so") {
  problem_builder builder;
  builder.add_worker("w-0");
  builder.add_worker("w-1");
  builder.add_job("a", {}, {"i-0", "i-1", "i-2", "i-3"});
  for (const auto& item : to_ids<item_id>({"i-0", "i-1", "i-2", "i-3"})) {
    builder.set_previous("w-0", "a", item);
  }
  const auto problem = builder.build().value();
  plan_options options;
  options.max_moves = 1;
  const strategy_registry registry;
  const auto planned = make_plan(problem, registry, options).value();
  CHECK(planned.summary.moves == 1);
  CHECK(planned.summary.moves_deferred == 1);
  CHECK(!planned.summary.moves_lower_bound.has_value()); // of another balance
  std::size_t kept_back = 0;
  for (item_index i = 0; i < 4; ++i) {
    for (const auto& v : explain(problem, registry, options, planned, i).others) {
      kept_back += v.rule == plan_rule::move_budget ? 1 : 0;
    }
  }
  CHECK(kept_back == 1);
}

TEST_CASE("an explanation reads well") {
  problem_builder builder;
  builder.add_worker("w-0");
  worker_attributes cordoned;
  cordoned.cordoned = true;
  builder.add_worker("w-1", cordoned);
  builder.add_worker("w-2", {}, problem_builder::offers::listed_jobs);
  builder.add_job("a", {}, {"i-0"});
  builder.set_previous("w-0", "a", "i-0");
  const auto problem = builder.build().value();
  const strategy_registry registry;
  const auto planned = make_plan(problem, registry).value();
  CHECK(to_text(problem, explain(problem, registry, {}, planned, 0)) ==
        "item i-0 of job a stays on w-0\n  not w-1: cordoned\n  not w-2: not_offered\n");
}

TEST_CASE("beyond its limit an explanation judges by moving the item alone and says so") {
  problem_builder builder;
  builder.add_worker("w-0");
  builder.add_worker("w-1");
  builder.add_job("a", {}, {"i-0", "i-1"});
  const auto problem = builder.build().value();
  const strategy_registry registry;
  const auto planned = make_plan(problem, registry).value();
  const auto x = explain(problem, registry, {}, planned, 0, 0);
  CHECK(!x.exact);
  CHECK(x.others.front().rule == plan_rule::job_balance);
}
