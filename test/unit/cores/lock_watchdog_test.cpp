#include <doctest/doctest.h>

#include "actors/manager/lock_watchdog.hpp"
#include "test/unit/cores/show.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;

namespace {

const incarnation_ref v{"v", "i1"};
const item_ref lock{"j", "a"};

registration_seen registered(store::zxid_t mzxid, std::int32_t version, std::string incarnation,
                             std::int64_t took_over = -1) {
  registration_seen x{mzxid};
  x.czxid = 1;
  x.version = version;
  x.incarnation = std::move(incarnation);
  x.took_over = took_over;
  return x;
}

} // namespace

TEST_CASE("watchdog: an incarnation that is there has no clock") {
  lock_watchdog d;
  CHECK_FALSE(d.observe(v, 5, "i1", seconds{10}, at(0)));
  CHECK(d.find(v) == nullptr);
  CHECK_FALSE(d.expired(v, at(100)));
}

TEST_CASE("watchdog: the clock starts with the first read that shows it gone and later reads do not move it") {
  lock_watchdog d;
  CHECK(d.observe(v, 5, "", seconds{10}, at(0)));
  CHECK(d.observe(v, 5, "", seconds{10}, at(6)));
  CHECK_FALSE(d.expired(v, at(9.9)));
  CHECK(d.expired(v, at(10)));
  CHECK_FALSE(d.stays_gone(v, at(10))); // it may have been back, unheard
  CHECK(d.observe(v, 5, "", seconds{10}, at(12)));
  CHECK(d.stays_gone(v, at(12)));
}

TEST_CASE("watchdog: another incarnation in its place is gone as well") {
  lock_watchdog d;
  CHECK(d.observe(v, 5, "i2", seconds{10}, at(0)));
  CHECK(d.expired(v, at(10)));
}

TEST_CASE("watchdog: a registration written meanwhile starts the clock again, for its locks too") {
  lock_watchdog d;
  d.observe(v, 5, "", seconds{10}, at(0));
  d.suspect(v, lock, seconds{20});
  CHECK(d.observe(v, 6, "", seconds{10}, at(8)));
  CHECK_FALSE(d.expired(v, at(17)));
  CHECK(d.expired(v, at(18)));
  CHECK_FALSE(d.due(at(27), 10));
  REQUIRE(d.due(at(28), 10));
  CHECK(d.due(at(28), 10)->second == std::vector<item_ref>{lock});
}

TEST_CASE("watchdog: a life whose id another one has taken from just what was seen keeps its clock") {
  lock_watchdog d;
  d.observe(v, registered(5, 3, "i1"), "", seconds{10}, at(0));
  d.suspect(v, lock, seconds{20});
  CHECK(d.observe(v, registered(6, 4, "i2", 3), "i2", seconds{10}, at(8)));
  CHECK(d.expired(v, at(10)));
  CHECK(d.due(at(20), 10));
}

TEST_CASE("watchdog: lives that follow, and marks, do not restart the clock of one that is over for good") {
  lock_watchdog d;
  d.observe(v, registered(5, 3, "i2", 2), "", seconds{10}, at(0));
  CHECK(d.observe(v, registered(8, 6, "i3", 4), "i3", seconds{10}, at(4)));
  CHECK(d.observe(v, registered(9, 7, "i3", 4), "i3", seconds{10}, at(7))); // a mark
  CHECK(d.observe(v, registered(10, 8, "i4", 7), "", seconds{10}, at(9)));
  CHECK(d.expired(v, at(10)));
}

TEST_CASE("watchdog: a life that may have been back before another one took its id starts again, once") {
  lock_watchdog d;
  d.observe(v, registered(5, 3, "i1"), "", seconds{10}, at(0));
  // Version 4 is a write that nobody here has seen: it may have been a join of i1.
  CHECK(d.observe(v, registered(8, 5, "i2", 4), "i2", seconds{10}, at(8)));
  CHECK_FALSE(d.expired(v, at(17)));
  CHECK(d.observe(v, registered(9, 6, "i3", 5), "i3", seconds{10}, at(16)));
  CHECK(d.expired(v, at(18)));
}

TEST_CASE("watchdog: a registration that was removed and made anew, or cannot be read, proves nothing") {
  lock_watchdog d;
  d.observe(v, registered(5, 3, "i2"), "", seconds{10}, at(0));
  auto anew = registered(8, 1, "i3");
  anew.czxid = 7;
  CHECK(d.observe(v, anew, "i3", seconds{10}, at(4)));
  CHECK_FALSE(d.expired(v, at(13)));
  auto unreadable = registered(9, 2, "");
  unreadable.czxid = 7;
  CHECK(d.observe(v, unreadable, "i3", seconds{10}, at(8)));
  CHECK_FALSE(d.expired(v, at(17)));
}

TEST_CASE("watchdog: an incarnation that was seen back starts from nothing when it goes again") {
  lock_watchdog d;
  d.observe(v, 5, "", seconds{10}, at(0));
  d.suspect(v, lock, seconds{10});
  CHECK_FALSE(d.observe(v, 5, "i1", seconds{10}, at(5)));
  CHECK(d.observe(v, 5, "", seconds{10}, at(6)));
  CHECK_FALSE(d.due(at(100), 10));
  CHECK_FALSE(d.expired(v, at(15)));
}

TEST_CASE("watchdog: a lock is due when its own tolerance is over, and settled once") {
  lock_watchdog d;
  d.observe(v, 5, "", seconds{10}, at(0));
  d.suspect(v, lock, seconds{30});
  d.suspect({"w", "i1"}, lock, seconds{1}); // nobody is known to be gone
  CHECK(*d.next_due(at(0)) == at(10));
  CHECK(*d.next_due(at(10)) == at(30));
  CHECK_FALSE(d.due(at(29), 10));
  REQUIRE(d.due(at(30), 10));
  d.settled(v, lock);
  CHECK_FALSE(d.due(at(30), 10));
  CHECK_FALSE(d.next_due(at(30)));
}

TEST_CASE("watchdog: work comes in portions of one incarnation") {
  lock_watchdog d;
  for (const auto& who : {v, incarnation_ref{"w", "i1"}}) {
    d.observe(who, 5, "", seconds{1}, at(0));
    for (int i = 0; i < 5; ++i) {
      d.suspect(who, {"j", item_id{who.worker + std::to_string(i)}}, seconds{1});
    }
  }
  CHECK(d.due(at(2), 3)->second.size() == 3);
  CHECK(d.due(at(2), 100)->second.size() == 5);
}
