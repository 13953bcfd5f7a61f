#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

/// A worker is gone as soon as it is seen in a new life: its old one's locks fall due D later, not D after a sweep.

TEST_CASE("manager: a life that was over before anything was written for it has its clock at once") {
  manager_rig r;
  auto first = r.worker("v", "i1");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  r.pass(seconds{30}); // the next sweep is far away
  r.tree.end(first);
  auto second = r.worker("v", "i2");
  r.d.settle();
  put_lock(r.tree, "j", "b", "v", "i2");
  r.tree.end(second);
  r.worker("v", "i3");
  const auto sweeps = r.status().counters.sweeps;
  r.pass(milliseconds{9'900});
  CHECK(r.locked("a"));
  CHECK(r.locked("b"));
  r.pass(seconds{1});
  CHECK_FALSE(r.locked("a"));
  CHECK_FALSE(r.locked("b"));
  CHECK(r.status().counters.sweeps == sweeps);
}

TEST_CASE("manager: a restart that is first seen when everything is read again starts the clock of the life before") {
  manager_rig r;
  auto first = r.worker("v", "i1");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  r.pass(seconds{30});                                // the next sweep is far away
  r.tree.put("/djm/worker-assignment-version", "{}"); // another leader has been there
  r.tree.end(first);
  r.worker("v", "i2");
  const auto before = r.status().counters;
  r.pass(milliseconds{9'900});
  CHECK(r.status().counters.reloads == before.reloads + 1);
  CHECK(r.locked("a"));
  r.pass(seconds{2}); // the back-off before the reload
  CHECK_FALSE(r.locked("a"));
  CHECK(r.status().counters.sweeps == before.sweeps);
}

TEST_CASE("manager: a worker that is back in the same life is not reported as gone") {
  manager_rig r;
  auto s = r.worker("v", "i1");
  r.lead();
  r.tree.end(s);
  r.pass(seconds{1});
  REQUIRE(r.status().gone.count("v") == 1);
  enlist(r.tree, r.tree.open(), "v", "i1", {"j"});
  r.pass(seconds{1});
  CHECK(r.status().gone.empty());
}
