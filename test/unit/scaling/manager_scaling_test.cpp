#include <doctest/doctest.h>

#include "actors/manager/explain_core.hpp"
#include "operations.hpp"
#include "test/unit/cores/cost.hpp"
#include "test/unit/cores/manager_rig.hpp"

/// What a leader does, by the number of items in the cluster.
using namespace djm;
using namespace djm::test;

namespace {

/// The store lists the items of a job as a whole, so that a change of one job costs as much as the job is large.
constexpr int items_of_a_job = 50;
constexpr int workers = 4;
constexpr int least = 1'000;
constexpr int most = 100'000;
const store::tree_schema tree{"/djm"};

job_id job_name(int n) {
  return job_id{"j" + std::to_string(n)};
}

std::vector<job_id> jobs_of(int items) {
  std::vector<job_id> jobs;
  for (int n = 0; n < items / items_of_a_job; ++n) {
    jobs.push_back(job_name(n));
  }
  return jobs;
}

/// A cluster of so many items; everything is placed.
class meter {
public:
  explicit meter(int items) : jobs(jobs_of(items)) {
    for (const auto& job : jobs) {
      add_pool(r.tree, job, manager_rig::items(items_of_a_job));
    }
    for (int n = 0; n < workers; ++n) {
      join(n);
    }
    start = operations_of([&] { r.lead(); });
    r.pass(seconds{60});
  }
  void join(int n) { sessions.push_back(r.worker(node_id{"w" + std::to_string(n)}, "i", jobs, 1000)); }
  void explain(const job_id& job, const item_id& item) {
    for (auto& e : explains.on_question(1, job, item, r.d.core)) {
      if (auto* task = std::get_if<explain_core::task>(&e)) {
        explain_now(*task, r.strategies);
      }
    }
  }

  manager_rig r{1000};
  std::vector<job_id> jobs;
  std::vector<fake_store::session> sessions;
  explain_core explains{"/djm", {}};
  double start = 0;
};

costs_at events(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  c["a wake without a cause"] = operations_of([&] { r.d.take(r.d.core.on_wake(r.d.now_step())); });
  c["a minute in which nothing happens"] = operations_of([&] { r.pass(seconds{60}); });
  return {n, c};
}

/// A plan is one of all items, so that whatever leads to one costs as much; who asks why an item is where it is looks
/// at what all others take of the workers; and a status has a line for each job.
costs_at commands(int n) {
  costs c;
  meter m{n};
  auto& r = m.r;
  const auto some = m.jobs[m.jobs.size() / 2];
  c["the first plan, and all of it written"] = m.start;
  c["an item is explained"] = operations_of([&] { m.explain(some, manager_rig::items(1).front()); });
  c["status"] = operations_of([&] { r.status(); });
  c["a pool gets an item: until it is planned"] = operations_of([&] {
    r.tree.put(tree.pool(some, "another"));
    r.pass_until_asked();
  });
  c["its plan, and one item written"] = operations_of([&] { r.pass(seconds{5}); });
  CHECK(r.owners(some).size() == items_of_a_job + 1);
  c["a worker joins"] = operations_of([&] {
    m.join(workers);
    r.pass(seconds{5});
  });
  CHECK(r.count("w4", some) > 0);
  c["a worker leaves"] = operations_of([&] {
    r.tree.end(m.sessions.front());
    r.pass(seconds{20});
  });
  CHECK(r.count("w0", some) == 0);
  return {n, c};
}

} // namespace

TEST_CASE("scaling: what a leader does at an event does not grow with the items that it is not about") {
  compare("leader", events(least), events(most), event_limit);
}

TEST_CASE("scaling: what a leader does for all items grows as their number") {
  compare("leader, commands", commands(least), commands(most), command_limit);
}
