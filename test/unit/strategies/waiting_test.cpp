#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <random>

#include "strategies/ledger.hpp"
#include "test/unit/strategies/generate.hpp"
#include "test/unit/strategies/model.hpp"

using namespace djm;
using namespace djm::test;

namespace {

worker_attributes with_slots(std::uint32_t n) {
  worker_attributes a;
  a.max_items = n;
  return a;
}

job_attributes of_priority(job_priority priority) {
  job_attributes a;
  a.priority = priority;
  return a;
}

std::set<std::string> placed(const assignment_problem& problem) {
  const auto result = make_plan(problem, strategy_registry{}).value();
  REQUIRE(check_plan(problem, result.owner).has_value());
  std::set<std::string> names;
  for (item_index i = 0; i < problem.item_count(); ++i) {
    if (result.owner[i] != no_worker) {
      names.insert(problem.job(problem.job_of(i)).name + "/" + std::string{problem.item_name(i)});
    }
  }
  return names;
}

assignment_problem in_line(const assignment_problem& problem, const std::vector<std::pair<job_id, item_id>>& line) {
  std::vector<item_index> numbers;
  for (const auto& [job, item] : line) {
    numbers.push_back(problem.find_item(job, item).value());
  }
  return problem.with_waiting(std::move(numbers));
}

} // namespace

TEST_CASE("of items of one priority those that wait longest get the room, whatever their job") {
  const auto jobs = to_ids<job_id>({"a", "b", "c"});
  for (const auto& first : jobs) {
    for (const auto& second : jobs) {
      if (first == second) {
        continue;
      }
      CAPTURE(first);
      CAPTURE(second);
      problem_builder builder;
      builder.add_worker("w", with_slots(2));
      for (const auto& job : jobs) {
        builder.add_job(job, {}, {"1", "2", "3"});
      }
      const auto problem = builder.build().value();
      const auto wanted = std::set<std::string>{first + "/3", second + "/1"};
      CHECK(placed(in_line(problem, {{first, "3"}, {second, "1"}, {"a", "2"}})) == wanted);
    }
  }
}

TEST_CASE("priority comes before the time that an item has waited") {
  problem_builder builder;
  builder.add_worker("w", with_slots(2));
  builder.add_job("low", of_priority(job_priority::low), {"1"});
  builder.add_job("normal", {}, {"1", "2"});
  builder.add_job("high", of_priority(job_priority::high), {"1"});
  const auto problem = builder.build().value();
  CHECK(placed(in_line(problem, {{"low", "1"}, {"normal", "2"}})) == std::set<std::string>{"high/1", "normal/2"});
}

TEST_CASE("who waits does not push out who runs, and one that nothing fits does not hold up the others") {
  problem_builder builder;
  builder.add_worker("w", with_slots(2));
  job_attributes labelled;
  labelled.requires_labels = {"ssd"};
  builder.add_job("a", {}, {"runs"});
  builder.add_job("b", {}, {"1", "2"});
  builder.add_job("c", labelled, {"1"});
  builder.set_previous("w", "a", "runs");
  const auto problem = builder.build().value();
  CHECK(placed(in_line(problem, {{"c", "1"}, {"b", "2"}, {"b", "1"}})) == std::set<std::string>{"a/runs", "b/2"});
}

TEST_CASE("with resources of different sizes too, the first in line that a place fits gets it") {
  problem_builder builder;
  worker_attributes small;
  small.capacity["cpu"] = milli;
  builder.add_worker("w", small);
  for (const auto& [name, cpu] : {std::pair{job_id{"a"}, 1000}, {"b", 700}, {"c", 2000}}) {
    job_attributes a;
    a.profile["cpu"] = cpu;
    builder.add_job(name, a, {"1"});
  }
  const auto problem = builder.build().value();
  CHECK(placed(in_line(problem, {{"c", "1"}, {"b", "1"}, {"a", "1"}})) == std::set<std::string>{"b/1"});
  CHECK(placed(in_line(problem, {{"c", "1"}, {"a", "1"}, {"b", "1"}})) == std::set<std::string>{"a/1"});
}

TEST_CASE("the place of an item that had none before goes to the first in line, random problems") {
  // Without slots and profiles: where these are short others make room by moves, and whom that serves depends on what
  // has been moved before.
  ingredients with;
  with.partial = with.limits = with.pins = with.drains = with.cordons = true;
  with.zones = with.priorities = with.labels = with.separate = true;
  with.workers = 6;
  with.jobs = 5;
  with.items = 40;
  CHECK(rc::check("random problems", [with](std::uint32_t seed) {
    auto raw = generator{seed}.draw(with);
    for (auto& j : raw.jobs) {
      j.attributes.strategy = seed % 2 == 0 ? "balanced" : "evenly_spread";
    }
    const auto problem = generator::build(raw, 0);
    std::vector<item_index> line;
    for (item_index i = 0; i < problem.item_count(); ++i) {
      line.push_back(i);
    }
    std::mt19937 random{seed};
    std::shuffle(line.begin(), line.end(), random);
    line.resize(line.size() * 2 / 3);
    const auto waiting = problem.with_waiting(line);
    const auto before = make_plan(problem, strategy_registry{}).value();
    const auto after = make_plan(waiting, strategy_registry{}).value();
    RC_ASSERT(check_plan(problem, after.owner).has_value());
    RC_ASSERT(after.summary.assigned >= before.summary.assigned); // who fits beside takes nobody's place
    std::vector<std::size_t> rank(problem.item_count(), SIZE_MAX);
    for (std::size_t k = 0; k < line.size(); ++k) {
      rank[line[k]] = k;
    }
    ledger books{problem};
    for (job_index j = 0; j < problem.job_count(); ++j) {
      for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
        if (after.owner[i] != no_worker) {
          books.put(j, i, after.owner[i]);
        }
      }
    }
    auto legal_owner = [&](item_index i) {
      return problem.previous(i) != no_worker && problem.eligible(problem.job_of(i), problem.previous(i));
    };
    for (item_index i = 0; i < problem.item_count(); ++i) {
      if (legal_owner(i) && before.owner[i] != no_worker) { // neither moved nor pushed out by the line
        RC_ASSERT(after.owner[i] == before.owner[i]);
      }
      if (after.owner[i] != no_worker || rank[i] == SIZE_MAX || legal_owner(i)) {
        continue;
      }
      // Nobody who came later, or not at all, sits where this one could.
      const auto j = problem.job_of(i);
      for (item_index other = 0; other < problem.item_count(); ++other) {
        const auto w = after.owner[other];
        const auto k = problem.job_of(other);
        if (w == no_worker || legal_owner(other) || problem.job(k).priority != problem.job(j).priority ||
            rank[other] < rank[i]) {
          continue;
        }
        books.take(k, other, w);
        RC_LOG() << "seed " << seed << " item " << i << " of rank " << rank[i] << " could be on " << w << " instead of "
                 << other;
        RC_ASSERT(books.blocks(j, i, w) != plan_rule::none);
        books.put(k, other, w);
      }
    }
  }));
}
