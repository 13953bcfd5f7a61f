#include <doctest/doctest.h>

#include "test/unit/cores/slots_game.hpp"

using namespace djm;
using namespace djm::test;

namespace {

struct tally {
  std::uint64_t starts = 0, interruptions = 0, writes = 0;
};

tally play_all(slots rule, catch_up rest, unsigned seeds) {
  tally t;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    slots_game game{seed, rule, rest};
    const auto wrong = game.play(1500);
    CAPTURE(seed);
    CHECK(wrong == "");
    t.starts += game.starts();
    t.interruptions += game.interruptions();
    t.writes += game.writes();
    if (!wrong.empty()) {
      break;
    }
  }
  return t;
}

} // namespace

TEST_CASE("slots: tracked, in any order of events each attempt starts once, and no slot is silently missing") {
  const auto t = play_all(slots::tracked, catch_up::all, 60);
  CHECK(t.starts > 2000);
  CHECK(t.interruptions > 40);
  play_all(slots::tracked, catch_up::last, 30);
}

TEST_CASE("slots: claimed, in any order of events each attempt starts once") {
  const auto t = play_all(slots::claimed, catch_up::all, 60);
  CHECK(t.starts > 2000);
  CHECK(t.interruptions == 0); // nobody knows of any
}

TEST_CASE("slots: finished, in any order of events no slot is silently missing") {
  const auto t = play_all(slots::finished, catch_up::all, 60);
  CHECK(t.starts > 2000);
}
