#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("manager: the first plan of many items waits for nodes that start together, and moves nothing") {
  constexpr int items = 50'000;
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", manager_rig::items(items));
  r.d.take(r.d.core.on_granted(r.tree.stat(r.latch).czxid, r.latch, r.d.view.number, r.d.now_step()));
  r.pass(milliseconds{900});
  CHECK(r.plans == 0);
  r.worker("w");
  r.pass(seconds{5});
  CHECK(r.plans == 1);
  CHECK(r.count("v") == items / 2);
  CHECK(r.count("w") == items / 2);
  // Later changes wait for nothing but each other.
  r.worker("x");
  r.pass(milliseconds{300});
  CHECK(r.plans > 1);
}
