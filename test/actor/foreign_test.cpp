#include <doctest/doctest.h>

#include "jobs.hpp"
#include "port_client.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Where something foreign is put: an existing node of the tree gets other data, a missing one is made.
struct place {
  std::string what;
  std::function<std::string(const store::tree_schema&)> path;
  /// Whether somebody has to complain by path.
  bool reported;
};

void put(port_client& c, const std::string& path, const std::string& data) {
  if (c.read(store::exists(path)).code == store::rc::ok) {
    CHECK(c.transact({store::set_op{path, data}}).code == store::rc::ok);
  } else {
    CHECK(c.transact({store::create_op{path, data}}).code == store::rc::ok);
  }
}

bool complains(const lab_node& n, const std::string& path) {
  const auto st = n.status();
  for (const auto* list : {&st.worker.problems, &st.manager.problems}) {
    for (const auto& p : *list) {
      if (p.find(path) != std::string::npos) {
        return true;
      }
    }
  }
  for (const auto& p : st.problems) {
    if (p.text.find(path) != std::string::npos) {
      return true;
    }
  }
  for (const auto& p : n.cluster().problems) {
    if (p.find(path) != std::string::npos) {
      return true;
    }
  }
  for (const auto& p : n.events.of<problem>()) {
    if (p.why.text.find(path) != std::string::npos) {
      return true;
    }
  }
  return false;
}

const std::vector<std::string> rubbish{
  "", "{", "\xff\xfe\x01", "[]", R"({"v":1,"incarnation":7})", R"({"v":99})", std::string(2000, '[')};

} // namespace

TEST_CASE("foreign data anywhere in the tree crashes nobody, is reported by path, and jobs go on") {
  const std::vector<place> places{
    {"a stranger's alive", [](const auto& t) { return t.alive("stranger"); }, true},
    {"own alive", [](const auto& t) { return t.alive("one"); }, true},
    {"a name that is no id", [](const auto& t) { return t.alive() + "/no id"; }, false},
    {"a latch of nobody", [](const auto& t) { return t.latches() + "/nobody"; }, false},
    {"a worker of nobody", [](const auto& t) { return t.worker("stranger"); }, true},
    {"own worker", [](const auto& t) { return t.worker("one"); }, true},
    {"own assigned", [](const auto& t) { return t.assigned("one"); }, true},
    {"a job nobody knows among the assigned", [](const auto& t) { return t.assigned("one", "strange"); }, false},
    {"an item that is in no pool", [](const auto& t) { return t.assigned("one", "work", "zz"); }, false},
    {"all pools", [](const auto& t) { return t.pools(); }, true},
    {"a pool", [](const auto& t) { return t.pool("work"); }, true},
    {"a pool of nobody's job", [](const auto& t) { return t.pool("strange"); }, true},
    {"an item", [](const auto& t) { return t.pool("work", "i0"); }, false},
    {"an item that is no id", [](const auto& t) { return t.pool("work") + "/not an id"; }, false},
    {"a lock folder", [](const auto& t) { return t.locks("work"); }, false},
    {"a lock that is none", [](const auto& t) { return t.locks("work") + "/foreign"; }, false},
    {"pool version", [](const auto& t) { return t.pool_version(); }, false},
    {"worker version", [](const auto& t) { return t.worker_version(); }, false},
    {"assignment version", [](const auto& t) { return t.assignment_version(); }, false},
    {"beside the tree", [](const auto& t) { return t.root() + "/foreign"; }, false},
  };
  const auto items = numbered("i", 3);
  for (const auto& p : places) {
    CAPTURE(p.what);
    run_watch runs;
    lab l;
    auto& n = l.start("one");
    REQUIRE(n.add(watched("work", items, runs).build()));
    REQUIRE(n.wait_items(3));
    REQUIRE(eventually([&] { return runs.runs() > 0; }));
    port_client foreign{l.store(), {}};
    const auto path = p.path(l.tree());
    for (const auto& data : rubbish) {
      put(foreign, path, data);
    }
    put(foreign, path, rubbish[1]);
    // Make everyone look: a change of everything they read.
    REQUIRE(n.add(watched("new", {"x"}, runs).build()));
    CHECK(eventually([&] { return runs.runs_of("x") > 1; }));
    if (p.reported) {
      CHECK(eventually([&] { return complains(n, path); }));
    }
    const auto before = runs.least_runs(items);
    CHECK(eventually([&] { return runs.least_runs(items) > before + 2; }));
    CHECK(n.status().restarts == 0);
    CHECK(n.status().state == node_lifecycle::running);
    CHECK(runs.faults().empty());
    CHECK(n.shutdown());
  }
}

TEST_CASE("a lock with foreign data keeps its item from us, by name, and nothing else") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.wait_ready());
  port_client foreign{l.store(), {}};
  put(foreign, l.tree().locks("work"), "");
  put(foreign, l.tree().lock("work", "i0"), "{");
  REQUIRE(n.add(watched("work", {"i0", "i1"}, runs).build()));
  CHECK(eventually([&] { return runs.runs_of("i1") > 1; }));
  CHECK(runs.runs_of("i0") == 0);
  CHECK(n.status().worker.waiting.count("work:i0") == 1);
  CHECK_FALSE(n.status().ready);
  CHECK(eventually([&] { return complains(n, l.tree().lock("work", "i0")); }));
  foreign.transact({store::remove_op{l.tree().lock("work", "i0")}});
  CHECK(eventually([&] { return runs.runs_of("i0") > 0; }));
}

TEST_CASE("an alive that somebody removes is put back and the items stay") {
  run_watch runs;
  lab l;
  auto config = lab_config("one");
  config.store.session_timeout = 600ms; // probed each 200 ms
  config.store.operation_deadline = 200ms;
  config.stop_grace = 50ms;
  auto& n = l.start(config);
  REQUIRE(n.add(watched("work", {"a"}, runs).build()));
  REQUIRE(n.wait_items(1));
  port_client foreign{l.store(), {}};
  CHECK(foreign.transact({store::remove_op{l.tree().alive("one")}}).code == store::rc::ok);
  CHECK(eventually([&] { return n.status().connection.counters.joins == 2; }));
  CHECK(n.wait_items(1));
  CHECK(runs.faults().empty());
}

TEST_CASE("a session that the server ends is replaced and the items stay") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a", "b"}, runs).build()));
  REQUIRE(n.wait_items(2));
  const auto alive = port_client{l.store(), {}}.read(store::get(l.tree().alive("one")));
  REQUIRE(alive.code == store::rc::ok);
  l.store().expire_session(alive.read.stat.ephemeral_owner);
  CHECK(eventually([&] { return n.status().connection.counters.joins >= 2; }));
  CHECK(n.wait_items(2));
  const auto before = runs.runs();
  CHECK(eventually([&] { return runs.runs() > before + 2; }));
  REQUIRE(eventually([&] { return n.events.connection_states().size() >= 3; }));
  auto states = n.events.connection_states();
  states.resize(3); // a busy machine may lose a session of its own later
  CHECK(states == std::vector<std::string>{"connected", "lost", "reconnected"});
  CHECK(runs.faults().empty());
}

TEST_CASE("a connection that breaks costs nothing") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(endless("work", {"a"}, runs).build()));
  REQUIRE(eventually([&] { return runs.running() == 1; }));
  for (int i = 0; i < 3; ++i) {
    const auto connects = n.status().store.connects;
    l.store().break_connections();
    CHECK(eventually([&] { return n.status().store.connects > connects; }));
  }
  CHECK(n.wait_items(1));
  CHECK(runs.runs() == 1);
  CHECK(n.status().connection.counters.joins == 1);
}
