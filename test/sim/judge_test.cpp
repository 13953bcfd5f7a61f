#include <doctest/doctest.h>

#include "court.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

/// The judge is fed with histories that break one promise each: it has to complain, and only then.

TEST_CASE("an orderly hand-over breaks nothing") {
  court c;
  const auto t = c.lock(c.a, 100);
  c.begin(c.a, 1, t);
  c.end(c.a, 1);
  c.unlock(100);
  const auto u = c.lock(c.b, 200);
  c.begin(c.b, 1, u);
  c.end(c.b, 1);
  CHECK(c.broken() == broken{});
}

TEST_CASE("I1: a run without a lock is noticed") {
  court c;
  c.begin(c.a, 1, 7);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: a run with the lock of another is noticed") {
  court c;
  const auto t = c.lock(c.b, 200);
  c.begin(c.a, 1, t);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: a run with the token of an earlier lock is noticed") {
  court c;
  const auto t = c.lock(c.a, 100);
  c.unlock(100);
  c.lock(c.a, 100);
  c.begin(c.a, 1, t);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: two runs of an item on one node at once are noticed") {
  court c;
  const auto t = c.lock(c.a, 100);
  c.begin(c.a, 1, t);
  c.begin(c.a, 2, t);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: a lock given back while a run goes on is noticed") {
  court c;
  const auto t = c.lock(c.a, 100);
  c.begin(c.a, 1, t);
  c.unlock(100);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: a lock broken while its owner is alive is noticed") {
  court c;
  c.lock(c.b, 200);
  c.unlock(100);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: a lock broken before its owner has been gone for D is noticed") {
  for (const auto gone : {1s, 2s}) {
    court c;
    c.lock(c.b, 200);
    c.change(200, court::remove("/djm/alive/b"));
    c.time.now += gone;
    c.unlock(100);
    CHECK(c.broken() == (gone < 2s ? broken{"I1"} : broken{}));
  }
}

TEST_CASE("I1: D starts again when the owner was back in between") {
  court c;
  c.lock(c.b, 200);
  c.change(200, court::remove("/djm/alive/b"));
  c.time.now += 1500ms;
  c.join(c.b, 201);
  c.change(201, court::remove("/djm/alive/b"));
  c.time.now += 1500ms;
  c.unlock(100);
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: an item with two owners is noticed") {
  court c;
  c.change(100, court::create("/djm/workers/a/assigned/job/x"));
  CHECK(c.broken() == broken{});
  c.change(100, {court::remove("/djm/workers/a/assigned/job/x"), court::create("/djm/workers/b/assigned/job/x")});
  CHECK(c.broken() == broken{});
  c.change(100, court::create("/djm/workers/a/assigned/job/x"));
  CHECK(c.broken() == broken{"I1"});
}

TEST_CASE("I1: a dead process runs nothing any more") {
  court c;
  const auto t = c.lock(c.b, 200);
  c.begin(c.b, 1, t);
  c.j.died(c.b);
  c.change(200, court::remove("/djm/alive/b"));
  c.time.now += 2s;
  c.unlock(100);
  CHECK(c.broken() == broken{});
}

TEST_CASE("I2: a token that another holder has had is noticed") {
  court c;
  const auto t = c.lock(c.a, 100);
  c.begin(c.a, 1, t);
  c.end(c.a, 1);
  c.j.run_began(c.b, 1, "job", {{"x", t}}, false, c.time.now);
  bool said = false;
  for (const auto& v : c.j.violations()) {
    said |= v.invariant == "I2";
  }
  CHECK(said);
}

TEST_CASE("I5: a change in a quiet time is noticed, a probe is none") {
  court c;
  c.j.expect_quiet(true);
  c.change(100, std::vector<store::node_change>{});
  CHECK(c.broken() == broken{});
  c.change(100, {court::set("/djm/alive/a"), court::create("/djm/states/job"), court::set("/djm/states/job/x@slot")});
  CHECK(c.broken() == broken{});
  c.change(100, court::set("/djm/alive/a"));
  CHECK(c.broken() == broken{"I5"});
}

TEST_CASE("I6: an assignment by anybody but the lowest latch is noticed") {
  court c;
  c.change(200, court::create("/djm/leader-latch/b-i2-0000000002", "", 200));
  c.change(200, court::create("/djm/workers/a/assigned/job/x"));
  CHECK(c.broken() == broken{"I6"});
}

TEST_CASE("I6: leadership passes on with the latch") {
  court c;
  c.change(200, court::create("/djm/leader-latch/b-i2-0000000002", "", 200));
  c.change(100, court::remove("/djm/leader-latch/a-i1-0000000001"));
  c.change(200, court::create("/djm/workers/a/assigned/job/x"));
  CHECK(c.broken() == broken{});
}

TEST_CASE("I6: a lock broken by anybody but the leader is noticed") {
  court c;
  c.lock(c.a, 100);
  c.change(100, court::remove("/djm/alive/a"));
  c.time.now += 3s;
  c.unlock(200);
  CHECK(c.broken() == broken{"I6"});
}

