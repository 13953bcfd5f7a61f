#include <doctest/doctest.h>

#include <algorithm>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

const job_view* job_of(const cluster_view& v, const job_id& id) {
  auto i = std::find_if(v.jobs.begin(), v.jobs.end(), [&](const job_view& j) { return j.id == id; });
  return i == v.jobs.end() ? nullptr : &*i;
}

const worker_view* worker_of(const cluster_view& v, const node_id& id) {
  auto i = std::find_if(v.workers.begin(), v.workers.end(), [&](const worker_view& w) { return w.id == id; });
  return i == v.workers.end() ? nullptr : &*i;
}

} // namespace

TEST_CASE("a job that is switched off stops everywhere, on running jobs too, and stays off through a restart of all") {
  run_watch runs;
  lab l;
  auto* a = &l.start("a");
  auto* b = &l.start("b");
  const auto items = numbered("i", 4);
  for (auto* n : {a, b}) {
    REQUIRE(n->add(endless("work", items, runs).build()));
    REQUIRE(n->add(watched("other", {"x", "y"}, runs).build()));
  }
  REQUIRE(eventually([&] { return runs.least_runs(items) > 0 && runs.least_runs({"x", "y"}) > 0; }));
  CHECK(b->ask(switch_job{"work", false}));
  CHECK(eventually([&] { return a->items_of("work").empty() && b->items_of("work").empty(); }));
  // Events come after the state that they tell of; and one of the two may have held everything.
  CHECK(eventually([&] { return !a->events.of<items_revoked>().empty() || !b->events.of<items_revoked>().empty(); }));
  for (const auto* n : {a, b}) {
    const auto v = n->cluster();
    REQUIRE(job_of(v, "work") != nullptr);
    CHECK_FALSE(job_of(v, "work")->enabled);
    CHECK(job_of(v, "other")->enabled);
  }
  const auto before = runs.runs_of("x");
  CHECK(eventually([&] { return runs.runs_of("x") > before + 2; }));
  CHECK(a->shutdown());
  CHECK(b->shutdown());
  const auto stopped = runs.runs_of("i0");
  a = &l.start("a");
  REQUIRE(a->add(endless("work", items, runs).build()));
  REQUIRE(a->add(watched("other", {"x", "y"}, runs).build()));
  CHECK(a->wait_items(2)); // only those of the other job
  CHECK(runs.runs_of("i0") == stopped);
  CHECK(a->ask(switch_job{"work", true}));
  CHECK(a->wait_items(6));
  CHECK(eventually([&] { return runs.runs_of("i0") > stopped; }));
  CHECK(runs.faults().empty());
}

TEST_CASE("a job registered as disabled does not run until it is enabled") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).disabled().build()));
  REQUIRE(n.add(watched("other", {"x"}, runs).build()));
  REQUIRE(n.wait_items(1));
  CHECK(n.items_of("work").empty());
  CHECK(n.ask(switch_job{"work", true}));
  CHECK(n.wait_items(2));
}

TEST_CASE("a job can be switched off before its pool is in the store") {
  gate g;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.wait_ready());
  job_builder b{"work"};
  b.pool([&] {
     g.pass();
     return std::vector<item_id>{"a"};
   })
    .run([](job_context&) {});
  REQUIRE(n.add(b.build()));
  const auto reads = n.status().store.reads;
  cx::scoped_actor self{l.system()};
  auto request = self->mail(switch_job{"work", false}).request(n.handle, wide);
  REQUIRE(eventually([&] { return n.status().store.reads > reads; }));
  g.open();
  std::move(request).receive([] {}, [](caf::error& e) { FAIL(to_string(from_caf(e))); });
  const auto v = n.cluster();
  REQUIRE(v.jobs.size() == 1);
  CHECK_FALSE(v.jobs[0].enabled);
}

