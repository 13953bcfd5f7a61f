#include <doctest/doctest.h>

#include "test/unit/cores/cost.hpp"
#include "test/unit/cores/worker_rig.hpp"

/// What events of a worker cost, in locks that it looks at.
using namespace djm;
using namespace djm::test;

namespace {

constexpr int least = 1'000;
constexpr int most = 10'000;
/// The store lists the items of a job as a whole, so that a change of one job costs as much as the job is large.
constexpr int items_of_a_job = 50;

job_id job_name(int n) {
  return job_id{"j" + std::to_string(n)};
}

std::vector<item_id> some_items(int count) {
  std::vector<item_id> items;
  for (int n = 0; n < count; ++n) {
    items.emplace_back("item-" + std::to_string(n));
  }
  return items;
}

/// A worker that runs so many items.
class meter {
public:
  explicit meter(int items) : jobs(items / items_of_a_job) {
    for (int n = 0; n < jobs; ++n) {
      r.add_job(job_name(n));
    }
    r.join();
    start = looks([&] {
      for (int n = 0; n < jobs; ++n) {
        assign(r.tree, "w", "i1", job_name(n), some_items(items_of_a_job));
      }
      r.react();
    });
    REQUIRE(r.status().locked == static_cast<std::uint64_t>(items));
  }

  template <class F>
  double looks(F f) {
    const auto before = work_of(r.d.core);
    f();
    return static_cast<double>(work_of(r.d.core) - before);
  }

  worker_rig r;
  int jobs;
  /// Of the moment at which all items came.
  double start = 0;
};

costs_at events(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  const auto some = job_name(m.jobs / 2);
  c["contact"] = m.looks([&] { r.contact(1); });
  c["a wake without a cause"] = m.looks([&] { r.d.call(&worker_core::on_wake); });
  r.assigned({"another"}, some);
  r.unassigned({"another"}, some);
  c["an item is released"] = m.looks([&] { r.released({"another"}, some); });
  c["a job is added"] = m.looks([&] { r.add_job("new"); });
  r.assigned({"x"}, "new");
  c["the job is removed"] = m.looks([&] { r.d.call(&worker_core::on_job_removed, job_id{"new"}); });
  c["its item is released"] = m.looks([&] { r.released({"x"}, "new"); });
  c["the job is free"] = m.looks([&] { r.d.core.take_free_jobs([](const job_id&) { return false; }); });
  put_lock(r.tree, some, "theirs", "other", "x");
  r.assigned({"theirs"}, some);
  c["a lock of another goes"] = m.looks([&] {
    r.tree.erase("/djm/locks/" + some + "/theirs.lock");
    r.react();
  });
  CHECK(r.status().locked == static_cast<std::uint64_t>(n) + 1);
  return {n, c};
}

costs_at changes(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  const auto some = job_name(m.jobs / 2);
  c["an item comes"] = m.looks([&] { r.assigned({"another"}, some); });
  c["an item goes"] = m.looks([&] { r.unassigned({"another"}, some); });
  c["an item comes that another has locked"] = m.looks([&] {
    put_lock(r.tree, some, "theirs", "other", "x");
    r.assigned({"theirs"}, some);
  });
  return {n, c};
}

costs_at commands(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  c["all come"] = m.start;
  c["status"] = m.looks([&] { r.status(); });
  c["the session is lost for a while"] = m.looks([&] {
    r.d.suspend();
    r.d.reconnect();
  });
  c["all go"] = m.looks([&] { r.d.call(&worker_core::on_drain); });
  c["all are released, one by one"] = m.looks([&] {
    for (int k = 0; k < m.jobs; ++k) {
      for (const auto& item : some_items(items_of_a_job)) {
        r.released({item}, job_name(k));
      }
    }
  });
  CHECK(r.status().locked == 0);
  return {n, c};
}

} // namespace

TEST_CASE("worker: what an event costs does not grow with the items that it is not about") {
  compare("worker", events(least), events(most), event_limit);
}

/// One node tells of all that is assigned to a worker, and not of which job: whether the folder of each of its jobs has
/// changed is asked in one question. So that grows with its jobs, and not with their items.
TEST_CASE("worker: what a change of what is assigned costs grows with the jobs of the node at most") {
  compare("worker, changes", changes(least), changes(most), counts_everything ? command_limit : event_limit);
}

TEST_CASE("worker: what happens to all items costs as much as there are items") {
  compare("worker, commands", commands(least), commands(most), command_limit);
}
