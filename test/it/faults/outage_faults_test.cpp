#include <initializer_list>

#include <signal.h>

#include "scenario.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// The leader of the ensemble dies, then one of the two that are left: no quorum, and nobody's session expires.
void lose_quorum(fault_cluster& c) {
  auto& w = fault_world::instance();
  const auto first = w.leader();
  const auto at = c.edge();
  w.kill_server(first);
  // The two that are left elect another leader, and everything goes on.
  const auto second = w.leader();
  CHECK(c.running_since(at, 60s) >= 0);
  c.edge();
  w.kill_server(second);
}

/// A quorum is there with the first of them, and items may run again before the second serves: the healing counts from
/// here. That everything serves is an edge of its own.
void start_killed_servers(std::initializer_list<fault_cluster*> clusters) {
  auto& w = fault_world::instance();
  for (auto* c : clusters) {
    c->edge();
  }
  for (std::size_t i = 0; i < fault_world::servers; ++i) {
    if (!w.ensemble()[i].running()) {
      w.start_server(i);
    }
  }
  w.await_servers();
}

} // namespace

TEST_CASE("the store is away for a while, but less than D: nothing stops and nothing moves") {
  cluster_options o;
  o.detach = 60s;
  fault_cluster c{o};
  c.start();
  lose_quorum(c);
  const auto at = boot_us();
  let_pass(6s);
  CHECK(c.running_since(boot_us() - 1000, 10s) >= 0);
  start_killed_servers({&c});
  const auto healed = c.edge();
  const auto again = c.running_since(healed, 60s);
  report("no quorum for 6 s, D = 60 s", again, c, ", of an outage of " + std::to_string((healed - at) / 1000) + " ms");
  conclude(c);
  CHECK(c.tokens() == c.item_count());
}

TEST_CASE("the store is away for 30 s, longer than D: runs stop by the deadline and go on soon after it is back" *
          doctest::skip()) {
  cluster_options o;
  o.detach = 60s;
  fault_cluster tolerant{o};
  fault_cluster strict;
  tolerant.start();
  strict.start();
  auto& w = fault_world::instance();
  const auto first = w.leader();
  auto at = strict.edge();
  tolerant.edge();
  w.kill_server(first);
  const auto second = w.leader();
  CHECK(strict.running_since(at, 60s) >= 0);
  at = strict.edge();
  tolerant.edge();
  w.kill_server(second);
  let_pass(30s);
  // T + D after the last contact, at the latest.
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK((strict.last_start(i) - at) / 1000 <= 4000);
    CHECK((boot_us() - tolerant.last_start(i)) / 1000 <= 5000);
  }
  start_killed_servers({&strict, &tolerant});
  const auto healed = strict.edge();
  tolerant.edge();
  const auto again = strict.running_since(healed, 60s);
  report("no quorum for 30 s, D = 2 s", again, strict);
  check_bound(again, strict);
  report("no quorum for 30 s, D = 60 s", tolerant.running_since(healed, 60s), tolerant);
  conclude(strict);
  conclude(tolerant);
  CHECK(tolerant.tokens() == tolerant.item_count());
}