TEST_CASE("I7: a run after the revocation is noticed, after a new grant it is none") {
  court c;
  c.j.told(c.a, items_granted{"job", {{"x", 1}}}, c.time.now);
  c.j.told(c.a, items_revoked{"job", {"x"}, stop_reason::revoked}, c.time.now);
  c.j.told(c.a, items_granted{"job", {{"x", 2}}}, c.time.now);
  c.j.told(c.a, run_started{"job", 1, {{"x", 2}}}, c.time.now);
  CHECK(c.broken() == broken{});
  c.j.told(c.a, items_revoked{"job", {"x"}, stop_reason::revoked}, c.time.now);
  c.j.told(c.a, run_started{"job", 2, {{"x", 2}}}, c.time.now);
  CHECK(c.broken() == broken{"I7"});
}

TEST_CASE("I3 and I9: an item that is gone, unowned, unlocked or idle is noticed") {
  court c;
  judge::expectation e;
  e.jobs["job"] = {"x"};
  e.since = c.time.now;
  const auto says = [&](const std::string& invariant) {
    const auto before = c.j.violations().size();
    c.j.quiescent(e, c.time.now);
    return c.j.violations().size() > before && c.j.violations().back().invariant == invariant;
  };
  CHECK(says("I9"));
  c.change(100, {court::create("/djm/work-pool/job"), court::create("/djm/work-pool/job/x")});
  CHECK(says("I3"));
  c.change(100, court::create("/djm/workers/a/assigned/job/x"));
  CHECK(says("I3"));
  const auto t = c.lock(c.a, 100);
  CHECK(says("I3"));
  c.begin(c.a, 1, t);
  CHECK_FALSE(says("I3"));
  c.end(c.a, 1);
  CHECK_FALSE(says("I3"));
  e.since = c.time.now + 1s;
  CHECK(says("I3"));
}

TEST_CASE("I8: a lock without an owner who knows of it is noticed") {
  court c;
  c.lock(c.a, 100);
  c.j.quiescent({}, c.time.now);
  CHECK(c.broken() == broken{"I8"});
  court d;
  d.change(100, court::create("/djm/workers/b/assigned/job/x"));
  d.lock(d.b, 200);
  d.j.quiescent({}, d.time.now);
  CHECK(d.broken() == broken{});
  d.change(200, court::remove("/djm/alive/b"));
  d.j.quiescent({}, d.time.now);
  CHECK(d.broken() == broken{"I8"});
}

TEST_CASE("I10: a part of a node that dies is noticed") {
  timeline time{noon, {}};
  process p{time, 1, 0, "a", {}};
  judge j;
  j.started(p, 2s, noon);
  j.told(p, problem{"worker", {errc::internal, "somebody is annoyed"}}, noon);
  CHECK(j.violations().empty());
  j.told(p, problem{"worker", {errc::internal, "worker failed and is rebuilt: oh"}}, noon);
  REQUIRE(j.violations().size() == 1);
  CHECK(j.violations().front().invariant == "I10");
}

TEST_CASE("a stranger's writes are nobody's fault") {
  court c;
  c.j.foreign(666);
  const auto t = c.lock(c.a, 100);
  c.begin(c.a, 1, t);
  c.unlock(666);
  c.change(666, court::create("/djm/workers/a/assigned/job/y"));
  CHECK(c.broken() == broken{});
}

TEST_CASE("I6: a stranger's node among the latches leads nobody") {
  court c;
  c.change(666, court::create("/djm/leader-latch/unreadable", "", 666));
  c.change(100, court::create("/djm/workers/a/assigned/job/x"));
  CHECK(c.broken() == broken{});
}

TEST_CASE("I10: what is tried in vain for a minute has to be a problem of the component that tries it") {
  const auto try_for = [](court& c, std::chrono::seconds span) {
    for (const auto end = c.time.now + span; c.time.now < end; c.time.now += 5s) {
      c.j.tried(c.a, "keeper", "pool", false, c.time.now);
    }
  };
  SUBCASE("in silence") {
    court c;
    try_for(c, 90s);
    CHECK(c.broken() == broken{"I10"});
  }
  SUBCASE("not for long") {
    court c;
    try_for(c, 50s);
    c.j.tried(c.a, "keeper", "pool", true, c.time.now);
    try_for(c, 50s);
    c.time.now += 1h;
    try_for(c, 50s);
    CHECK(c.broken() == broken{});
  }
  SUBCASE("with a problem") {
    court c;
    c.j.told(c.a, problem{"keeper", {errc::timed_out, "text"}, "writing pools"}, c.time.now);
    try_for(c, 90s);
    CHECK(c.broken() == broken{});
    c.j.told(c.a, problem_over{"keeper", "writing pools"}, c.time.now);
    try_for(c, 10s); // shown a moment ago
    CHECK(c.broken() == broken{});
    try_for(c, 20s);
    CHECK(c.broken() == broken{"I10"});
  }
  SUBCASE("with somebody else's problem") {
    court c;
    c.j.told(c.b, problem{"keeper", {errc::timed_out, "text"}, "writing pools"}, c.time.now);
    c.j.told(c.a, problem{"worker", {errc::timed_out, "text"}, "locks"}, c.time.now);
    try_for(c, 90s);
    CHECK(c.broken() == broken{"I10"});
  }
}
