#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "test/sim/judge.hpp"
#include "zkstore/payloads.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

/// The judge is fed with histories that break one promise each: it has to complain, and only then.
namespace {

constexpr auto noon = time_point{12h};

struct court {
  timeline time{noon, {}};
  process a{time, 1, 0, "a", {}};
  process b{time, 2, 1, "b", {}};
  judge j;
  store::zxid_t zxid = 0;

  court() {
    j.started(a, 2s, noon);
    j.started(b, 2s, noon);
    join(a, 100);
    join(b, 200);
    change(100, create("/djm/leader-latch/a-i1-0000000001", "", 100));
  }

  static store::node_change create(std::string path, std::string data = {}, store::session_id_t owner = 0) {
    store::node_change c;
    c.what = store::node_change::kind::create;
    c.path = std::move(path);
    c.data = std::move(data);
    c.ephemeral_owner = owner;
    return c;
  }
  static store::node_change remove(std::string path) {
    store::node_change c;
    c.what = store::node_change::kind::remove;
    c.path = std::move(path);
    return c;
  }
  static store::node_change set(std::string path) {
    store::node_change c;
    c.what = store::node_change::kind::set;
    c.path = std::move(path);
    return c;
  }
  void change(store::session_id_t by, std::vector<store::node_change> changes) {
    store::committed_transaction t;
    t.zxid = ++zxid;
    t.session = by;
    t.changes = std::move(changes);
    j.committed(t, time.now);
  }
  void change(store::session_id_t by, store::node_change c) { change(by, std::vector{std::move(c)}); }
  void join(const process& p, store::session_id_t s) {
    store::alive_payload x;
    x.incarnation = p.incarnation();
    change(s, create("/djm/alive/" + p.node(), encode(x), s));
  }
  fencing_token lock(const process& p, store::session_id_t s, const std::string& item = "x") {
    store::lock_payload x;
    x.worker = p.node();
    x.incarnation = p.incarnation();
    x.detach_ms = 2000;
    change(s, create("/djm/locks/job/" + item + ".lock", encode(x)));
    return zxid;
  }
  void unlock(store::session_id_t s, const std::string& item = "x") {
    change(s, remove("/djm/locks/job/" + item + ".lock"));
  }
  void begin(const process& p, run_id run, fencing_token t, bool stubborn = false) {
    j.run_began(p, run, "job", {{"x", t}}, stubborn, time.now);
  }
  void end(const process& p, run_id run) { j.run_ended(p, run, time.now); }
  void probes(const process& p, store::session_id_t s) {
    j.probe_answered(p, s, time.now, 2s);
    time.now += 700ms;
    j.probe_answered(p, s, time.now, 2s);
  }
  /// Which invariants were broken, once each.
  std::vector<std::string> broken() const {
    std::vector<std::string> names;
    for (const auto& v : j.violations())
      if (names.empty() || names.back() != v.invariant)
        names.push_back(v.invariant);
    return names;
  }
};

using broken = std::vector<std::string>;

} // namespace

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

TEST_CASE("I1: a paused run counts until the deadline and not beyond") {
  for (const auto wait : {2500ms, 4000ms}) {
    court c;
    const auto t = c.lock(c.b, 200);
    c.probes(c.b, 200); // deadline = noon + T + D - 5 % = noon + 3.8 s
    c.begin(c.b, 1, t);
    c.j.paused(c.b, c.time.now);
    c.time.now = noon + 100ms;
    c.change(0, court::remove("/djm/alive/b"));
    c.time.now = noon + wait;
    c.unlock(100);
    CHECK(c.broken() == (wait < 3s ? broken{"I1"} : broken{}));
    if (wait < 3s)
      continue;
    const auto u = c.lock(c.a, 100);
    c.begin(c.a, 1, u);
    c.j.resumed(c.b, c.time.now);
    c.time.now += 10ms;
    c.end(c.b, 1);
    CHECK(c.broken() == broken{});
  }
}

