#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/strategies/model.hpp"

using namespace djm;
using namespace djm::test;

namespace {

assignment run(model x, const std::string& strategy) {
  x.strategy = strategy;
  auto problem = problem_of(x);
  auto result = make_plan(problem, strategy_registry{});
  REQUIRE(result.has_value());
  REQUIRE(result->failures.empty());
  return names_of(problem, result->owner);
}

std::set<item_id> set_of(const items& list) {
  return {list.begin(), list.end()};
}

struct row {
  const char* name;
  model before;
  std::size_t least;   // the fewest for balance per job
  std::size_t at_most; // what the seed's evenly spread needs
  std::size_t rendezvous;
  std::size_t evenly;
};

items w(int from, int to) {
  return numbered("work-item-", from, to);
}

std::vector<row> rows() {
  const std::vector<node_id> two{"worker-0", "worker-1"};
  const std::vector<node_id> three{"worker-0", "worker-1", "worker-2"};
  const assignment uneven{{"worker-0", {{"job-0", set_of(w(0, 2))}}}, {"worker-1", {{"job-0", set_of(w(3, 3))}}}};
  const assignment pairs{{"worker-0", {{"job-1", set_of(w(0, 1))}}},
                         {"worker-1", {{"job-1", set_of(w(2, 3))}}},
                         {"worker-2", {{"job-1", set_of(w(4, 5))}}}};
  auto balanced = pairs;
  for (auto& [name, jobs] : balanced) {
    jobs = {{"job-0", jobs["job-1"]}};
  }
  return {
    {"two workers unbalanced", {two, {{"job-0", w(0, 3)}}, uneven, ""}, 1, 1, 2, 3},
    {"new worker available", {three, {{"job-0", w(0, 3)}}, uneven, ""}, 1, 1, 2, 3},
    {"already balanced", {three, {{"job-0", w(0, 5)}}, balanced, ""}, 0, 0, 2, 3},
    {"three workers unbalanced",
     {three,
      {{"job-0", w(0, 1)}, {"job-1", w(2, 5)}},
      {{"worker-0", {{"job-0", set_of(w(0, 1))}}},
       {"worker-1", {{"job-1", set_of(w(2, 3))}}},
       {"worker-2", {{"job-1", set_of(w(4, 5))}}}},
      ""},
     2,
     2,
     3,
     2},
    {"assigned, new worker starts",
     {three,
      {{"job-0", w(0, 0)}, {"job-1", w(1, 6)}, {"job-2", w(7, 8)}},
      {{"worker-0", {{"job-1", set_of(w(1, 3))}, {"job-2", set_of(w(7, 7))}}},
       {"worker-1", {{"job-0", set_of(w(0, 0))}, {"job-1", set_of(w(4, 6))}, {"job-2", set_of(w(8, 8))}}}},
      ""},
     2,
     2,
     5,
     6},
    {"four jobs, new worker",
     {three,
      {{"job-0", w(0, 1)}, {"job-1", w(2, 3)}, {"job-2", w(4, 5)}, {"job-3", w(6, 7)}},
      {{"worker-0",
        {{"job-0", {"work-item-0"}},
         {"job-1", {"work-item-2"}},
         {"job-2", {"work-item-4"}},
         {"job-3", {"work-item-6"}}}},
       {"worker-1",
        {{"job-0", {"work-item-1"}},
         {"job-1", {"work-item-3"}},
         {"job-2", {"work-item-5"}},
         {"job-3", {"work-item-7"}}}}},
      ""},
     0,
     0,
     6,
     7},
    {"one alive, five started",
     {numbered<node_id>("worker-", 0, 5),
      {{"job-0", w(0, 4)}, {"job-1", w(5, 9)}, {"job-2", w(10, 10)}, {"job-3", w(11, 12)}},
      {{"worker-0",
        {{"job-0", set_of(w(0, 4))},
         {"job-1", set_of(w(5, 9))},
         {"job-2", set_of(w(10, 10))},
         {"job-3", set_of(w(11, 12))}}}},
      ""},
     9,
     9,
     10,
     12},
    {"one worker destroyed", {two, {{"job-1", w(0, 5)}}, pairs, ""}, 2, 3, 4, 5},
  };
}

// Jobs of the model with 372 items, all run by every worker.
std::map<job_id, items> model_372() {
  std::map<job_id, items> result;
  auto add = [&](int from, int to, int count) {
    for (int j = from; j <= to; ++j) {
      result[job_id{"job-" + std::to_string(j)}] = numbered("item-", 0, count - 1);
    }
  };
  add(0, 0, 285);
  add(1, 2, 16);
  add(3, 6, 2);
  add(7, 11, 3);
  add(12, 43, 1);
  return result;
}

std::vector<std::size_t> starts_one_by_one(const std::string& strategy, std::vector<std::size_t>* totals = nullptr,
                                           bool* even = nullptr) {
  model x{{}, model_372(), {}, strategy};
  std::vector<std::size_t> result;
  for (int k = 0; k < 8; ++k) {
    x.workers.emplace_back("worker-" + std::to_string(k));
    auto problem = problem_of(x);
    auto planned = make_plan(problem, strategy_registry{});
    REQUIRE(planned.has_value());
    auto after = names_of(problem, planned->owner);
    result.push_back(new_pairs(x.previous, after));
    x.previous = std::move(after);
    if (totals) {
      *totals = planned->summary.totals;
    }
    if (even) {
      *even = *even && planned->summary.job_spread_max <= 1 && planned->summary.global_spread <= 1;
    }
  }
  return result;
}

std::size_t sum(const std::vector<std::size_t>& x) {
  std::size_t result = 0;
  for (auto n : x) {
    result += n;
  }
  return result;
}

} // namespace

