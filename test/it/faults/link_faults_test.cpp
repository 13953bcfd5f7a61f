#include "scenario.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

void flap(fault_cluster& c, std::size_t node, milliseconds every, milliseconds lasts) {
  const auto begin = clock::now();
  for (int i = 1; i * every < lasts; ++i) {
    if (i % 2 == 1) {
      c.cut_node(node);
    } else {
      c.heal_node(node);
    }
    let_pass(i * every - since(begin));
  }
  c.heal_node(node);
}

void flap_case(milliseconds lasts) {
  fault_cluster c;
  c.start();
  const auto node = c.other_than(c.leader());
  flap(c, node, 200ms, lasts);
  const auto healed = boot_us();
  const auto took = c.running_since(healed, 60s);
  report("link flaps every 200 ms for " + std::to_string(lasts / 1s) + " s", took, c);
  check_bound(took, c);
  conclude(c);
}

} // namespace

TEST_CASE("a link that flaps every 200 ms for a while: no item runs twice, none is forgotten") {
  flap_case(5s);
}

TEST_CASE("a link that flaps every 200 ms for 20 s: no item runs twice, none is forgotten" * doctest::skip()) {
  flap_case(20s);
}

TEST_CASE("a slow link, 300 ms each way: nothing moves, and a node behind it takes over what is its share") {
  cluster_options o;
  o.nodes = 3;
  o.over_proxies = true;
  fault_cluster c{o};
  c.start();
  auto& w = fault_world::instance();
  const auto slow = c.other_than(c.leader());
  w.slow_node(slow, 300ms);
  auto at = c.edge();
  let_pass(6s);
  CHECK(c.running_since(boot_us() - 1000, 60s) >= 0);
  CHECK(c.tokens() == c.item_count());
  // One of the others dies: half of what it had goes to the slow one.
  std::size_t victim = 0;
  while (victim == slow || victim == c.leader()) {
    ++victim;
  }
  const auto items = c.items_of(victim);
  at = boot_us();
  c.kill_node(victim);
  const auto took = c.moved(items, at, victim, 60s);
  report("link of 300 ms each way, and a node dies", took, c);
  // Each question and each watch of the slow node takes a good half second more than the bound reckons with.
  CHECK(took >= 0);
  CHECK(took <= (c.bound() + 2 * 600ms).count());
  CHECK(c.items_of(slow).size() >= c.item_count() / 2 - 1);
  w.slow_node(slow, 0ms);
  c.start_node(victim);
  conclude(c);
}
