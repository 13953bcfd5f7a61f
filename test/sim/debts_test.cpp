#include <doctest/doctest.h>

#include "court.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

namespace {

/// The leader a goes on for this long; the store hears of it all the time.
void goes_on(court& c, duration span) {
  for (const auto end = c.time.now + span; c.time.now < end;) {
    c.probes(c.a, 100);
    c.change(100, std::vector<store::node_change>{});
  }
}

void b_crashes(court& c) {
  c.j.died(c.b);
  c.change(0, court::remove("/djm/alive/b"));
}

/// A job of one item that a offers.
void offer(court& c) {
  c.change(100, {court::create("/djm/work-pool/job", encode(store::pool_payload{})),
                 court::create("/djm/work-pool/job/x"), court::create("/djm/workers/a/available/job")});
}

} // namespace

TEST_CASE("I8: a lock of somebody who is gone has to go while one leader is well, in about D and a sweep") {
  court c;
  c.lock(c.b, 200);
  goes_on(c, 30s);
  b_crashes(c);
  goes_on(c, 9s);
  CHECK(c.broken() == broken{});
  goes_on(c, 3s);
  CHECK(c.broken() == broken{"I8"});
}

TEST_CASE("I8: another leader counts anew, and so does one that was away") {
  for (const bool away : {false, true}) {
    court c;
    c.lock(c.b, 200);
    b_crashes(c);
    goes_on(c, 8s);
    if (away) {
      c.time.now += 4s;
      c.change(100, std::vector<store::node_change>{});
    } else {
      c.change(100, {court::remove("/djm/leader-latch/a-i1-0000000001"),
                     court::create("/djm/leader-latch/a-i1-0000000002", "", 300)});
      c.change(100, {court::remove("/djm/leader-latch/a-i1-0000000002"),
                     court::create("/djm/leader-latch/a-i1-0000000003", "", 100)});
      c.time.now += 250ms;
      c.change(100, std::vector<store::node_change>{});
    }
    goes_on(c, 8s);
    CHECK(c.broken() == (away ? broken{} : broken{"I8"})); // changes within one look are none
  }
}

TEST_CASE("I3: an item that a healthy node offers has to be held, whoever crashes with it again and again") {
  for (const bool held : {false, true}) {
    court c;
    offer(c);
    if (held) {
      c.lock(c.a, 100);
    }
    goes_on(c, 30s);
    CHECK(c.broken() == (held ? broken{} : broken{"I3"}));
  }
  // Those who die with it do not count, nor do their locks.
  court c;
  offer(c);
  b_crashes(c);
  for (int life = 0; life < 10; ++life) {
    c.join(c.b, 200);
    c.change(200, court::remove("/djm/alive/b"));
    c.lock(c.b, 200);
    goes_on(c, 3s);
    c.change(100, court::remove("/djm/locks/job/x.lock"));
  }
  CHECK(c.broken().back() == "I3");
}

TEST_CASE("I3: nothing is owed of a job that is off, of a node that was marked, or while the store refuses something") {
  const auto nothing = [](auto make) {
    court c;
    offer(c);
    make(c);
    goes_on(c, 30s);
    CHECK(c.broken() == broken{});
  };
  nothing([](court& c) {
    store::pool_payload off;
    off.enabled = false;
    auto change = court::set("/djm/work-pool/job");
    change.data = encode(off);
    c.change(100, change);
  });
  nothing([](court& c) { c.change(0, court::create("/djm/marks/a", encode(store::mark_payload{false, true}))); });
  nothing([](court& c) { c.change(100, court::remove("/djm/workers/a/available/job")); });
  nothing([](court& c) { c.j.hinders(true); });
}
