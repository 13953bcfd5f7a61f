#include <doctest/doctest.h>

#include <stdexcept>

#include "test/unit/strategies/model.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using function = std::function<expected<plan>(const assignment_problem&)>;

class custom final : public strategy {
public:
  custom(std::string name, function f) : name_(std::move(name)), f_(std::move(f)) {}
  std::string_view name() const noexcept override { return name_; }
  expected<plan> assign(const assignment_problem& problem, const plan_options&) const override { return f_(problem); }

private:
  std::string name_;
  function f_;
};

plan all_on(const assignment_problem& problem, worker_index w) {
  plan result;
  result.owner.assign(problem.item_count(), w);
  return result;
}

// Job "a" by the strategy "mine" and "b" by the default one, both with a previous owner.
assignment_problem two_jobs() {
  problem_builder builder;
  for (const auto& w : to_ids<node_id>({"w-0", "w-1"})) {
    builder.add_worker(w, {}, problem_builder::offers::listed_jobs);
  }
  job_attributes mine;
  mine.strategy = "mine";
  builder.add_job("a", mine, {"i-0", "i-1", "i-2"});
  builder.add_job("b", {}, {"i-0", "i-1", "i-2"});
  builder.set_eligible("w-0", "a");
  builder.set_eligible("w-0", "b");
  builder.set_eligible("w-1", "b");
  builder.set_previous("w-0", "a", "i-1");
  return builder.build().value();
}

plan plan_by(const assignment_problem& problem, function f) {
  strategy_registry registry;
  REQUIRE(registry.add(std::make_shared<custom>("mine", std::move(f))).has_value());
  return make_plan(problem, registry).value();
}

void fails_alone(function f, errc code, const std::string& part_of_text) {
  const auto problem = two_jobs();
  const auto result = plan_by(problem, std::move(f));
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].strategy == "mine");
  CHECK(result.failures[0].what.code == code);
  CHECK_MESSAGE(result.failures[0].what.text.find(part_of_text) != std::string::npos, result.failures[0].what.text);
  auto names = names_of(problem, result.owner);
  CHECK(names["w-0"]["a"] == std::set<item_id>{"i-1"}); // keeps what is legal
  CHECK(names["w-0"]["b"].size() + names["w-1"]["b"].size() == 3);
  REQUIRE(result.unassigned.size() == 2);
  for (const auto& u : result.unassigned) {
    CHECK(u.reason == plan_rule::strategy);
  }
}

} // namespace

TEST_CASE("a custom strategy plans its jobs and balanced evens out what it left") {
  const auto problem = two_jobs();
  const auto result = plan_by(problem, [](const assignment_problem& p) { return all_on(p, 0); });
  CHECK(result.failures.empty());
  const auto names = names_of(problem, result.owner);
  CHECK(names.at("w-0").at("a").size() == 3);
  CHECK(names.at("w-1").at("b").size() == 2); // as far as balance per job goes
}

TEST_CASE("a custom strategy that throws stops nobody else") {
  fails_alone([](const assignment_problem&) -> expected<plan> { throw std::runtime_error{"out of ideas"}; },
              errc::user_code_failed, "out of ideas");
  fails_alone([](const assignment_problem&) -> expected<plan> { throw 7; }, errc::user_code_failed, "threw");
}

TEST_CASE("a custom strategy that breaks a rule is told which") {
  fails_alone([](const assignment_problem&) { return plan{}; }, errc::invalid_plan, "0 owners for 3 items");
  fails_alone([](const assignment_problem& p) { return all_on(p, 1); }, errc::invalid_plan, "rule not_offered");
  fails_alone([](const assignment_problem& p) { return all_on(p, 17); }, errc::invalid_plan, "owner number 17 of 2");
  fails_alone([](const assignment_problem&) -> expected<plan> { return fail(errc::timed_out, "tired"); },
              errc::timed_out, "tired");
}

TEST_CASE("a strategy that nobody has registered is reported and the rest goes on") {
  const auto problem = two_jobs();
  const auto result = make_plan(problem, strategy_registry{}).value();
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].what.code == errc::unknown_strategy);
  CHECK(result.unassigned.size() == 2);
}

TEST_CASE("each hard rule is named by check_plan") {
  auto broken = [](const job_attributes& a, const worker_attributes& w, std::vector<worker_index> owner) {
    problem_builder builder;
    builder.add_worker("w-0", w);
    builder.add_worker("w-1");
    builder.add_job("a", a, {"i-0", "i-1"});
    job_attributes other;
    builder.add_job("b", other, {"i-0"});
    const auto problem = builder.build().value();
    const auto result = check_plan(problem, owner);
    REQUIRE(!result.has_value());
    CHECK(result.error().code == errc::invalid_plan);
    return result.error().text;
  };
  auto names = [](const std::string& text, const char* rule) { return text.find(rule) != std::string::npos; };
  job_attributes a;
  worker_attributes w;
  a.max_per_worker = 1;
  CHECK(names(broken(a, w, {0, 0, 1}), "max_per_worker"));
  a = {};
  a.max_workers = 1;
  CHECK(names(broken(a, w, {0, 1, 0}), "max_workers"));
  a = {};
  a.separate_from = {"b"};
  CHECK(names(broken(a, w, {0, 0, 0}), "separated"));
  a = {};
  a.relaxation = relaxation::one_worker();
  CHECK(names(broken(a, w, {0, 1, 0}), "one_worker"));
  a = {};
  a.requires_labels = {"ssd"};
  CHECK(names(broken(a, w, {0, 0, 0}), "missing_label"));
  a = {};
  a.pinned["i-0"] = "w-1";
  CHECK(names(broken(a, w, {0, 0, 0}), "pinned_elsewhere"));
  a = {};
  w.max_items = 1;
  CHECK(names(broken(a, w, {0, 0, 1}), "max_items"));
  w = {};
  w.draining = true;
  CHECK(names(broken(a, w, {0, 1, 1}), "draining"));
  w = {};
  w.cordoned = true;
  CHECK(names(broken(a, w, {0, 1, 1}), "cordoned"));
  w = {};
  w.capacity["cpu"] = 1500;
  a.profile["cpu"] = 1000;
  CHECK(names(broken(a, w, {0, 0, 1}), "capacity"));
}

