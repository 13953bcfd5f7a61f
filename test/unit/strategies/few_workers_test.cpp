#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "djm/plan_explain.hpp"
#include "test/unit/strategies/generate.hpp"
#include "test/unit/strategies/model.hpp"

/// Jobs of which few workers may have items at the same time.
using namespace djm;
using namespace djm::test;

namespace {

/// Workers w0, w1, ... and one job "j" of items i0, i1, ... that at most so many workers may have.
class few_case {
public:
  few_case(int workers, int items, std::uint32_t most) {
    attributes.max_workers = most;
    for (int w = 0; w < workers; ++w) {
      of_worker.emplace_back();
    }
    for (int k = 0; k < items; ++k) {
      names.emplace_back("i" + std::to_string(100 + k));
    }
  }
  void had(int worker, int from, int to) {
    for (int k = from; k < to; ++k) {
      previous.emplace_back(worker, names[static_cast<std::size_t>(k)]);
    }
  }
  const plan& make(const plan_options& options = {}) {
    problem_builder b;
    for (std::size_t w = 0; w < of_worker.size(); ++w) {
      b.add_worker(node_id{"w" + std::to_string(w)}, of_worker[w]);
    }
    b.add_job("j", attributes, names);
    for (const auto& [w, item] : previous) {
      b.set_previous(node_id{"w" + std::to_string(w)}, "j", item);
    }
    problem = b.build().value();
    made = make_plan(*problem, strategy_registry{}, options).value();
    REQUIRE(check_plan(*problem, made.owner).has_value());
    return made;
  }
  std::set<worker_index> holders() const {
    std::set<worker_index> all{made.owner.begin(), made.owner.end()};
    all.erase(no_worker);
    return all;
  }
  std::size_t count(worker_index w) const {
    return static_cast<std::size_t>(std::count(made.owner.begin(), made.owner.end(), w));
  }

  job_attributes attributes;
  std::vector<worker_attributes> of_worker;
  std::vector<item_id> names;
  std::vector<std::pair<int, item_id>> previous;
  std::optional<assignment_problem> problem;
  plan made;
};

} // namespace

TEST_CASE("few workers: no more of them than the limit, and even among these") {
  few_case x{5, 9, 2};
  const auto& made = x.make();
  CHECK(made.summary.assigned == 9);
  CHECK(made.summary.job_spread_max == 1);
  CHECK(x.holders().size() == 2);
}

TEST_CASE("few workers: who has items goes on, whoever joins") {
  few_case x{6, 8, 2};
  x.had(3, 0, 4);
  x.had(4, 4, 8);
  CHECK(x.make().summary.moves == 0);
  CHECK(x.holders() == std::set<worker_index>{3, 4});
}

TEST_CASE("few workers: a smaller limit moves as little as it takes") {
  few_case x{4, 12, 2};
  x.had(0, 0, 5);
  x.had(1, 5, 9);
  x.had(2, 9, 11);
  x.had(3, 11, 12);
  CHECK(x.make().summary.moves == 3);
  CHECK(x.holders() == std::set<worker_index>{0, 1});
}

TEST_CASE("few workers: one that drains is replaced, with a budget all at once or not at all") {
  few_case x{3, 6, 1};
  x.had(0, 0, 6);
  x.of_worker[0].draining = true;
  CHECK(x.make().summary.moves == 6);
  CHECK(x.count(0) == 0);
  CHECK(x.holders().size() == 1);
  plan_options tight;
  tight.max_moves = 5;
  CHECK(x.make(tight).summary.moves == 0);
  CHECK(x.made.summary.moves_deferred == 6);
  CHECK(x.count(0) == 6);
  tight.max_moves = 6;
  CHECK(x.make(tight).summary.moves == 6);
  tight.max_moves_per_worker = 5;
  CHECK(x.make(tight).summary.moves == 0);
}

