#include "strategies/stand_in.hpp"

#include <functional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

using namespace djm;

namespace {

/// Puts everything on the last worker, as nothing that is built in would.
class last_worker final : public strategy {
public:
  std::string_view name() const noexcept override { return "last_worker"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options&) const override {
    plan result;
    result.owner.assign(problem.item_count(), static_cast<worker_index>(problem.worker_count() - 1));
    return result;
  }
};

/// What a problem is made of: two workers, the user's job "mine", and "other", which has pins of its own.
struct setting {
  worker_attributes first, last;
  job_attributes mine, other;
  std::vector<item_id> items{"a", "b", "c"};
  node_id last_name = "w-1", previous = "w-0";
  bool last_offers = true;

  setting() {
    first.zone = "z-0";
    last.zone = "z-1";
    first.labels = last.labels = {"ssd", "gpu"};
    first.capacity["memory_mb"] = last.capacity["memory_mb"] = 1000 * milli;
    mine.strategy = "last_worker";
    mine.profile["memory_mb"] = 10 * milli;
  }
  assignment_problem problem() const {
    problem_builder b;
    b.add_worker("w-0", first);
    b.add_worker(last_name, last, problem_builder::offers::listed_jobs);
    b.add_job("mine", mine, items);
    b.add_job("other", other, {"x"});
    if (last_offers) {
      b.set_eligible(last_name, "mine");
    }
    b.set_eligible(last_name, "other");
    for (const auto& item : items) {
      b.set_previous(previous, "mine", item);
    }
    b.set_previous("w-0", "other", "x");
    return b.build().value();
  }
};

struct change {
  std::string what;
  std::function<void(setting&)> make;
};

/// Each of these may change what a strategy decides, and leaves the number of workers, jobs and items as it is.
const change changes[] = {
  {"name of a worker", [](setting& s) { s.last_name = "w-2"; }},
  {"zone", [](setting& s) { s.last.zone = "z-2"; }},
  {"label", [](setting& s) { s.last.labels = {"ssd"}; }},
  {"weight of a worker", [](setting& s) { s.last.weight = 2 * milli; }},
  {"capacity", [](setting& s) { s.last.capacity["memory_mb"] = 2000 * milli; }},
  {"most items of a worker", [](setting& s) { s.last.max_items = 7; }},
  {"drain", [](setting& s) { s.first.draining = true; }},
  {"cordon", [](setting& s) { s.first.cordoned = true; }},
  {"offer", [](setting& s) { s.last_offers = false; }},
  {"name of an item", [](setting& s) { s.items[2] = "d"; }},
  {"owner until now", [](setting& s) { s.previous = s.last_name; }},
  {"priority", [](setting& s) { s.mine.priority = job_priority::high; }},
  {"weight of an item", [](setting& s) { s.mine.item_weights["a"] = 3 * milli; }},
  {"profile", [](setting& s) { s.mine.profile["memory_mb"] = 20 * milli; }},
  {"required label", [](setting& s) { s.mine.requires_labels = {"gpu"}; }},
  {"most items per worker", [](setting& s) { s.mine.max_per_worker = 5; }},
  {"most workers", [](setting& s) { s.mine.max_workers = 5; }},
  {"spread", [](setting& s) { s.mine.spread = spread_rule::zone; }},
  {"relaxation", [](setting& s) { s.mine.relaxation = relaxation::one_worker(); }},
  {"pin", [](setting& s) { s.mine.pinned["a"] = "w-0"; }},
  {"custom attribute", [](setting& s) { s.mine.custom["k"] = "v"; }},
  {"load by a strategy that comes before", [](setting& s) { s.other.strategy = "bounded_hash"; }},
};

strategy_registry registry() {
  strategy_registry r;
  REQUIRE(r.add(std::make_shared<last_worker>()).has_value());
  return r;
}

/// What is planned where "last_worker" has been asked about `asked` only.
plan_so_far planned(const setting& now, const setting& asked) {
  const auto known = registry();
  const auto first = plan_without_users(asked.problem(), known, {}).value();
  REQUIRE(first.open.size() == 1);
  strategy_answers answers;
  answers.insert_or_assign("last_worker", strategy_answer{first.open[0].part, ask_strategy(first.open[0], known)});
  return plan_without_users(now.problem(), known, answers).value();
}

} // namespace

TEST_CASE("stand-in: a strategy is asked once about the same question, and its answer is planned") {
  const auto result = planned({}, {});
  CHECK(result.open.empty());
  const auto problem = setting{}.problem();
  for (const auto& item : to_ids<item_id>({"a", "b", "c"})) {
    CHECK(result.planned.owner[problem.find_item("mine", item).value()] == 1);
  }
}

TEST_CASE(
  "stand-in: it is asked anew about every change that it might take into account, and nothing moves meanwhile") {
  for (const auto& c : changes) {
    CAPTURE(c.what);
    setting now;
    c.make(now);
    const auto problem = now.problem();
    const auto result = planned(now, {});
    REQUIRE(result.open.size() == 1);
    CHECK(result.open[0].strategy == "last_worker");
    const auto mine = problem.find_item("mine", now.items[1]).value();
    CHECK(result.planned.owner[mine] == problem.previous(mine));
    // The answer to the new question settles it.
    CHECK(planned(now, now).open.empty());
  }
}

TEST_CASE("stand-in: what changes for jobs of other strategies alone is no new question") {
  setting now;
  now.other.priority = job_priority::low;
  CHECK(planned(now, {}).open.empty());
}
