#include <doctest/doctest.h>

#include "operations.hpp"
#include "test/unit/cores/cost.hpp"
#include "test/unit/cores/keeper_rig.hpp"

/// What a keeper does, by the number of items in the pools of the jobs that its node offers.
using namespace djm;
using namespace djm::test;

namespace {

/// A pool is compared with the one before as a whole, so that a change of one job costs as much as the job is large.
constexpr int items_of_a_job = 50;
constexpr int least = 1'000;
constexpr int most = 100'000;

job_id job_name(int n) {
  return job_id{"j" + std::to_string(n)};
}

std::vector<item_id> some_items(int count) {
  std::vector<item_id> items;
  for (int n = 0; n < count; ++n) {
    items.emplace_back("item-" + std::to_string(100 + n));
  }
  return items; // sorted, as pools are
}

/// A keeper that has joined, and offers the jobs of so many items.
class meter {
public:
  explicit meter(int items) : jobs(items / items_of_a_job) {
    r.d.connect();
    for (int n = 0; n < jobs; ++n) {
      r.offer(job_name(n));
    }
    start = operations_of([&] {
      for (int n = 0; n < jobs; ++n) {
        r.pool(job_name(n), some_items(items_of_a_job));
      }
    });
    REQUIRE(r.tree.has("/djm/work-pool/" + job_name(jobs - 1) + "/item-100"));
  }

  keeper_rig r;
  int jobs;
  double start = 0;
};

costs_at events(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  const auto some = job_name(m.jobs / 2);
  c["a wake without a cause"] = operations_of([&] { r.d.call(&keeper_core::on_wake); });
  c["a pool that is as before"] = operations_of([&] { r.pool(some, some_items(items_of_a_job)); });
  c["a pool that gets an item"] = operations_of([&] { r.pool(some, some_items(items_of_a_job + 1)); });
  CHECK(r.tree.has("/djm/work-pool/" + some + "/item-150"));
  c["a pool that loses one"] = operations_of([&] { r.pool(some, some_items(items_of_a_job)); });
  CHECK_FALSE(r.tree.has("/djm/work-pool/" + some + "/item-150"));
  return {n, c};
}

costs_at commands(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  c["all pools"] = m.start;
  c["status"] = operations_of([&] { r.d.core.status(); });
  c["the session is lost for a while"] = operations_of([&] {
    r.d.suspend();
    r.d.reconnect();
  });
  c["another session"] = operations_of([&] {
    r.d.expire();
    r.d.connect();
  });
  CHECK(r.alive());
  return {n, c};
}

} // namespace

TEST_CASE("scaling: what a keeper does at an event does not grow with the items that it is not about") {
  compare("keeper", events(least), events(most), event_limit);
}

TEST_CASE("scaling: what a keeper does for all jobs grows as their number") {
  compare("keeper, commands", commands(least), commands(most), command_limit);
}
