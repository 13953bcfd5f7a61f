#include <doctest/doctest.h>

#include <tuple>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

const std::vector<std::string> parts{"store", "keeper", "election", "manager", "worker", "runner work"};

} // namespace

TEST_CASE("each part that dies is reported, rebuilt, and no item runs twice meanwhile") {
  for (const auto& part : parts) {
    CAPTURE(part);
    run_watch runs;
    lab l;
    auto& n = l.start("one");
    const auto items = numbered("i", 4);
    REQUIRE(n.add(watched("work", items, runs).thread_per_item().build()));
    REQUIRE(n.add(endless("long", {"x"}, runs).build()));
    REQUIRE(n.wait_items(5));
    REQUIRE(eventually([&] { return runs.least_runs(items) > 2 && runs.runs_of("x") == 1; }));
    const auto starts = n.starts_of(part);
    n.kill_part(part);
    CHECK(eventually([&] { return n.starts_of(part) == starts + 1; }));
    CHECK(n.wait_items(5));
    const auto before = runs.runs_of("i0");
    CHECK(eventually([&] { return runs.runs_of("i0") > before + 2 && runs.running() > 0; }));
    CHECK(runs.faults() == std::vector<std::string>{});
    const auto said = n.events.problems(errc::internal);
    REQUIRE(said.size() == 1);
    const auto name = part == "runner work" ? "runner of job \"work\"" : part;
    CHECK(mentions(said[0], {name.c_str(), "failed", "rebuilt"}));
    CHECK(n.status().restarts == 1);
    CHECK(n.status().state == node_lifecycle::running);
    CHECK(n.shutdown());
    CHECK(runs.running() == 0);
  }
}

TEST_CASE("a run that was under way when its runner or its worker died is not started beside itself") {
  for (const std::string part : {"runner work", "worker", "store", "keeper"}) {
    CAPTURE(part);
    run_watch runs;
    gate g;
    lab l;
    auto& n = l.start("one");
    job_builder b{"work"};
    b.items({"a", "b"}).every(5ms).thread_per_item().run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
      g.pass(); // hears nothing
    });
    REQUIRE(n.add(b.build()));
    REQUIRE(eventually([&] { return runs.running() == 2; }));
    const auto starts = n.starts_of(part);
    n.kill_part(part);
    CHECK(eventually([&] { return n.starts_of(part) == starts + 1; }));
    CHECK(eventually([&] { return n.status().ready; }));
    CHECK(n.ask<std::uint64_t>(trigger_here{"work"}));
    CHECK(eventually([&] { return n.job("work").counters.triggers >= 1; }));
    CHECK(runs.runs() == 2);
    g.open();
    CHECK(eventually([&] { return runs.least_runs({"a", "b"}) > 2; }));
    CHECK(runs.faults() == std::vector<std::string>{});
  }
}

TEST_CASE("parts that die on the leader move nothing between the nodes") {
  run_watch runs;
  lab l;
  auto& a = l.start("a");
  REQUIRE(eventually([&] { return a.status().election.role == election_role::leading; }));
  auto& b = l.start("b");
  const auto items = numbered("i", 6);
  REQUIRE(a.add(watched("work", items, runs).build()));
  REQUIRE(b.add(watched("work", items, runs).build()));
  REQUIRE(eventually([&] { return a.items_of("work").size() == 3 && b.items_of("work").size() == 3; }));
  const auto held = a.items_of("work");
  for (const std::string part : {"manager", "election", "keeper", "store", "worker"}) {
    CAPTURE(part);
    const auto starts = a.starts_of(part);
    a.kill_part(part);
    CHECK(eventually([&] { return a.starts_of(part) == starts + 1; }));
    CHECK(a.wait_items(3));
    CHECK(b.wait_items(3));
    CHECK(a.items_of("work") == held);
    CHECK(eventually([&] { return !b.cluster().leader.empty(); }));
  }
  CHECK(runs.faults() == std::vector<std::string>{});
}

