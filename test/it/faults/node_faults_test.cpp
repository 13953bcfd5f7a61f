#include <algorithm>

#include "scenario.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A cluster, and the node a fault is for.
struct victim_of {
  explicit victim_of(bool leads) {
    c.start();
    const auto leader = c.leader();
    node = leads ? leader : c.other_than(leader);
    items = c.items_of(node);
    REQUIRE(items.size() >= 5);
  }
  fault_cluster c;
  std::size_t node = 0;
  std::set<std::string> items;
};

std::string named(const char* fault, bool leads) {
  return std::string{fault} + (leads ? " leader" : " node");
}

void kill_case(bool leads) {
  victim_of v{leads};
  const auto at = boot_us();
  v.c.kill_node(v.node);
  const auto took = v.c.moved(v.items, at, v.node, 60s);
  report(named("kill -9 of a", leads), took, v.c);
  check_bound(took, v.c);
  v.c.start_node(v.node);
  conclude(v.c);
}

void cut_case(bool leads) {
  victim_of v{leads};
  const auto at = boot_us();
  v.c.cut_node(v.node);
  const auto took = v.c.moved(v.items, at, v.node, 60s);
  const auto last = (v.c.last_start(v.node) - at) / 1000;
  report(named("cut of a", leads), took, v.c, ", last start of the cut node after " + std::to_string(last) + " ms");
  check_bound(took, v.c);
  // Its lease at the cut was T + D at most.
  CHECK(last <= 4000);
  v.c.heal_node(v.node);
  conclude(v.c);
}

void pause_case(bool leads) {
  victim_of v{leads};
  const auto at = boot_us();
  v.c.pause_node(v.node);
  const auto took = v.c.moved(v.items, at, v.node, 60s);
  report(named("SIGSTOP of a", leads), took, v.c);
  check_bound(took, v.c);
  v.c.resume_node(v.node);
  conclude(v.c);
}

} // namespace

TEST_CASE("kill -9 of a node: its items run elsewhere within T + D + 3 s") {
  kill_case(false);
}

TEST_CASE("kill -9 of the leader: its items run elsewhere within T + D + 3 s") {
  kill_case(true);
}

TEST_CASE("a node cut off: it stops by its deadline, and its items run elsewhere within T + D + 3 s") {
  cut_case(false);
}

TEST_CASE("the leader cut off: it stops by its deadline, and its items run elsewhere within T + D + 3 s") {
  cut_case(true);
}

TEST_CASE("a node frozen: its items run elsewhere within T + D + 3 s, and it starts nothing when it wakes") {
  pause_case(false);
}

TEST_CASE("the leader frozen: its items run elsewhere within T + D + 3 s, and it starts nothing when it wakes") {
  pause_case(true);
}

TEST_CASE("the judge finds it when runs of a node that is cut off do not stop by the deadline") {
  cluster_options o;
  o.nodes = 2;
  o.each = 0;
  o.share = 4;
  o.busy = 12s;
  o.obeys = false;
  fault_cluster c{o};
  c.start();
  const auto node = c.other_than(c.leader());
  const auto at = boot_us();
  // Its run has just begun and goes on past T + D.
  REQUIRE(eventually([&] { return c.last_start(node) > at; }, 30s));
  const auto items = c.items_of(node);
  c.cut_node(node);
  CHECK(c.moved(items, at, node, 60s) >= 0);
  c.heal_node(node);
  CHECK(c.await_whole(60s));
  const auto findings = c.verdict();
  CHECK(std::any_of(findings.begin(), findings.end(), [](const std::string& x) { return x.compare(0, 2, "I1") == 0; }));
}

TEST_CASE("a node that is ended and started again before its gentle stop is over: no item runs twice") {
  victim_of v{false};
  v.c.stop_node(v.node);
  v.c.start_node(v.node);
  check_bound(v.c.running_since(boot_us(), 60s), v.c);
  conclude(v.c);
}