TEST_CASE("moves of the oracle's scenarios") {
  for (const auto& r : rows()) {
    CAPTURE(r.name);
    const auto spread = new_pairs(r.before.previous, run(r.before, "evenly_spread"));
    CHECK(spread >= r.least);
    CHECK(spread <= r.at_most);
    CHECK(new_pairs(r.before.previous, run(r.before, "rendezvous")) == r.rendezvous);
    CHECK(new_pairs(r.before.previous, run(r.before, "evenly_rendezvous")) == r.evenly);
  }
}

TEST_CASE("a worker is rebooted: no strategy moves more than the oracle says") {
  model x;
  x.jobs = {{"rebill-job", numbered("rebill-item-", 0, 7)},
            {"singleton-job-1", {"all"}},
            {"singleton-job-2", {"all"}},
            {"ussd-job", {"ussd-work-item"}},
            {"sms-job", numbered("sms-work-item-", 0, 2)}};
  for (const auto* strategy : {"evenly_spread", "balanced", "rendezvous", "evenly_rendezvous"}) {
    CAPTURE(strategy);
    auto plan_with = [&](int sws, const assignment& previous) {
      problem_builder builder{problem_builder::mode::lenient};
      job_attributes attributes;
      attributes.strategy = strategy;
      for (const auto& [job, list] : x.jobs) {
        builder.add_job(job, attributes, list);
      }
      for (int k = 0; k < sws; ++k) {
        const node_id name{"sws-" + std::to_string(k)};
        builder.add_worker(name, {}, problem_builder::offers::listed_jobs);
        for (const auto& job : to_ids<job_id>({"rebill-job", "singleton-job-1", "singleton-job-2"})) {
          builder.set_eligible(name, job);
        }
      }
      for (int k = 0; k < 4; ++k) {
        const node_id name{"smpp-" + std::to_string(k)};
        builder.add_worker(name, {}, problem_builder::offers::listed_jobs);
        for (const auto& job : to_ids<job_id>({"ussd-job", "sms-job"})) {
          builder.set_eligible(name, job);
        }
      }
      for (const auto& [worker, jobs] : previous) {
        for (const auto& [job, list] : jobs) {
          for (const auto& item : list) {
            builder.set_previous(worker, job, item);
          }
        }
      }
      auto problem = builder.build().value();
      return names_of(problem, make_plan(problem, strategy_registry{})->owner);
    };
    const auto first = plan_with(5, {});
    CHECK(new_pairs({}, first) == 14);
    const auto without = plan_with(4, first);
    const auto lost = new_pairs(first, without);
    CHECK(lost >= 2);
    CHECK(lost <= 4);
    const auto back = new_pairs(without, plan_with(5, without));
    CHECK(back >= 1);
    CHECK(back <= 2);
  }
}

TEST_CASE("372 items on workers that start one after another: hash strategies as the oracle says") {
  std::vector<std::size_t> totals;
  CHECK(starts_one_by_one("rendezvous", &totals) == std::vector<std::size_t>{372, 203, 139, 105, 71, 76, 52, 38});
  CHECK(totals == std::vector<std::size_t>{29, 45, 50, 60, 45, 57, 48, 38});
  CHECK(starts_one_by_one("evenly_rendezvous", &totals) ==
        std::vector<std::size_t>{372, 188, 127, 100, 92, 80, 61, 56});
  CHECK(totals == std::vector<std::size_t>{44, 49, 46, 48, 47, 51, 44, 43});
}

TEST_CASE("372 items on workers that start one after another: evenly_spread needs the fewest for balance per job") {
  const auto moves = starts_one_by_one("evenly_spread");
  CHECK(moves == std::vector<std::size_t>{372, 167, 110, 79, 63, 51, 44, 39});
  CHECK(sum(moves) == 925);
}

TEST_CASE("372 items on workers that start one after another: balanced keeps both balances at every step") {
  std::vector<std::size_t> totals;
  bool even = true;
  const auto moves = starts_one_by_one("balanced", &totals, &even);
  CHECK(even);
  for (auto n : totals) {
    CHECK((n == 46 || n == 47));
  }
  MESSAGE("balanced moves " << sum(moves) - 372 << " items beyond the 372 first placements, the seed 553");
  CHECK(sum(moves) >= 925);
  CHECK(sum(moves) <= 1080);
}
