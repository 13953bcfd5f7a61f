#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "djm/plan_explain.hpp"
#include "strategies/make_room.hpp"
#include "strategies/stages.hpp"
#include "test/unit/strategies/generate.hpp"
#include "test/unit/strategies/model.hpp"

using namespace djm;
using namespace djm::test;

namespace {

worker_attributes memory(std::int64_t mb) {
  worker_attributes a;
  a.capacity["memory_mb"] = mb * milli;
  return a;
}

job_attributes needs(std::int64_t mb, job_priority priority = job_priority::normal) {
  job_attributes a;
  a.profile["memory_mb"] = mb * milli;
  a.priority = priority;
  return a;
}

/// Three workers of 1000 MB, each with two items of 300; "big" wants 600 and finds 400 everywhere.
problem_builder crowded(const job_attributes& big, const job_attributes& small = needs(300, job_priority::low)) {
  problem_builder b;
  for (const auto& w : to_ids<node_id>({"w-0", "w-1", "w-2"})) {
    b.add_worker(w, memory(1000));
  }
  b.add_job("big", big, {"b"});
  b.add_job("small", small, {"s-0", "s-1", "s-2", "s-3", "s-4", "s-5"});
  for (int k = 0; k < 6; ++k) {
    b.set_previous(node_id{"w-" + std::to_string(k / 2)}, "small", item_id{"s-" + std::to_string(k)});
  }
  return b;
}

std::size_t moves_of(const assignment_problem& problem, const std::vector<worker_index>& owner) {
  std::size_t n = 0;
  for (item_index i = 0; i < owner.size(); ++i) {
    const auto from = problem.previous(i);
    n += from != no_worker && from != owner[i] && problem.eligible(problem.job_of(i), from) ? 1 : 0;
  }
  return n;
}

std::size_t placed(const std::vector<worker_index>& owner) {
  return owner.size() - static_cast<std::size_t>(std::count(owner.begin(), owner.end(), no_worker));
}

} // namespace

TEST_CASE("an item gets room by one move of another where no worker has enough in one piece") {
  const auto problem = crowded(needs(600, job_priority::high)).build().value();
  const auto result = make_plan(problem, strategy_registry{}).value();
  REQUIRE(check_plan(problem, result.owner).has_value());
  CHECK(result.unassigned.empty());
  REQUIRE(result.moves.size() == 1);
  CHECK(problem.job(problem.job_of(result.moves[0].item)).name == "small");
  CHECK(result.owner[problem.find_item("big", "b").value()] == result.moves[0].from);
  // The plan that follows leaves all as it is.
  const auto next = make_plan(problem.with_previous(result.owner), strategy_registry{}).value();
  CHECK(next.moves.empty());
  CHECK(next.unassigned.empty());
  // Why the item that moved is not where it was: another one would have had to move instead.
  const auto why = explain(problem, strategy_registry{}, {}, result, result.moves[0].item);
  for (const auto& v : why.others) {
    if (v.worker == result.moves[0].from) {
      CHECK(v.rule == plan_rule::tie);
    }
  }
}

TEST_CASE("items move for others of their own priority, but not for lower ones") {
  const auto placed_with = [](job_priority big, job_priority small) {
    const auto problem = crowded(needs(600, big), needs(300, small)).build().value();
    const auto result = make_plan(problem, strategy_registry{}).value();
    CHECK(result.moves.size() == 1 - result.unassigned.size());
    return result.unassigned.empty();
  };
  CHECK(placed_with(job_priority::normal, job_priority::normal));
  CHECK(placed_with(job_priority::high, job_priority::normal));
  CHECK_FALSE(placed_with(job_priority::low, job_priority::normal));
  CHECK_FALSE(placed_with(job_priority::normal, job_priority::high));
}

TEST_CASE("items of lower priority give way where they have nowhere else to go, as few as will do") {
  problem_builder b;
  b.add_worker("w-0", memory(400));
  b.add_worker("w-1", memory(400));
  b.add_job("low", needs(200, job_priority::low), {"u-0", "u-1", "u-2", "u-3"});
  b.add_job("normal", needs(100, job_priority::normal), {"v"});
  b.add_job("high", needs(300, job_priority::high), {"w"});
  for (int k = 0; k < 4; ++k) {
    b.set_previous(node_id{"w-" + std::to_string(k / 2)}, "low", item_id{"u-" + std::to_string(k)});
  }
  const auto problem = b.build().value();
  const auto result = make_plan(problem, strategy_registry{}).value();
  std::size_t low = 0;
  for (const auto& u : result.unassigned) {
    CHECK(problem.job(problem.job_of(u.item)).name == "low");
    ++low;
  }
  CHECK(low == 2); // one worker for 300 and 100, and the other keeps what it has
}