TEST_CASE("a registry refuses what makes no sense") {
  strategy_registry registry;
  CHECK(registry.names() ==
        std::vector<std::string>{"balanced", "bounded_hash", "evenly_rendezvous", "evenly_spread", "rendezvous"});
  CHECK(registry.add(nullptr).error().code == errc::invalid_config);
  CHECK(registry.add(std::make_shared<custom>("", nullptr)).error().code == errc::invalid_config);
  CHECK(registry.add(std::make_shared<custom>("balanced", nullptr)).error().code == errc::invalid_config);
}

TEST_CASE("nothing to plan is a plan") {
  const auto nothing = problem_builder{}.build().value();
  CHECK(make_plan(nothing, strategy_registry{})->owner.empty());
  problem_builder no_workers;
  no_workers.add_job("a", {}, {"i-0"});
  const auto problem = no_workers.build().value();
  for (const auto& name : strategy_registry{}.names()) {
    CAPTURE(name);
    const auto result = make_plan(problem, strategy_registry{}).value();
    REQUIRE(result.unassigned.size() == 1);
    CHECK(result.unassigned[0].reason == plan_rule::no_workers);
  }
}

TEST_CASE("a strict builder names what is wrong, a lenient one goes on with a warning") {
  auto build = [](problem_builder::mode m, std::function<void(problem_builder&)> f) {
    problem_builder builder{m};
    builder.add_worker("w-0");
    f(builder);
    return builder.build();
  };
  auto both = [&](std::function<void(problem_builder&)> f, const char* text) {
    const auto strict = build(problem_builder::mode::strict, f);
    REQUIRE(!strict.has_value());
    CHECK(strict.error().code == errc::invalid_problem);
    CHECK_MESSAGE(strict.error().text.find(text) != std::string::npos, strict.error().text);
    const auto lenient = build(problem_builder::mode::lenient, f);
    REQUIRE(lenient.has_value());
    CHECK(!lenient->warnings().empty());
    CHECK(make_plan(*lenient, strategy_registry{}).has_value());
  };
  job_attributes a;
  both([](auto& b) { b.set_previous("w-0", "x", "i-0"); }, "job \"x\" is unknown");
  both(
    [](auto& b) {
      b.add_job("a", {}, std::vector<item_id>{"i-0"});
      b.set_previous("w-9", "a", "i-0");
    },
    "worker \"w-9\" is unknown");
  both(
    [](auto& b) {
      b.add_job("a", {}, std::vector<item_id>{"i-0"});
      b.set_previous("w-0", "a", "i-1");
    },
    "item \"i-1\" of job \"a\" is unknown");
  a.pinned["i-0"] = "w-9";
  both([a](auto& b) { b.add_job("a", a, {"i-0"}); }, "is pinned to \"w-9\", which is not a worker");
  a = {};
  a.colocate_with = {"b"};
  job_attributes other;
  other.colocate_with = {"a"};
  both(
    [a, other](auto& b) {
      b.add_job("a", a, {"i-0"});
      b.add_job("b", other, {"i-0"});
    },
    "closes a cycle");
  other.colocate_with.clear();
  other.separate_from = {"a"};
  both(
    [a, other](auto& b) {
      b.add_job("a", a, {"i-0"});
      b.add_job("b", other, {"i-0"});
    },
    "contradicts");
  both([a](auto& b) { b.add_job("a", a, {"i-0"}); }, "names an unknown job");
  auto never = [&](std::function<void(problem_builder&)> f, const char* text) {
    for (auto m : {problem_builder::mode::strict, problem_builder::mode::lenient}) {
      const auto result = build(m, f);
      REQUIRE(!result.has_value());
      CHECK_MESSAGE(result.error().text.find(text) != std::string::npos, result.error().text);
    }
  };
  never([](auto& b) { b.add_worker("w-0"); }, "worker \"w-0\" is there twice");
  never([](auto& b) { b.add_job("a", {}, std::vector<item_id>{"i", "i"}); }, "item \"i\" is there twice");
  never(
    [](auto& b) {
      worker_attributes w;
      w.weight = 0;
      b.add_worker("w-1", w);
    },
    "weight 0");
  never(
    [](auto& b) {
      worker_attributes w;
      w.capacity["cpu"] = -1;
      b.add_worker("w-1", w);
    },
    "capacity \"cpu\" of -1");
  never(
    [](auto& b) {
      job_attributes j;
      j.priority = static_cast<job_priority>(7);
      b.add_job("a", j, std::vector<item_id>{});
    },
    "priority job_priority(7) is not low, normal or high");
  never(
    [](auto& b) {
      job_attributes j;
      j.spread = static_cast<spread_rule>(2);
      b.add_job("a", j, std::vector<item_id>{});
    },
    "spread spread_rule(2) is not none or zone");
  never(
    [](auto& b) {
      job_attributes j;
      j.relaxation.kind = static_cast<relaxation_kind>(3);
      b.add_job("a", j, std::vector<item_id>{});
    },
    "relaxation relaxation_kind(3) is not any, one_worker or named_worker");
}
