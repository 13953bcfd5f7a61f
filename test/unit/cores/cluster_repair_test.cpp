#include <doctest/doctest.h>

#include <cstdio>

#include "test/unit/cores/core_cluster.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("cluster: a registration that somebody deletes under a living node is made anew, and its items run again") {
  for (const std::string what : {"", "/assigned", "/available"}) {
    for (unsigned seed = 1; seed <= 3; ++seed) {
      CAPTURE(what);
      CAPTURE(seed);
      core_cluster c{seed, 2};
      c.run(seconds{8}, 0);
      REQUIRE_NOTHROW(c.check_covered());
      c.tree.erase("/djm/workers/n0" + what);
      REQUIRE_NOTHROW(c.run(seconds{20}, 0));
      CHECK(c.tree.has("/djm/workers/n0/assigned"));
      CHECK_NOTHROW(c.check_covered());
      CHECK(c.leaders() == 1);
      CHECK(c.stale_problems() == "");
    }
  }
}

TEST_CASE("cluster: any node of the base that somebody deletes is made anew without a restart") {
  for (const std::string what :
       {"leader-latch", "locks", "worker-assignment-version", "work-pool", "worker-version", "work-pool-version",
        "alive", "workers", "format", "work-pool/a", "workers/n0/available"}) {
    for (unsigned seed = 1; seed <= 2; ++seed) {
      CAPTURE(what);
      CAPTURE(seed);
      core_cluster c{seed, 3};
      c.run(seconds{8}, 0);
      REQUIRE_NOTHROW(c.check_covered());
      const auto path = "/djm/" + what;
      REQUIRE(c.tree.has(path));
      c.tree.erase(path);
      duration needed{};
      const auto well = [&] {
        try {
          c.check_covered();
        } catch (const std::exception&) {
          return false;
        }
        return c.tree.has(path) && c.leaders() == 1;
      };
      do {
        REQUIRE_NOTHROW(c.run(milliseconds{50}, 0));
        needed += milliseconds{50};
      } while (!well() && needed < seconds{20});
      CHECK(needed <= 2 * core_cluster::session_timeout + seconds{1});
      if (seed == 1) {
        std::printf("figure: %s deleted: well again after %s\n", what.c_str(), format_duration(needed).c_str());
      }
      REQUIRE_NOTHROW(c.run(seconds{3}, 0));
      CHECK_NOTHROW(c.check_covered());
      CHECK(c.stale_problems() == "");
    }
  }
}
