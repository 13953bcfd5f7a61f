#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("manager: a worker that is back in a new life is not reported as gone") {
  manager_rig r;
  add_pool(r.tree, "j", {"a"});
  auto s = r.worker("w", "i1");
  r.lead();
  r.tree.end(s);
  r.work();
  REQUIRE(r.status().gone.count("w") == 1);
  r.worker("w", "i2");
  r.pass(seconds{120});
  CHECK(r.owners() == std::map<item_id, node_id>{{"a", "w"}});
  CHECK(r.status().gone.empty());
}

TEST_CASE("manager: a registration without its assigned node keeps nobody else from work") {
  manager_rig r;
  add_pool(r.tree, "j", {"a", "b", "c", "d"});
  r.worker("w");
  r.worker("x");
  r.lead();
  r.tree.erase("/djm/workers/x/assigned");
  add_pool(r.tree, "j", {"a", "b", "c", "d", "e", "f", "g"});
  r.pass(seconds{60});
  CHECK(r.owners()["e"] == "w");
  CHECK(r.owners()["f"] == "w");
  CHECK(r.owners()["g"] == "w");
}

TEST_CASE("manager: watches that were refused for a while do not cost a reload with every sweep for ever") {
  manager_rig r;
  add_pool(r.tree, "j", {"a"});
  r.worker("w");
  r.tree.refuse_watches("/djm/work-pool");
  r.lead();
  r.tree.refuse_watches("/elsewhere");
  r.pass(seconds{60});
  const auto before = r.d.reads_answered;
  r.pass(seconds{90});
  CHECK(r.d.reads_answered - before <= 4); // one look for lock folders with each sweep
}
