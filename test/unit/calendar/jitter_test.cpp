#include "djm/jitter.hpp"

#include <set>

#include <doctest/doctest.h>

using namespace djm;
using namespace std::chrono_literals;

TEST_CASE("jitter: it is that of job and item, for ever") {
  CHECK(jitter_of("report", "shop-1", 10min) == jitter_of("report", "shop-1", 10min));
  CHECK(jitter_of("report", "shop-1", 10min) != jitter_of("report", "shop-2", 10min));
  CHECK(jitter_of("report", "shop-1", 10min) != jitter_of("mail", "shop-1", 10min));
  CHECK(jitter_of("a", "bc", 10min) != jitter_of("ab", "c", 10min));
  // Numbers that may never change.
  CHECK(jitter_of("report", "shop-1", 10min) == 146'975ms);
  CHECK(jitter_of("report", "shop-2", 10min) == 427'762ms);
}

TEST_CASE("jitter: it is spread evenly from zero to below its bound") {
  constexpr int items = 10'000;
  constexpr int bins = 10;
  int count[bins] = {};
  std::set<std::int64_t> different;
  for (int i = 0; i < items; ++i) {
    const auto jitter = jitter_of("job", "item-" + std::to_string(i), 1h);
    REQUIRE(jitter >= 0ms);
    REQUIRE(jitter < 1h);
    ++count[jitter.count() * bins / 3'600'000];
    different.insert(jitter.count());
  }
  for (const auto n : count) {
    CHECK(n > 850);
    CHECK(n < 1150);
  }
  CHECK(different.size() > 9900);
}

TEST_CASE("jitter: bounds that are none, tiny or huge") {
  CHECK(jitter_of("j", "i", 0s) == 0ms);
  CHECK(jitter_of("j", "i", -1h) == 0ms);
  CHECK(jitter_of("j", "i", 1ns) == 0ms);
  CHECK(jitter_of("j", "i", 1ms) == 0ms);
  CHECK(jitter_of("j", "i", duration::max()) < 24h * 366);
  CHECK(jitter_of("j", "i", duration::max()) == jitter_of("j", "i", 24h * 366));
}

TEST_CASE("jitter: a start lies between its slot and the next one") {
  const wall_time slot{1'000'000'000s};
  for (int i = 0; i < 1000; ++i) {
    const auto item = std::to_string(i);
    for (const auto width : {1ms, 10ms, 60'000ms, 3'600'000ms, 86'400'000ms}) {
      const auto start = start_of(slot, slot + width, "job", item, 1h);
      CHECK(start >= slot);
      CHECK(start < slot + width);
      if (width >= 1h) {
        CHECK(start == slot + jitter_of("job", item, 1h));
      }
    }
    CHECK(start_of(slot, std::nullopt, "job", item, 1h) == slot + jitter_of("job", item, 1h));
  }
  // The order of items stays that of their jitter when there is less room.
  CHECK(start_of(slot, slot + 10s, "job", "a", 1h) - slot == jitter_of("job", "a", 10s));
}