TEST_CASE("everything can be switched off and on at once") {
  run_watch runs;
  lab l;
  auto& a = l.start("a");
  auto& b = l.start("b");
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", {"i", "j"}, runs).build()));
    REQUIRE(n->add(watched("other", {"x", "y"}, runs).build()));
  }
  REQUIRE(eventually([&] { return runs.least_runs({"i", "j", "x", "y"}) > 0; }));
  CHECK(a.ask(switch_all{false}));
  CHECK(eventually([&] { return a.status().worker.locked + b.status().worker.locked == 0; }));
  CHECK(b.cluster().all_disabled);
  CHECK(b.ask(switch_all{true}));
  CHECK(eventually([&] { return a.status().worker.locked + b.status().worker.locked == 4; }));
  CHECK_FALSE(a.cluster().all_disabled);
  CHECK(runs.faults().empty());
}

TEST_CASE("a switch names the job or worker that it does not know") {
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.wait_ready());
  auto no = n.ask(switch_job{"nothing", false});
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::unknown_job);
  CHECK(mentions(no.error().text, {"nothing"}));
  for (const auto& bad : to_ids<job_id>({"", "a/b", ".."})) {
    no = n.ask(switch_job{bad, false});
    REQUIRE_FALSE(no);
    CHECK(no.error().code == errc::invalid_id);
  }
  CHECK(n.ask(mark_worker{"somebody_to_come", true, false}));
  CHECK(worker_of(n.cluster(), "somebody_to_come")->state == worker_state::expected);
  no = n.ask(mark_worker{"no/body", true, false});
  REQUIRE_FALSE(no);
  CHECK(no.error().code == errc::invalid_id);
}

TEST_CASE("a draining worker is emptied, a cordoned one gets nothing new, and both can be taken back") {
  run_watch runs;
  lab l;
  auto& a = l.start("a");
  auto& b = l.start("b");
  const auto items = numbered("i", 4);
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", items, runs).build()));
  }
  REQUIRE(eventually([&] { return a.items_of("work").size() == 2 && b.items_of("work").size() == 2; }));
  CHECK(b.ask(mark_worker{"a", true, false}));
  CHECK(eventually([&] { return a.items_of("work").empty() && b.items_of("work").size() == 4; }));
  CHECK(worker_of(b.cluster(), "a")->draining);
  CHECK(b.ask(mark_worker{"a", false, true}));
  // Cordoned, it gets nothing of what arrives.
  REQUIRE(a.add(watched("new", {"x", "y"}, runs).build()));
  REQUIRE(b.add(watched("new", {"x", "y"}, runs).build()));
  CHECK(eventually([&] { return b.items_of("new").size() == 2; }));
  CHECK(a.items_of("new").empty());
  CHECK(worker_of(a.cluster(), "a")->cordoned);
  CHECK(a.ask(mark_worker{"a", false, false}));
  CHECK(eventually([&] { return a.status().worker.locked == 3 && b.status().worker.locked == 3; }));
  CHECK(runs.faults().empty());
}

TEST_CASE("the cluster view of a node that does not lead names owners, holders, tokens and the leader") {
  run_watch runs;
  lab l;
  auto& a = l.start("a");
  REQUIRE(eventually([&] { return a.status().election.role == election_role::leading; }));
  auto& b = l.start("b");
  for (auto* n : {&a, &b}) {
    REQUIRE(n->add(watched("work", {"i", "j"}, runs).build()));
  }
  job_attributes picky;
  picky.requires_labels = {"gpu"};
  REQUIRE(a.add(watched("picky", {"p"}, runs).attributes(picky).build()));
  cluster_view v;
  REQUIRE(eventually([&] {
    v = b.cluster();
    const auto* w = job_of(v, "work");
    const auto* p = job_of(v, "picky");
    const auto* second = worker_of(v, "b");
    // "a" may have had both items before "b" came.
    return w != nullptr && p != nullptr && p->items.size() == 1 && w->items.size() == 2 && second != nullptr &&
           second->items == 1 && std::all_of(w->items.begin(), w->items.end(), [](const item_view& i) {
             return !i.owner.empty() && i.holder == i.owner && i.token > 0;
           });
  }));
  CHECK_FALSE(b.status().manager.leading);
  CHECK(v.leader == "a");
  CHECK(v.epoch > 0);
  CHECK(job_of(v, "picky")->items[0].owner.empty());
  CHECK_FALSE(job_of(v, "picky")->items[0].reason.empty());
  REQUIRE(v.workers.size() == 2);
  CHECK(worker_of(v, "a")->state == worker_state::alive);
  CHECK(worker_of(v, "b")->host == "host-of-b");
  CHECK(worker_of(v, "b")->pid == 42);
  CHECK(v.problems.empty());
  // The leader's own account agrees.
  REQUIRE(eventually([&] { return a.status().manager.unassigned.size() == 1; }));
  const auto m = a.status().manager;
  CHECK(m.leading);
  CHECK(m.workers == 2);
  REQUIRE(m.unassigned.size() == 1);
  CHECK(m.unassigned[0].item == "p");
  CHECK_FALSE(m.unassigned[0].reason.empty());
}

