#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "djm/plan_explain.hpp"
#include "test/unit/strategies/generate.hpp"
#include "test/unit/strategies/model.hpp"

/// Items that workers have refused: a hard rule of all strategies.
using namespace djm;
using namespace djm::test;

namespace {

std::vector<item_id> numbered(int n) {
  std::vector<item_id> names;
  for (int k = 0; k < n; ++k) {
    names.emplace_back("i" + std::to_string(100 + k));
  }
  return names;
}

std::size_t held(const assignment_problem& p, const plan& x, const node_id& worker) {
  const auto w = p.find_worker(worker).value();
  return static_cast<std::size_t>(std::count(x.owner.begin(), x.owner.end(), w));
}

} // namespace

TEST_CASE("refusals: the item goes to somebody else, and the rest stays where it is") {
  problem_builder b;
  for (const char* w : {"u", "v", "w"}) {
    b.add_worker(node_id{w});
  }
  const auto items = numbered(9);
  b.add_job("j", {}, items);
  for (int k = 0; k < 9; ++k) {
    b.set_previous(node_id{k < 3 ? "u" : k < 6 ? "v" : "w"}, "j", items[static_cast<std::size_t>(k)]);
  }
  b.set_refused("u", "j", items[0]);
  const auto p = b.build().value();
  const auto x = make_plan(p, strategy_registry{}).value();
  REQUIRE(check_plan(p, x.owner).has_value());
  CHECK(held(p, x, "u") == 2);
  CHECK(held(p, x, "v") + held(p, x, "w") == 7);
  CHECK(x.summary.moves == 0); // from whoever has refused it, it is none
}

TEST_CASE("refusals: who refuses all that it has gets nothing in its place") {
  problem_builder b;
  for (const char* w : {"u", "v", "w"}) {
    b.add_worker(node_id{w});
  }
  const auto items = numbered(9);
  b.add_job("j", {}, items);
  for (int k = 0; k < 9; ++k) {
    b.set_previous(node_id{k < 3 ? "u" : k < 6 ? "v" : "w"}, "j", items[static_cast<std::size_t>(k)]);
  }
  for (int k = 0; k < 3; ++k) {
    b.set_refused("u", "j", items[static_cast<std::size_t>(k)]);
  }
  const auto p = b.build().value();
  const auto x = make_plan(p, strategy_registry{}).value();
  CHECK(held(p, x, "u") == 0);
  CHECK(x.unassigned.empty());
}

TEST_CASE("refusals: an item that everybody refuses waits with that reason, and explain says so of each") {
  problem_builder b;
  b.add_worker("u");
  b.add_worker("v");
  b.add_job("j", {}, {item_id{"a"}, item_id{"b"}});
  b.set_refused("u", "j", "a");
  b.set_refused("v", "j", "a");
  const auto p = b.build().value();
  const strategy_registry registry;
  const auto x = make_plan(p, registry).value();
  REQUIRE(x.unassigned.size() == 1);
  CHECK(x.unassigned.front().reason == plan_rule::refused);
  const auto why = explain(p, registry, {}, x, x.unassigned.front().item);
  for (const auto& o : why.others) {
    CHECK(o.rule == plan_rule::refused);
  }
}

TEST_CASE("refusals: where the others are merely full, room is what is missing") {
  problem_builder b;
  worker_attributes small;
  small.max_items = 1;
  b.add_worker("u");
  b.add_worker("v", small);
  b.add_job("j", {}, {item_id{"a"}, item_id{"b"}});
  b.set_refused("u", "j", "a");
  b.set_refused("u", "j", "b");
  const auto p = b.build().value();
  const auto x = make_plan(p, strategy_registry{}).value();
  REQUIRE(x.unassigned.size() == 1);
  CHECK(x.unassigned.front().reason == plan_rule::max_items);
}

TEST_CASE("refusals: a pin to a worker that refuses the item does not help") {
  problem_builder b;
  b.add_worker("u");
  b.add_worker("v");
  job_attributes a;
  a.pinned["a"] = "u";
  b.add_job("j", a, {item_id{"a"}, item_id{"b"}});
  b.set_refused("u", "j", "a");
  const auto p = b.build().value();
  const auto x = make_plan(p, strategy_registry{}).value();
  REQUIRE(x.unassigned.size() == 1);
  CHECK(x.unassigned.front().reason == plan_rule::refused);
}

TEST_CASE("refusals: who is unknown is passed over, and a plan that breaks one is refused by name") {
  problem_builder b;
  b.add_worker("u");
  b.add_job("j", {}, {item_id{"a"}});
  b.set_refused("gone", "j", "a");
  b.set_refused("u", "gone", "a");
  b.set_refused("u", "j", "gone");
  b.set_refused("u", "j", "a");
  const auto p = b.build().value();
  const auto broken = check_plan(p, {0});
  REQUIRE_FALSE(broken.has_value());
  CHECK(broken.error().text.find("refused") != std::string::npos);
}

TEST_CASE("refusals: no built-in strategy breaks one, and none leaves an item out that has a place") {
  CHECK(rc::check([] {
    static const char* strategies[] = {"balanced", "evenly_spread", "rendezvous", "evenly_rendezvous", "bounded_hash"};
    problem_builder b;
    const auto workers = *rc::gen::inRange(1, 6);
    for (int w = 0; w < workers; ++w) {
      worker_attributes a;
      a.weight = *rc::gen::element(1000, 1000, 2000);
      b.add_worker(node_id{"w" + std::to_string(w)}, a);
    }
    std::set<std::pair<int, int>> refused;
    const auto items = numbered(*rc::gen::inRange(1, 14));
    job_attributes a;
    a.strategy = strategies[*rc::gen::inRange(0, 5)];
    if (*rc::gen::inRange(0, 4) == 0) {
      a.item_weights[items.front()] = 3000;
    }
    b.add_job("j", a, items);
    b.add_job("k", {}, numbered(*rc::gen::inRange(0, 5)));
    for (int k = 0; k < static_cast<int>(items.size()); ++k) {
      if (*rc::gen::inRange(0, 3) > 0) {
        b.set_previous(node_id{"w" + std::to_string(*rc::gen::inRange(0, workers))}, "j",
                       items[static_cast<std::size_t>(k)]);
      }
      for (int w = 0; w < workers; ++w) {
        if (*rc::gen::inRange(0, 4) == 0) {
          refused.insert({k, w});
          b.set_refused(node_id{"w" + std::to_string(w)}, "j", items[static_cast<std::size_t>(k)]);
        }
      }
    }
    const auto p = b.build().value();
    const auto x = make_plan(p, strategy_registry{}).value();
    RC_ASSERT(check_plan(p, x.owner).has_value());
    const auto j = p.find_job("j").value();
    for (int k = 0; k < static_cast<int>(items.size()); ++k) {
      const auto i = p.find_item("j", items[static_cast<std::size_t>(k)]).value();
      int refusals = 0;
      for (int w = 0; w < workers; ++w) {
        refusals += refused.count({k, w}) > 0 ? 1 : 0;
      }
      RC_ASSERT((x.owner[i] == no_worker) == (refusals == workers));
      RC_ASSERT(x.owner[i] == no_worker || !p.job(j).refuses(i - p.first_item(j), x.owner[i]));
    }
  }));
}
