#include <doctest/doctest.h>

#include <algorithm>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("a registered job gets its items and runs with them") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a", "b", "c"}, runs).build()));
  CHECK(n.wait_items(3));
  CHECK(n.items_of("work") == std::vector<item_id>{"a", "b", "c"});
  CHECK(eventually([&] { return runs.least_runs({"a", "b", "c"}) >= 3; }));
  CHECK(runs.faults().empty());
  CHECK(n.shutdown());
}

TEST_CASE("a job registered before the node is connected runs when it is") {
  run_watch runs;
  lab l;
  l.store().set_frozen(true);
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).build()));
  CHECK(n.status().state == node_lifecycle::starting);
  CHECK_FALSE(n.status().ready);
  l.store().set_frozen(false);
  CHECK(n.wait_items(1));
  CHECK(eventually([&] { return runs.runs() > 0; }));
}

TEST_CASE("unregister is answered when no run holds an item any more") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(endless("work", {"a", "b"}, runs).build()));
  REQUIRE(n.add(watched("other", {"x"}, runs).build()));
  REQUIRE(eventually([&] { return runs.running() > 0 && runs.runs_of("a") == 1; }));
  CHECK(n.ask(unregister_job{"work"}));
  CHECK(runs.runs_of("a") == 1);
  CHECK(n.ask(unregister_job{"work"}).error().code == errc::unknown_job);
  CHECK(n.ask<runner_status>(get_job{"work"}).error().code == errc::unknown_job);
  CHECK(eventually([&] {
    const auto v = n.cluster();
    return std::all_of(v.workers.begin(), v.workers.end(),
                       [](const worker_view& w) { return w.jobs == std::vector<job_id>{"other"}; });
  }));
  const auto before = runs.runs_of("x");
  CHECK(eventually([&] { return runs.runs_of("x") > before; }));
  // and it may come back
  REQUIRE(n.add(endless("work", {"a", "b"}, runs).build()));
  CHECK(eventually([&] { return runs.runs_of("a") == 2; }));
  CHECK(runs.faults().empty());
}

TEST_CASE("an unregistered job goes on at the other nodes") {
  run_watch runs;
  lab l;
  auto& a = l.start("a");
  auto& b = l.start("b");
  const auto items = numbered("i", 6);
  REQUIRE(a.add(watched("work", items, runs).build()));
  REQUIRE(b.add(watched("work", items, runs).build()));
  REQUIRE(eventually([&] { return a.items_of("work").size() == 3 && b.items_of("work").size() == 3; }));
  CHECK(a.ask(unregister_job{"work"}));
  CHECK(eventually([&] { return b.items_of("work").size() == 6; }));
  CHECK(runs.faults().empty());
}

TEST_CASE("trigger during a run starts one more after it, not beside it") {
  run_watch runs;
  gate g;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a"}).on_trigger_only().run([&](job_context& ctx) {
    run_watch::turn t{runs, ctx};
    g.pass();
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.wait_items(1));
  CHECK(runs.runs() == 0);
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}));
  REQUIRE(eventually([&] { return runs.running() == 1; }));
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}));
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}));
  CHECK(n.job("work").active_runs == 1);
  g.open();
  CHECK(eventually([&] { return runs.runs() == 2 && n.job("work").active_runs == 0; }));
  CHECK(n.job("work").counters.triggers == 3);
  CHECK(runs.runs() == 2);
  CHECK(runs.faults().empty());
  CHECK(n.ask<std::uint64_t>(trigger_here{"none"}).error().code == errc::unknown_job);
}

TEST_CASE("a changed schedule takes effect on a job that is running") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a"}).every(50s, 1h).run([&](job_context& ctx) { run_watch::turn t{runs, ctx}; });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.wait_items(1));
  CHECK(runs.runs() == 0);
  CHECK(n.ask(reschedule_job{"work", schedule::fixed_rate(5ms)}));
  CHECK(eventually([&] { return runs.runs() > 2; }));
  CHECK(n.job("work").schedule == schedule::fixed_rate(5ms));
  for (auto period : {0ms, -1ms}) {
    auto no = n.ask(reschedule_job{"work", schedule::fixed_rate(period)});
    REQUIRE_FALSE(no);
    CHECK(no.error().code == errc::invalid_schedule);
  }
  CHECK(n.job("work").schedule == schedule::fixed_rate(5ms));
  CHECK(n.ask(reschedule_job{"none", schedule::fixed_rate(5ms)}).error().code == errc::unknown_job);
}

TEST_CASE("a job's handle can be monitored and goes down when the job is unregistered") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).build()));
  auto handle = n.ask<caf::actor>(get_job_handle{"work"});
  REQUIRE(handle);
  std::atomic<bool> down{false};
  (*handle)->attach_functor([&](const caf::error&) {
    down = true;
    the_bell().ring();
  });
  CHECK_FALSE(down);
  CHECK(n.ask(unregister_job{"work"}));
  CHECK(eventually([&] { return down.load(); }));
  CHECK(n.ask<caf::actor>(get_job_handle{"work"}).error().code == errc::unknown_job);
}

TEST_CASE("a shutdown without a store waits for runs, not for the locks") {
  run_watch runs;
  gate g;
  lab l;
  auto config = lab_config("one");
  config.stop_timeout = 1h;
  config.store.operation_deadline = 200ms;
  auto& n = l.start(config);
  job_builder b{"work"};
  b.items({"a"}).every(5ms).run([&](job_context& ctx) {
    run_watch::turn t{runs, ctx};
    g.pass();
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(eventually([&] { return runs.running() == 1; }));
  l.store().set_frozen(true);
  REQUIRE(eventually([&] { return n.status().store.phase != session_phase::connected; }));
  cx::anon_mail(shutdown_node{}).send(n.handle);
  REQUIRE(eventually([&] { return n.status().state == node_lifecycle::stopping; }));
  CHECK_FALSE(n.is_down());
  g.open();
  CHECK(n.wait_down());
  n.handle = nullptr;
  l.store().set_frozen(false);
}
