#include <doctest/doctest.h>

#include <cstdlib>

#include "test/unit/cores/core_cluster.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// DJM_SEED replays one seed, DJM_SEEDS sets how many are tried.
std::vector<unsigned> seeds(unsigned usual) {
  if (const char* one = std::getenv("DJM_SEED")) {
    return {static_cast<unsigned>(std::strtoul(one, nullptr, 10))};
  }
  const char* n = std::getenv("DJM_SEEDS");
  std::vector<unsigned> all(n != nullptr ? std::strtoul(n, nullptr, 10) : usual);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = static_cast<unsigned>(i + 1);
  }
  return all;
}

} // namespace

TEST_CASE("cluster: every item is owned, locked and running, and then nothing is written any more") {
  for (auto seed : seeds(5)) {
    CAPTURE(seed);
    core_cluster c{seed, 1 + seed % 3};
    c.run(seconds{5}, 0);
    REQUIRE_NOTHROW(c.check_covered());
    CHECK(c.leaders() == 1);
    CHECK(c.runs_started > 0);
    const auto before = c.tree.zxid();
    c.run(seconds{8}, 0);
    CHECK(c.tree.zxid() == before); // I5
  }
}

TEST_CASE("cluster: I1, I2, I3, I5, I8 and I9 hold through lost connections, crashes, unknown outcomes and changes") {
  std::uint64_t faults = 0;
  std::uint64_t runs = 0;
  for (auto seed : seeds(12)) {
    CAPTURE(seed);
    core_cluster c{seed, 2 + seed % 2};
    REQUIRE_NOTHROW(c.run(seconds{25}, 60)); // I1 and I2 are looked at with every run that starts
    REQUIRE_NOTHROW(c.calm());
    REQUIRE_NOTHROW(c.run(seconds{12}, 0));
    REQUIRE_NOTHROW(c.check_covered());
    CHECK(c.stale_problems() == "");
    CHECK(c.leaders() == 1);
    const auto before = c.tree.zxid();
    REQUIRE_NOTHROW(c.run(seconds{5}, 0));
    CHECK(c.tree.zxid() == before);
    faults += c.faults;
    runs += c.runs_started;
  }
  CHECK(faults > 0);
  CHECK(runs > faults);
}

TEST_CASE("cluster: after a drain of all nodes no lock is left, and each leaves") {
  for (auto seed : seeds(5)) {
    CAPTURE(seed);
    core_cluster c{seed, 3};
    REQUIRE_NOTHROW(c.run(seconds{8}, seed % 2 == 0 ? 50 : 0));
    c.calm();
    REQUIRE_NOTHROW(c.run(seconds{8}, 0));
    for (auto& x : c.nodes) {
      x->drain();
    }
    REQUIRE_NOTHROW(c.run(seconds{5}, 0));
    for (auto& x : c.nodes) {
      CHECK(x->drained);
    }
    for (const auto& j : c.tree.children("/djm/locks")) {
      CHECK(c.tree.children("/djm/locks/" + j).empty());
    }
    for (auto& x : c.nodes) {
      x->leave();
    }
    REQUIRE_NOTHROW(c.run(seconds{5}, 0));
    for (auto& x : c.nodes) {
      CHECK(x->left);
    }
    CHECK(c.tree.children("/djm/alive").empty());
  }
}

TEST_CASE("cluster: a node that leaves hands its items over at once") {
  for (auto seed : seeds(5)) {
    CAPTURE(seed);
    core_cluster c{seed, 3};
    c.run(seconds{5}, 0);
    REQUIRE_NOTHROW(c.check_covered());
    auto& leaver = *c.nodes.back();
    leaver.drain();
    c.run(seconds{2}, 0);
    REQUIRE(leaver.drained);
    leaver.leave();
    c.run(milliseconds{900}, 0); // less than T + D
    auto gone = std::move(c.nodes.back());
    c.nodes.pop_back();
    REQUIRE_NOTHROW(c.check_covered());
    c.nodes.push_back(std::move(gone));
  }
}
