#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "djm/strategy.hpp"
#include "simulation/chance.hpp"
#include "test/sim/fewest_moves.hpp"

using namespace djm;
using namespace djm::sim;

namespace {

share_problem::job one_job(std::vector<std::size_t> have, std::size_t unowned = 0) {
  share_problem::job j;
  j.eligible.assign(have.size(), true);
  j.items = unowned;
  for (const auto n : have) {
    j.items += n;
  }
  j.have = std::move(have);
  return j;
}

/// The same as the planner gets it.
assignment_problem as_planned(const share_problem& p) {
  problem_builder b;
  const auto name = [](std::size_t w) { return node_id{"w" + std::to_string(w)}; };
  for (std::size_t w = 0; w < p.base.size(); ++w) {
    b.add_worker(name(w), {}, problem_builder::offers::listed_jobs);
  }
  for (std::size_t j = 0; j < p.jobs.size(); ++j) {
    const job_id id{"j" + std::to_string(j)};
    std::vector<item_id> items;
    for (std::size_t k = 0; k < p.jobs[j].items; ++k) {
      items.emplace_back("i" + std::to_string(k));
    }
    b.add_job(id, {}, items);
    std::size_t k = 0;
    for (std::size_t w = 0; w < p.base.size(); ++w) {
      if (p.jobs[j].eligible[w]) {
        b.set_eligible(name(w), id);
      }
      for (std::size_t n = 0; n < p.jobs[j].have[w]; ++n) {
        b.set_previous(name(w), id, items[k++]);
      }
    }
  }
  auto problem = b.build();
  REQUIRE(problem);
  return std::move(*problem);
}

} // namespace

TEST_CASE("the fewest moves to balance a job") {
  CHECK(fewest_moves({{one_job({3, 1, 0})}, {0, 0, 0}}, false) == 1);
  CHECK(fewest_moves({{one_job({5, 5, 0})}, {0, 0, 0}}, false) == 3);
  CHECK(fewest_moves({{one_job({4, 3, 3})}, {0, 0, 0}}, false) == 0);
  CHECK(fewest_moves({{one_job({2, 0, 0}, 4)}, {0, 0, 0}}, false) == 0);
  CHECK(fewest_moves({{}, {}}, true) == 0);
}

TEST_CASE("the fewest moves to balance totals as well") {
  // Every job is balanced; all odd items are with the first.
  const share_problem two{{one_job({1, 0}), one_job({1, 0})}, {0, 0}};
  CHECK(fewest_moves(two, false) == 0);
  CHECK(fewest_moves(two, true) == 1);
  // What others have left there is no reason to move what cannot make it better.
  CHECK(fewest_moves({{one_job({1, 0})}, {0, 5}}, true) == 0);
  CHECK(fewest_moves({{one_job({1, 0})}, {5, 0}}, true) == 1);
}

TEST_CASE("the fewest moves are what the planner needs") {
  chance dice{7, "fewest moves"};
  const strategy_registry strategies;
  plan_options always;
  always.global_tolerance = 0;
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    share_problem p;
    p.base.resize(2 + dice.below(5));
    const bool all = dice.one_in(2);
    for (auto n = 1 + dice.below(4); n > 0; --n) {
      auto& j = p.jobs.emplace_back();
      for (std::size_t w = 0; w < p.base.size(); ++w) {
        // The first may run everything: no job is without a worker.
        j.eligible.push_back(all || w == 0 || !dice.one_in(3));
        j.have.push_back(j.eligible.back() ? dice.below(7) : 0);
        j.items += j.have.back();
      }
      j.items += dice.below(6);
    }
    const auto problem = as_planned(p);
    const auto totals = make_plan(problem, strategies, always);
    REQUIRE(totals);
    CHECK(totals->summary.moves == fewest_moves(p, true));
    const auto jobs = strategies.find("evenly_spread")->assign(problem, always);
    REQUIRE(jobs);
    std::size_t moves = 0;
    for (item_index i = 0; i < problem.item_count(); ++i) {
      moves += problem.previous(i) != no_worker && jobs->owner[i] != problem.previous(i) ? 1 : 0;
    }
    CHECK(moves == fewest_moves(p, false));
  }
}