TEST_CASE("status names every part and reads well") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a", "b"}, runs).build()));
  REQUIRE(n.wait_items(2));
  REQUIRE(eventually([&] { return runs.runs() > 0; }));
  const auto st = n.status();
  CHECK(st.node == "one");
  CHECK(st.state == node_lifecycle::running);
  CHECK(st.ready);
  CHECK(st.connection.phase == registration_phase::joined);
  CHECK(st.connection.session_timeout == 2s);
  CHECK_FALSE(st.connection.incarnation.empty());
  CHECK(st.worker.locked == 2);
  CHECK(st.worker.lease_left.has_value());
  CHECK(st.election.leader == "one");
  CHECK(st.manager.items == 2);
  CHECK(st.store.commits > 0);
  CHECK(st.executor.max_threads == 16);
  REQUIRE(st.jobs.size() == 1);
  CHECK(st.jobs[0].leased);
  CHECK(st.jobs[0].counters.started > 0);
  CHECK(st.problems.empty());
  const auto text = caf::deep_to_string(st);
  CHECK(mentions(text, {"node_status(node=\"one\"", "state=running", "ready=true", "connection=keeper_status(",
                        "worker=worker_status(joined=true", "locked=2", "jobs=[runner_status(job=\"work\"",
                        "counters=runner_counters(started="}));
}

TEST_CASE("events arrive in order: connected, granted, started, finished; revoked, released") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a"}).on_trigger_only().run([&](job_context& ctx) { run_watch::turn t{runs, ctx}; });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.wait_items(1));
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}));
  REQUIRE(eventually([&] { return n.events.of<run_finished>().size() == 1; }));
  CHECK(n.ask(switch_job{"work", false}));
  REQUIRE(eventually([&] { return n.events.of<items_released>().size() == 1; }));
  std::vector<std::string> kinds;
  for (const auto& e : n.events.all()) {
    CHECK(e.node == "one");
    CHECK(e.at_ms > 0);
    if (!std::holds_alternative<leader_changed>(e.what) && !std::holds_alternative<connection_changed>(e.what) &&
        !std::holds_alternative<model_changed>(e.what)) {
      const auto text = caf::deep_to_string(e.what);
      kinds.push_back(text.substr(0, text.find('(')));
    }
  }
  CHECK(kinds == std::vector<std::string>{"job_changed", "items_granted", "run_started", "run_finished",
                                          "items_revoked", "items_released"});
  CHECK(n.events.connection_states() == std::vector<std::string>{"connected"});
  const auto leaders = n.events.of<leader_changed>();
  REQUIRE_FALSE(leaders.empty());
  CHECK(leaders.back().leader == "one");
  CHECK(n.events.of<items_granted>()[0].items[0].token > 0);
}

TEST_CASE("who has unsubscribed or gone down hears nothing more") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).build()));
  REQUIRE(eventually([&] { return n.events.of<run_finished>().size() > 2; }));
  event_book second;
  auto listener = l.system().spawn([&second](cx::event_based_actor*) -> caf::behavior {
    return {[&second](const node_event& e) { second.add(e); }, [](int x) { return x; }};
  });
  CHECK(n.ask(subscribe{listener}));
  CHECK(n.ask(subscribe{listener})); // twice is once
  REQUIRE(eventually([&] { return second.of<run_finished>().size() > 2; }));
  CHECK(n.ask(unsubscribe{listener}));
  // What was sent before the answer has arrived when the listener answers this.
  cx::scoped_actor self{l.system()};
  self->mail(1).request(listener, wide).receive([](int) {}, [](caf::error&) { FAIL("no answer"); });
  const auto heard = second.all().size();
  const auto runs_then = runs.runs();
  CHECK(eventually([&] { return runs.runs() > runs_then + 5; }));
  CHECK(second.all().size() == heard);
  CHECK(n.ask(unsubscribe{listener}));
  CHECK(n.ask(subscribe{listener}));
  caf::anon_send_exit(listener, caf::exit_reason::kill);
  listener = nullptr;
  const auto later = runs.runs();
  CHECK(eventually([&] { return runs.runs() > later + 5; }));
  CHECK(n.status().state == node_lifecycle::running);
}

