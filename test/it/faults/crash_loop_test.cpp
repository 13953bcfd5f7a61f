#include <cstdio>

#include "scenario.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// How long a node is away, and how long it lives, is the fault itself.
void lasts_for(milliseconds time) {
  const auto until = boot_us() + std::chrono::microseconds{time}.count();
  eventually([&] { return boot_us() >= until; }, time + 10s);
}

/// A node that crashes, is started again a second later and lives for a while, and so on; four others are well.
void crash_loop_case(milliseconds life, milliseconds lasts) {
  cluster_options o;
  o.nodes = 5;
  o.share = 40;
  o.each = 10;
  fault_cluster c{o};
  c.start();
  const auto node = c.other_than(c.leader());
  const auto items = c.items_of(node);
  REQUIRE(items.size() >= 5);
  const auto began = boot_us();
  const auto until = began + std::chrono::microseconds{lasts}.count();
  for (;;) {
    c.kill_node(node);
    lasts_for(1s);
    c.start_node(node);
    if (boot_us() >= until) {
      break;
    }
    lasts_for(life);
  }
  const auto from = began + std::chrono::microseconds{c.bound() + 2s}.count();
  const auto percent = c.share_of_time(items, from, boot_us());
  std::printf(
    "figure: crash loop, lives of %lld ms: the items of that node ran %.1f %% of the time from T + D + 5 s on\n",
    static_cast<long long>(life.count()), percent);
  CHECK(percent >= 95);
  conclude(c);
}

} // namespace

TEST_CASE("a node that crashes again and again: four others serve its items") {
  crash_loop_case(4s, 30s);
}

TEST_CASE("a node that lives for 12 s at a time, for five minutes: four others serve its items" * doctest::skip()) {
  crash_loop_case(12s, 300s);
}
