#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

/// What stands in the keeper's way for a while.

TEST_CASE("keeper: a connection that comes and goes does not make it ask the faster") {
  keeper_rig r;
  prepare(r.tree);
  r.d.connect();
  REQUIRE(r.alive());
  r.d.fates.assign(1000, fate::unknown_lost);
  r.offer("j");
  r.d.take_asked();
  for (int i = 0; i < 100; ++i) {
    r.d.suspend();
    r.d.pass(std::chrono::milliseconds{50});
    r.d.reconnect();
    r.d.pass(std::chrono::milliseconds{50});
  }
  CHECK(r.d.take_asked().size() <= 25); // in 10 s: 0.1, 0.2, 0.4 ... 5 s apart, and a look at the tree now and then
}

TEST_CASE("keeper: what stood in the way of the connection is over when it is there again") {
  keeper_rig r;
  r.d.connect();
  r.d.suspend();
  r.d.pass(seconds{31});
  CHECK(r.d.core.status().last_problem.find("still trying") != std::string::npos);
  r.d.reconnect();
  CHECK(r.d.core.status().last_problem == "");
}