TEST_CASE("I1: what a resumed process starts is judged again") {
  court c;
  const auto t = c.lock(c.b, 200);
  c.probes(c.b, 200);
  c.j.paused(c.b, c.time.now);
  c.change(200, court::remove("/djm/alive/b"));
  c.time.now += 10s;
  c.unlock(100);
  const auto u = c.lock(c.a, 100);
  c.begin(c.a, 1, u);
  c.j.resumed(c.b, c.time.now);
  CHECK(c.broken() == broken{});
  c.begin(c.b, 1, t);
  CHECK(c.j.violations().size() >= 2);
}

TEST_CASE("I1: a run that ignores its stop request is excused only past the deadline") {
  for (const auto wait : {3s, 4s}) {
    court c;
    const auto t = c.lock(c.b, 200);
    c.probes(c.b, 200);
    c.begin(c.b, 1, t, true);
    c.time.now = noon + 500ms;
    c.change(0, court::remove("/djm/alive/b"));
    c.time.now = noon + wait;
    c.unlock(100);
    CHECK(c.broken() == (wait < 4s ? broken{"I1"} : broken{}));
  }
}

TEST_CASE("I1: who leaves with a run under way has D from there, whatever contact there was") {
  court c;
  const auto t = c.lock(c.b, 200);
  c.probes(c.b, 200); // deadline = noon + 3.8 s
  c.begin(c.b, 1, t, true);
  c.change(200, court::remove("/djm/alive/b")); // deadline = now + D - 5 % of T + D = noon + 2.5 s
  c.time.now = noon + 3s;
  c.unlock(100);
  CHECK(c.broken() == broken{});
}

TEST_CASE("I1: who asks for the end of its session has D from there, and not before") {
  for (const auto wait : {3100ms, 3500ms}) {
    court c;
    const auto t = c.lock(c.b, 200);
    c.probes(c.b, 200); // deadline = noon + 3.8 s
    c.begin(c.b, 1, t);
    c.change(0, court::remove("/djm/alive/b"));
    c.time.now = noon + 1500ms;
    c.j.closed(c.b, c.time.now); // deadline = now + D - 5 % of T + D = noon + 3.3 s
    c.j.paused(c.b, c.time.now);
    c.time.now = noon + wait;
    c.unlock(100);
    CHECK(c.broken() == (wait < 3300ms ? broken{"I1"} : broken{}));
  }
}

TEST_CASE("I1: a run that went on past its deadline stays past it when its node is back") {
  court c;
  const auto t = c.lock(c.b, 200);
  c.probes(c.b, 200);
  c.begin(c.b, 1, t, true);
  c.change(0, court::remove("/djm/alive/b"));
  c.time.now = noon + 5s;
  c.unlock(100);
  c.join(c.b, 201);
  c.probes(c.b, 201);
  const auto u = c.lock(c.a, 100);
  c.begin(c.a, 1, u);
  CHECK(c.broken() == broken{});
}

TEST_CASE("I1: contact counts only for the session that owns the registration, and only once followed") {
  court c;
  const auto t = c.lock(c.b, 200);
  c.j.probe_answered(c.b, 200, c.time.now, 2s);
  c.time.now += 200ms;
  c.j.probe_answered(c.b, 200, c.time.now, 2s); // too soon after the first
  c.time.now += 700ms;
  c.j.probe_answered(c.b, 999, c.time.now, 2s); // another session
  c.begin(c.b, 1, t, true);
  c.time.now += 100ms;
  c.change(200, court::remove("/djm/alive/b"));
  c.time.now += 2s;
  c.unlock(100);
  CHECK(c.broken() == broken{});
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
  for (const auto& v : c.j.violations())
    said |= v.invariant == "I2";
  CHECK(said);
}

TEST_CASE("I5: a change in a quiet time is noticed, a probe is none") {
  court c;
  c.j.expect_quiet(true);
  c.change(100, std::vector<store::node_change>{});
  CHECK(c.broken() == broken{});
  c.change(100, court::set("/djm/worker-version"));
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