TEST_CASE("after a shutdown there is an answer, and it is that the node shuts down") {
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
  CHECK(n.add(watched("late", {"x"}, runs).build()).error().code == errc::shutting_down);
  CHECK(n.ask(switch_job{"work", false}).error().code == errc::shutting_down);
  CHECK(n.ask(switch_all{false}).error().code == errc::shutting_down);
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}).error().code == errc::shutting_down);
  CHECK(n.ask(reschedule_job{"work", schedule::fixed_delay(1s)}).error().code == errc::shutting_down);
  CHECK(n.ask(mark_worker{"one", true, true}).error().code == errc::shutting_down);
  CHECK(n.ask<cluster_view>(get_cluster{}).error().code == errc::shutting_down);
  CHECK_FALSE(n.status().ready);
  CHECK(n.ask<runner_status>(get_job{"work"}));
  CHECK_FALSE(n.is_down()); // it waits for the run
  g.open();
  auto why = n.wait_down();
  REQUIRE(why);
  CHECK(why->code == errc::none);
  CHECK(n.ask<node_status>(get_status{}).error().code == errc::shutting_down);
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}).error().code == errc::shutting_down);
  CHECK(l.store().sessions() == 0);
  n.handle = nullptr;
}

TEST_CASE("the second request to shut down does not wait for runs") {
  run_watch runs;
  gate g;
  lab l;
  auto config = lab_config("one");
  config.stop_timeout = 1h;
  config.store.operation_deadline = 300ms;
  auto& n = l.start(config);
  job_builder b{"work"};
  b.items({"a"}).every(5ms).run([&](job_context& ctx) {
    run_watch::turn t{runs, ctx};
    g.pass();
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(eventually([&] { return runs.running() == 1; }));
  cx::anon_mail(shutdown_node{}).send(n.handle);
  REQUIRE(eventually([&] { return n.status().state == node_lifecycle::stopping; }));
  cx::anon_mail(shutdown_node{}).send(n.handle);
  // Everything is given back before the run ends, but for the lock it may still need.
  CHECK(eventually([&] { return l.store().sessions() == 0; }));
  CHECK(runs.running() == 1);
  g.open();
  CHECK(n.wait_down());
  n.handle = nullptr;
}

TEST_CASE("leadership passes to another node when the leader leaves") {
  run_watch runs;
  lab l;
  auto& a = l.start("a");
  REQUIRE(eventually([&] { return a.status().election.role == election_role::leading; }));
  auto& b = l.start("b");
  auto& c = l.start("c");
  const auto items = numbered("i", 6);
  for (auto* n : {&a, &b, &c}) {
    REQUIRE(n->add(watched("work", items, runs).build()));
  }
  REQUIRE(a.wait_items(2));
  REQUIRE(b.wait_items(2));
  REQUIRE(c.wait_items(2));
  const auto epoch = a.status().election.epoch;
  const auto kept = b.items_of("work");
  CHECK(a.shutdown());
  CHECK(b.wait_items(3));
  CHECK(c.wait_items(3));
  CHECK(eventually([&] {
    return (b.status().election.role == election_role::leading) != (c.status().election.role == election_role::leading);
  }));
  CHECK(std::max(b.status().election.epoch, c.status().election.epoch) > epoch);
  const auto now = b.items_of("work");
  CHECK(std::includes(now.begin(), now.end(), kept.begin(), kept.end()));
  const auto v = c.cluster();
  CHECK((v.leader == "b" || v.leader == "c"));
  CHECK(runs.faults().empty());
}