TEST_CASE("a part that keeps dying stops the node cleanly, with that as its reason") {
  for (const std::string part : {"manager", "runner work", "store", "worker"}) {
    CAPTURE(part);
    run_watch runs;
    lab l;
    auto config = lab_config("one");
    config.store.operation_deadline = 200ms;
    auto& n = l.start(config);
    auto& other = l.start("other");
    REQUIRE(n.add(watched("work", {"a", "b"}, runs).build()));
    REQUIRE(other.add(watched("work", {"a", "b"}, runs).build()));
    REQUIRE(eventually([&] { return n.items_of("work").size() == 1 && other.items_of("work").size() == 1; }));
    for (std::size_t killed = 0; killed < 6; ++killed) {
      REQUIRE(eventually([&] { return n.starts_of(part) == killed + 1; }));
      n.kill_part(part);
    }
    auto why = n.wait_down();
    REQUIRE(why);
    CHECK(why->code == errc::too_many_failures);
    CHECK(mentions(why->text, {part.substr(0, 6).c_str(), "6 times", "1min"}));
    n.handle = nullptr;
    CHECK(eventually([&] { return other.items_of("work").size() == 2; }));
    CHECK(other.wait_items(2));
    CHECK(runs.faults() == std::vector<std::string>{});
  }
}

TEST_CASE("a part that dies during the shutdown does not keep the node") {
  for (const auto& part : parts) {
    CAPTURE(part);
    run_watch runs;
    gate g;
    lab l;
    auto& n = l.start("one");
    job_builder b{"work"};
    b.items({"a"}).every(5ms).run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
      g.pass();
    });
    REQUIRE(n.add(b.build()));
    REQUIRE(eventually([&] { return runs.running() == 1; }));
    cx::anon_mail(shutdown_node{}).send(n.handle);
    REQUIRE(eventually([&] { return n.status().state == node_lifecycle::stopping; }));
    n.kill_part(part);
    g.open();
    CHECK(n.wait_down());
    CHECK(n.is_down());
    n.handle = nullptr;
    CHECK(runs.running() == 0);
    CHECK(eventually([&] { return l.store().sessions() == 0; }));
  }
}

TEST_CASE("a node that is told to end between a failure and the rebuild ends") {
  for (const auto& part : parts) {
    CAPTURE(part);
    run_watch runs;
    lab l;
    auto config = lab_config("one");
    config.backoff_min = 10s; // the rebuild is far away
    config.backoff_max = 10s;
    auto& n = l.start(config);
    REQUIRE(n.add(watched("work", {"a"}, runs).build()));
    REQUIRE(n.wait_items(1));
    n.kill_part(part);
    REQUIRE(eventually([&] { return !n.events.problems(errc::internal).empty(); }));
    CHECK(n.shutdown());
    CHECK(n.is_down());
    CHECK(eventually([&] { return l.store().sessions() == 0; }));
  }
}

TEST_CASE("unregister is answered although a part dies meanwhile") {
  for (const auto& part : parts) {
    CAPTURE(part);
    run_watch runs;
    gate g;
    lab l;
    auto& n = l.start("one");
    job_builder b{"work"};
    b.items({"a"}).every(5ms).run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
      g.pass();
    });
    REQUIRE(n.add(b.build()));
    REQUIRE(eventually([&] { return runs.running() == 1; }));
    cx::scoped_actor self{l.system()};
    auto answer = self->mail(unregister_job{"work"}).request(n.handle, wide);
    REQUIRE(eventually([&] { return !n.job("work").leaving.empty(); }));
    const auto starts = n.starts_of(part);
    n.kill_part(part);
    CHECK(eventually([&] { return n.starts_of(part) == starts + 1; }));
    g.open();
    bool answered = false;
    std::move(answer).receive([&] { answered = true; }, [](caf::error&) {});
    CHECK(answered);
    CHECK(runs.running() == 0);
    CHECK(n.status().jobs.empty());
  }
}

TEST_CASE("the session of a store that died is ended at the server before the node is back") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).build()));
  REQUIRE(n.wait_items(1));
  const auto first = n.status().connection.session_number;
  n.kill_part("store");
  REQUIRE(eventually([&] { return n.starts_of("store") == 2; }));
  CHECK(n.wait_items(1));
  CHECK(l.store().sessions() == 1);
  CHECK(n.status().connection.session_number > first);
}

TEST_CASE("a node whose store dies beside a silent server is back when the server is") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).build()));
  REQUIRE(n.wait_items(1));
  l.store().set_frozen(true);
  n.kill_part("store");
  REQUIRE(eventually([&] { return n.starts_of("store") == 2; }));
  l.store().set_frozen(false);
  CHECK(n.wait_items(1));
  CHECK(eventually([&] { return l.store().sessions() == 1; }));
  CHECK(runs.faults() == std::vector<std::string>{});
}
