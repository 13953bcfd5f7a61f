#include <doctest/doctest.h>

#include "test/unit/cores/cluster.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("cluster: a registration that somebody deletes under a living node is made anew, and its items run again") {
  for (const std::string what : {"", "/assigned", "/available"}) {
    for (unsigned seed = 1; seed <= 3; ++seed) {
      CAPTURE(what);
      CAPTURE(seed);
      cluster c{seed, 2};
      c.run(seconds{8}, 0);
      REQUIRE_NOTHROW(c.check_covered());
      c.tree.erase("/djm/workers/n0" + what);
      REQUIRE_NOTHROW(c.run(seconds{20}, 0));
      CHECK(c.tree.has("/djm/workers/n0/assigned"));
      CHECK_NOTHROW(c.check_covered());
      CHECK(c.leaders() == 1);
    }
  }
}
