#include <doctest/doctest.h>

#include "test/unit/cores/keeper_rig.hpp"

using namespace djm;
using namespace djm::test;

/// From when on slots count, where the clock of whoever wrote it was ahead of the store's.
TEST_CASE("keeper: slots count from when the record was written at the latest where that moment is to come") {
  constexpr std::int64_t right_ms = 1'700'000'000'000;
  for (const std::int64_t ahead_ms : {0, 9'000, 48 * 3'600'000}) {
    CAPTURE(ahead_ms);
    keeper_rig r;
    r.tree.wall_ms = right_ms;
    r.d.wall_ms = right_ms + ahead_ms;
    r.offer("j");
    r.pool("j", {"a"});
    r.d.connect();
    REQUIRE_FALSE(r.d.followed.empty());
    // By its own clock it is right; days beside the store's that clock is wrong itself.
    CHECK(r.d.followed.back().what.slots_since_ms == right_ms + (ahead_ms > 24 * 3'600'000 ? 10'000 : ahead_ms));

    driver<keeper_core> other{keeper_core{keeper_rig::settings(200, "/djm", "v", "i2")}, r.tree};
    other.view.timeout = seconds{10};
    other.wall_ms = right_ms;
    other.call(&keeper_core::on_offer, keeper_rig::job("j"), false, 0);
    other.call(&keeper_core::on_pool, job_id{"j"}, std::vector<item_id>{"a"});
    other.connect();
    REQUIRE_FALSE(other.followed.empty());
    CHECK(other.followed.back().what.slots_since_ms == right_ms + std::min<std::int64_t>(ahead_ms, 10'000));
  }
}

TEST_CASE("keeper: slots count from no earlier moment because the store's clock is behind") {
  constexpr std::int64_t right_ms = 1'700'000'000'000;
  keeper_rig r;
  r.tree.wall_ms = right_ms - 3'600'000;
  r.d.wall_ms = right_ms;
  r.offer("j");
  r.pool("j", {"a"});
  r.d.connect();
  REQUIRE_FALSE(r.d.followed.empty());
  CHECK(r.d.followed.back().what.slots_since_ms == right_ms);
}