TEST_CASE("room is made within the budget of moves") {
  const auto problem = crowded(needs(600, job_priority::high)).build().value();
  plan_options none;
  none.max_moves = 0;
  const auto still = make_plan(problem, strategy_registry{}, none).value();
  CHECK(still.moves.empty());
  REQUIRE(still.unassigned.size() == 1);
  CHECK(still.unassigned[0].reason == plan_rule::move_budget);
  plan_options one;
  one.max_moves = one.max_moves_per_worker = 1;
  const auto moved = make_plan(problem, strategy_registry{}, one).value();
  CHECK(moved.moves.size() == 1);
  CHECK(moved.unassigned.empty());
}

TEST_CASE("pinned items, and those of jobs that stay together, do not move to make room") {
  auto pinned = needs(300, job_priority::low);
  for (int k = 0; k < 6; ++k) {
    pinned.pinned[item_id{"s-" + std::to_string(k)}] = node_id{"w-" + std::to_string(k / 2)};
  }
  const auto problem = crowded(needs(600, job_priority::high), pinned).build().value();
  const auto result = make_plan(problem, strategy_registry{}).value();
  CHECK(result.moves.empty());
  CHECK(result.unassigned.size() == 1);
}

TEST_CASE("room for one item is not worth more than three moves") {
  problem_builder b;
  for (const auto& w : to_ids<node_id>({"w-0", "w-1"})) {
    b.add_worker(w, memory(1000));
  }
  std::vector<item_id> small;
  for (int k = 0; k < 10; ++k) {
    small.emplace_back("s-" + std::to_string(k));
  }
  b.add_job("big", needs(800, job_priority::high), {"b"});
  b.add_job("small", needs(100, job_priority::low), small);
  for (int k = 0; k < 10; ++k) {
    b.set_previous(node_id{k < 5 ? "w-0" : "w-1"}, "small", small[static_cast<std::size_t>(k)]);
  }
  const auto problem = b.build().value();
  const auto result = make_plan(problem, strategy_registry{}).value();
  CHECK(result.moves.size() == 3 * (1 - result.unassigned.size()));
}

TEST_CASE("making room keeps to every rule, to the budget and to three moves for an item, and displaces nobody") {
  ingredients with;
  with.profiles = with.slots = with.priorities = with.pins = with.drains = with.cordons = with.partial = true;
  with.limits = with.separate = true;
  with.items = 14;
  CHECK(rc::check([&](std::uint32_t seed, std::uint8_t limits) {
    const auto problem = generator{seed}.make(with);
    plan_options options;
    if (limits & 1) {
      options.max_moves = (limits >> 1) % 5;
    }
    if (limits & 16) {
      options.max_moves_per_worker = (limits >> 5) % 4;
    }
    auto before = staged_plan(problem, options, true);
    auto after = before;
    make_room(problem, options, after);
    const auto legal_before = check_plan(problem, before.owner).has_value();
    RC_ASSERT(!legal_before || check_plan(problem, after.owner).has_value());
    const auto more = placed(after.owner) - placed(before.owner);
    RC_ASSERT(placed(after.owner) >= placed(before.owner));
    for (item_index i = 0; i < problem.item_count(); ++i) {
      RC_ASSERT(before.owner[i] == no_worker || after.owner[i] != no_worker);
    }
    const auto was = moves_of(problem, before.owner);
    const auto is = moves_of(problem, after.owner);
    RC_ASSERT(is <= was + most_moves_for_room * more);
    RC_ASSERT(is <= std::max(was, options.max_moves));
    RC_CLASSIFY(more > 0, "made room");
  }));
}

TEST_CASE("a second plan after room was made places as much") {
  ingredients with;
  with.profiles = with.priorities = true;
  with.items = 14;
  CHECK(rc::check([&](std::uint32_t seed) {
    const auto problem = generator{seed}.make(with);
    const auto first = make_plan(problem, strategy_registry{}).value();
    const auto second = make_plan(problem.with_previous(first.owner), strategy_registry{}).value();
    RC_ASSERT(placed(second.owner) >= placed(first.owner));
  }));
}

TEST_CASE("items of one job do not change places to make room") {
  // Rare among random ones: what makes room goes where one of its own job came from.
  ingredients with;
  with.partial = with.limits = with.slots = with.pins = with.drains = with.cordons = true;
  with.zones = with.priorities = with.labels = true;
  with.gone = false;
  with.workers = 8;
  with.jobs = 6;
  with.items = 40;
  const auto problem = generator{462413670}.make(with);
  const auto first = make_plan(problem, strategy_registry{});
  REQUIRE(first);
  const auto second = make_plan(problem.with_previous(first->owner), strategy_registry{});
  CHECK(second->summary.moves == 0);
}
