#include <doctest/doctest.h>

#include "court.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

/// How long a run counts that cannot be stopped: of a frozen process, or one that ignores its stop request.

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
    if (wait < 3s) {
      continue;
    }
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

TEST_CASE("I1: whose registration somebody else removes has D from there, and not before") {
  for (const auto wait : {2400ms, 2700ms}) {
    court c;
    c.j.foreign(666);
    const auto t = c.lock(c.b, 200);
    c.probes(c.b, 200); // deadline = noon + 3.8 s
    c.begin(c.b, 1, t, true);
    c.change(666, court::remove("/djm/alive/b")); // deadline = now + D - 5 % of T + D = noon + 2.5 s
    c.time.now = noon + wait;
    // A start without a lock, which is noticed as well: breaking b's would be too early by D in both cases.
    const auto before = c.j.violations().size();
    c.j.run_began(c.a, 1, "job", {{"x", t}}, false, c.time.now);
    bool overlaps = false;
    for (std::size_t i = before; i < c.j.violations().size(); ++i) {
      overlaps |= c.j.violations()[i].text.find("works on it") != std::string::npos;
    }
    CHECK(overlaps == (wait < 2500ms));
  }
}

TEST_CASE("I9: a pool that falls back to an earlier wish while the later one's writer lives is noticed") {
  court c;
  const auto pool = [](const node_id& writer, const char* incarnation, std::int64_t wish) {
    store::pool_payload p;
    p.last_writer = writer;
    p.writer_incarnation = incarnation;
    p.wish = wish;
    return encode(p);
  };
  const auto rewrite = [&](std::string data) {
    auto change = court::set("/djm/work-pool/job");
    change.data = std::move(data);
    c.change(100, std::move(change));
  };
  c.change(200, {court::create("/djm/work-pool/job", pool("b", c.b.incarnation().c_str(), 7)),
                 court::create("/djm/workers/b/available/job")});
  SUBCASE("a later wish") {
    rewrite(pool("a", c.a.incarnation().c_str(), 8));
    CHECK(c.broken() == broken{});
  }
  SUBCASE("an earlier one, although the writer lives and offers the job") {
    rewrite(pool("a", c.a.incarnation().c_str(), 3));
    CHECK(c.broken() == broken{"I9"});
  }
  SUBCASE("an earlier one, when the writer does not offer it any more") {
    c.change(200, court::remove("/djm/workers/b/available/job"));
    rewrite(pool("a", c.a.incarnation().c_str(), 3));
    CHECK(c.broken() == broken{});
  }
}

TEST_CASE("I1: a command outlives its node, and nothing excuses it when the next run of its item begins") {
  for (const bool dead : {false, true}) {
    court c;
    const auto t = c.lock(c.b, 200);
    c.probes(c.b, 200); // deadline = noon + 3.8 s
    c.j.run_began(c.b, 1, "job", {{"x", t}}, false, c.time.now, 0, true);
    c.j.paused(c.b, c.time.now);
    c.change(0, court::remove("/djm/alive/b"));
    c.time.now = noon + 4s; // the run of the frozen process counts no more
    if (dead) {
      c.j.command_ended(c.b, 1);
    }
    c.unlock(100);
    CHECK(c.broken() == broken{});
    const auto u = c.lock(c.a, 100);
    c.begin(c.a, 1, u);
    CHECK(c.broken() == (dead ? broken{} : broken{"I1"}));
  }
}

TEST_CASE("I1: a command counts for the items that its run still has, and until somebody meddles") {
  for (const int what : {0, 1, 2, 3}) {
    court c;
    c.j.foreign(666);
    const auto t = c.lock(c.b, 200);
    c.probes(c.b, 200);
    c.j.run_began(c.b, 1, "job", {{"x", t}}, false, c.time.now, 0, true);
    if (what == 1) {
      c.j.item_released(c.b, 1, "x", c.time.now);
    }
    if (what == 2) {
      c.change(666, court::remove("/djm/alive/b"));
    }
    if (what == 3) {
      c.j.item_released(c.b, 1, "y", c.time.now); // it has none such
    }
    c.j.died(c.b);
    c.j.run_ended(c.b, 1, c.time.now); // the node has: its command has not
    c.change(0, what == 2 ? court::create("/djm/nothing") : court::remove("/djm/alive/b"));
    c.time.now += 10s;
    c.unlock(100);
    const auto u = c.lock(c.a, 100);
    c.begin(c.a, 1, u);
    CHECK(c.broken() == (what == 0 || what == 3 ? broken{"I1"} : broken{}));
  }
}