TEST_CASE("few workers: a draining worker keeps its items where there is nobody else") {
  few_case x{1, 3, 1};
  x.had(0, 0, 3);
  x.of_worker[0].draining = true;
  CHECK(x.make().summary.assigned == 3);
}

TEST_CASE("few workers: larger ones are taken where smaller ones have too little room") {
  few_case x{4, 8, 2};
  for (auto& w : x.of_worker) {
    w.max_items = 2;
  }
  x.of_worker[1].max_items = 5;
  x.of_worker[3].max_items = 4;
  x.had(0, 0, 2);
  x.had(2, 2, 4);
  CHECK(x.make().summary.assigned == 8);
  CHECK(x.holders() == std::set<worker_index>{1, 3});
}

TEST_CASE("few workers: pins come first, and those beyond the limit say why they have no place") {
  few_case x{4, 3, 1};
  x.had(0, 0, 3);
  x.attributes.pinned = {{"i100", "w2"}, {"i101", "w3"}};
  const auto& made = x.make();
  REQUIRE(x.holders().size() == 1);
  REQUIRE(made.unassigned.size() == 1);
  CHECK(made.unassigned[0].reason == plan_rule::max_workers);
  CHECK(describe(plan_rule::max_workers).find("as many workers") == 0);
}

TEST_CASE("few workers: zones share the places") {
  few_case x{6, 6, 2};
  for (std::size_t w = 0; w < 6; ++w) {
    x.of_worker[w].zone = w < 4 ? "a" : "b";
  }
  x.attributes.spread = spread_rule::zone;
  x.had(0, 0, 3);
  x.had(1, 3, 6);
  x.make();
  CHECK(x.count(0) + x.count(1) == 3);
  CHECK(x.count(4) + x.count(5) == 3);
}

TEST_CASE("few workers: jobs of one worker each are dealt over the workers") {
  problem_builder b;
  for (int w = 0; w < 4; ++w) {
    b.add_worker(node_id{"w" + std::to_string(w)});
  }
  job_attributes single;
  single.max_workers = 1;
  for (int j = 0; j < 8; ++j) {
    b.add_job(job_id{"j" + std::to_string(j)}, single, {"a", "b", "c"});
  }
  const auto p = b.build().value();
  const auto made = make_plan(p, strategy_registry{}).value();
  CHECK(made.summary.assigned == 24);
  CHECK(made.summary.totals == std::vector<std::size_t>{6, 6, 6, 6});
}

TEST_CASE("few workers: an explanation says what it would cost to have another one among them") {
  few_case x{3, 4, 2};
  x.had(0, 0, 2);
  x.had(1, 2, 4);
  const auto& made = x.make();
  const auto why = explain(*x.problem, strategy_registry{}, {}, made, 0, 1'000'000);
  REQUIRE(why.others.size() == 2);
  CHECK(why.others[1].worker == 2);
  CHECK(why.others[1].rule == plan_rule::fewest_moves);
}

TEST_CASE("few workers: with enough room for every job none of its items is left out") {
  auto with = ingredients{};
  with.few = with.drains = with.zones = with.priorities = true;
  with.workers = 8;
  with.jobs = 5;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    const auto problem = generator::build(generator{seed}.draw(with), 0);
    const auto made = make_plan(problem, strategy_registry{}).value();
    RC_ASSERT(check_plan(problem, made.owner).has_value());
    bool open = false;
    for (worker_index w = 0; w < problem.worker_count(); ++w) {
      open = open || problem.worker(w).accepts_new();
    }
    RC_ASSERT(!open || made.unassigned.empty());
    // Who has taken items since the workers were chosen is chosen with the next plan: that one stands.
    const auto second = make_plan(problem.with_previous(made.owner), strategy_registry{}).value();
    const auto third = make_plan(problem.with_previous(second.owner), strategy_registry{}).value();
    RC_ASSERT(third.summary.moves == 0u);
  }));
}
