#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

void join(keeper_rig& r) {
  r.offer("j");
  r.pool("j", {"a", "b"});
  r.d.connect();
  REQUIRE(r.phase() == "joined");
}

} // namespace

TEST_CASE("keeper: a tree that somebody deleted as a whole is made anew while the session lives") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm");
  r.d.call(&keeper_core::on_not_alive);
  r.d.pass(seconds{30});
  CHECK(r.phase() == "joined");
  CHECK(r.alive());
  CHECK(r.tree.has("/djm/worker-assignment-version"));
  CHECK(r.tree.has("/djm/leader-latch"));
  CHECK(r.tree.has("/djm/work-pool/j/a"));
}

TEST_CASE("keeper: the version node of the pools is made anew when it is missing") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm/work-pool-version");
  r.pool("j", {"a", "c"});
  r.d.pass(seconds{30});
  CHECK(r.tree.has("/djm/work-pool/j/c"));
  CHECK(r.phase() == "joined");
}

TEST_CASE("keeper: the version node of the workers is made anew when it is missing") {
  keeper_rig r;
  join(r);
  r.tree.erase("/djm/worker-version");
  r.offer("k");
  r.pool("k", {"x"});
  r.d.pass(seconds{30});
  CHECK(r.tree.has("/djm/workers/w/available/k"));
  CHECK(r.phase() == "joined");
  CHECK(r.alive());
}
