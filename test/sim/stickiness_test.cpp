#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "strategies/hash_strategies.hpp"
#include "test/sim/judge.hpp"
#include "zkstore/payloads.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

/// I4 in histories of three workers and one job.
namespace {

constexpr auto noon = time_point{12h};

struct history {
  timeline time{noon, {}};
  judge j;
  store::zxid_t zxid = 0;
  std::vector<store::node_change> changes;

  /// Three workers with x1, x2 and x4 at a, x3 at b, nothing at c; for so long that every plan knows it.
  explicit history(const std::string& strategy = {}) {
    for (const auto* w : {"a", "b", "c"}) {
      registration(w);
      create(std::string{"/djm/workers/"} + w + "/available/job");
      join(w);
    }
    store::pool_payload p;
    p.attributes.strategy = strategy;
    create("/djm/work-pool/job", encode(p));
    for (const auto* item : {"x1", "x2", "x3", "x4"}) {
      create(std::string{"/djm/work-pool/job/"} + item);
    }
    create("/djm/leader-latch/a-i1-0000000001", {}, 1);
    commit();
    give("x1", "a");
    give("x2", "a");
    give("x4", "a");
    give("x3", "b");
    commit();
    time.now += 20s;
  }

  void create(std::string path, std::string data = {}, store::session_id_t owner = 0) {
    auto& c = changes.emplace_back();
    c.path = std::move(path);
    c.data = std::move(data);
    c.ephemeral_owner = owner;
  }
  void remove(std::string path) {
    auto& c = changes.emplace_back();
    c.what = store::node_change::kind::remove;
    c.path = std::move(path);
  }
  void registration(const std::string& w, bool left = false) {
    store::worker_payload p;
    p.incarnation = w + "1";
    p.detach_ms = 2000;
    p.left = left;
    create("/djm/workers/" + w, encode(p));
  }
  void mark(const std::string& w, bool draining) {
    store::mark_payload m;
    m.draining = draining;
    create("/djm/marks/" + w, encode(m));
  }
  void join(const std::string& w) {
    store::alive_payload p;
    p.incarnation = w + "1";
    create("/djm/alive/" + w, encode(p), 100);
  }
  void set(std::string path, std::string data) {
    create(std::move(path), std::move(data));
    changes.back().what = store::node_change::kind::set;
  }
  void take(const std::string& item, const std::string& w, const std::string& job = "job") {
    remove("/djm/workers/" + w + "/assigned/" + job + '/' + item);
  }
  void give(const std::string& item, const std::string& w, const std::string& job = "job") {
    create("/djm/workers/" + w + "/assigned/" + job + '/' + item);
  }
  void move(const std::string& item, const std::string& from, const std::string& to) {
    take(item, from);
    give(item, to);
  }
  void commit() {
    store::committed_transaction t;
    t.zxid = ++zxid;
    t.session = 1;
    t.changes = std::exchange(changes, {});
    j.committed(t, time.now);
  }
  /// A worker without jobs is registered: plans have a reason, and the same result.
  void stir() {
    registration("d");
    commit();
  }
  void everything_of_a_to_c() {
    for (const auto* item : {"x1", "x2", "x4"}) {
      move(item, "a", "c");
    }
    commit();
  }
  bool says_i4() const {
    for (const auto& v : j.violations()) {
      if (v.invariant == "I4") {
        return true;
      }
    }
    return false;
  }
};

} // namespace

TEST_CASE("I4: a move for balance is in order") {
  history h;
  h.stir();
  h.move("x2", "a", "c");
  h.commit();
  CHECK_FALSE(h.says_i4());
  CHECK(h.j.moves().bounded == 1);
}

TEST_CASE("I4: more moves than lead to balance are noticed") {
  for (const auto* strategy : {"", "balanced", "evenly_spread"}) {
    CAPTURE(strategy);
    history h{strategy};
    h.stir();
    h.move("x2", "a", "c");
    h.move("x4", "a", "c");
    h.commit();
    CHECK(h.says_i4());
  }
  history free{"evenly_rendezvous"};
  free.stir();
  free.move("x2", "a", "c");
  free.move("x4", "a", "c");
  free.commit();
  CHECK_FALSE(free.says_i4());
}

TEST_CASE("I4: no bound is held against a plan beside a draining worker, nor against parts of plans") {
  history marked;
  marked.mark("b", true);
  marked.commit();
  marked.move("x2", "a", "c");
  marked.move("x4", "a", "c");
  marked.commit();
  CHECK_FALSE(marked.says_i4());
  CHECK(marked.j.moves().unbounded == 1);

  history part;
  part.stir();
  for (int i = 0; i < 200; ++i) {
    part.create("/djm/workers/b/assigned/other/y" + std::to_string(i));
  }
  part.commit();
  part.move("x2", "a", "c");
  part.move("x4", "a", "c");
  part.commit();
  CHECK_FALSE(part.says_i4());
}

TEST_CASE("I4: who has just come shares or does not, as the plan shows") {
  history h;
  h.registration("d");
  h.create("/djm/workers/d/available/job");
  h.join("d");
  h.commit();
  // Four workers, four items: one for each.
  h.move("x1", "a", "c");
  h.move("x2", "a", "d");
  h.commit();
  CHECK_FALSE(h.says_i4());

  history unaware;
  unaware.registration("d");
  unaware.create("/djm/workers/d/available/job");
  unaware.join("d");
  unaware.commit();
  unaware.move("x1", "a", "c");
  unaware.move("x2", "a", "b");
  unaware.commit();
  CHECK(unaware.says_i4());
}

TEST_CASE("I4: items of who is gone for a moment only are no part of a plan, or they are") {
  history h;
  h.remove("/djm/alive/b");
  h.commit();
  // Without x3 the others share three.
  h.move("x2", "a", "c");
  h.commit();
  CHECK_FALSE(h.says_i4());
  h.move("x1", "a", "c");
  h.commit();
  CHECK(h.says_i4());
}

TEST_CASE("I4: the totals of workers are evened out with the fewest moves") {
  for (const bool more : {false, true}) {
    history h;
    h.create("/djm/work-pool/other", encode(store::pool_payload{}));
    for (const auto* w : {"a", "b", "c"}) {
      h.create(std::string{"/djm/workers/"} + w + "/available/other");
    }
    for (const auto* item : {"y1", "y2", "y3", "y4"}) {
      h.create(std::string{"/djm/work-pool/other/"} + item);
    }
    h.commit();
    h.move("x2", "a", "c");
    h.give("y1", "a", "other");
    h.give("y2", "a", "other");
    h.give("y3", "b", "other");
    h.give("y4", "c", "other");
    h.commit();
    h.time.now += 10s;
    h.stir();
    // a has four, the others two each: one odd item goes elsewhere, of either job.
    h.move("x1", "a", "b");
    if (more) {
      h.take("y1", "a", "other");
      h.give("y1", "c", "other");
    }
    h.commit();
    CHECK(h.says_i4() == more);
  }
}

TEST_CASE("I4: with rendezvous an item goes to the heaviest worker only") {
  const auto heaviest = [](const std::string& item) {
    std::string best = "a";
    for (const auto* w : {"b", "c"}) {
      if (rendezvous_weight("job", item, w) > rendezvous_weight("job", item, best)) {
        best = w;
      }
    }
    return best;
  };
  std::size_t moved = 0;
  for (const auto* item : {"x1", "x2", "x4"}) {
    for (const auto* to : {"b", "c"}) {
      history h{"rendezvous"};
      h.stir();
      h.move(item, "a", to);
      h.commit();
      CHECK(h.says_i4() == (heaviest(item) != to));
      moved += heaviest(item) == to ? 1 : 0;
    }
  }
  CHECK(moved > 0);
}

TEST_CASE("I4: while nothing changes no built-in strategy moves anything") {
  for (const auto* strategy : {"", "evenly_rendezvous", "bounded_hash"}) {
    history h{strategy};
    h.move("x2", "a", "c");
    h.commit();
    CHECK(h.says_i4());
  }
  history h{"moody"};
  h.move("x2", "a", "c");
  h.commit();
  CHECK_FALSE(h.says_i4());
}

TEST_CASE("I4: locks that a worker takes do not make it new") {
  history h;
  h.stir();
  store::alive_payload p;
  p.incarnation = "a1";
  h.set("/djm/alive/a", encode(p));
  h.create("/djm/locks/job/x1.lock", "{}");
  h.commit();
  h.take("x1", "a");
  h.commit();
  CHECK(h.says_i4());
}

TEST_CASE("I4: giving and taking items of one job is noticed, unless the strategy does not know where items are") {
  for (const auto* strategy : {"", "balanced", "evenly_spread"}) {
    history h{strategy};
    h.move("x2", "a", "b");
    h.move("x3", "b", "a");
    h.commit();
    CHECK(h.says_i4());
  }
  history h{"evenly_rendezvous"};
  h.stir();
  h.move("x2", "a", "b");
  h.move("x3", "b", "a");
  h.commit();
  CHECK_FALSE(h.says_i4());
}

TEST_CASE("I4: an item taken from who can run it and given to nobody is noticed") {
  history h;
  h.take("x1", "a");
  h.commit();
  CHECK(h.says_i4());
}

TEST_CASE("I4: items of who is gone move after its D, not before") {
  history early;
  early.remove("/djm/alive/a");
  early.commit();
  early.time.now += 1s;
  early.everything_of_a_to_c();
  CHECK(early.says_i4());

  history late;
  late.remove("/djm/alive/a");
  late.commit();
  late.time.now += 2s;
  late.everything_of_a_to_c();
  CHECK_FALSE(late.says_i4());
}

TEST_CASE("I4: a plan from before somebody was gone may take some of its items") {
  history h;
  h.remove("/djm/alive/a");
  h.commit();
  h.time.now += 100ms;
  h.move("x2", "a", "c");
  h.commit();
  CHECK_FALSE(h.says_i4());
}

TEST_CASE("I4: who left loses its items at once, and who drains") {
  history left;
  left.remove("/djm/alive/a");
  left.registration("a", true);
  left.commit();
  left.everything_of_a_to_c();
  CHECK_FALSE(left.says_i4());

  history drains;
  drains.mark("a", true);
  drains.commit();
  drains.take("x1", "a");
  drains.commit();
  CHECK_FALSE(drains.says_i4());
}

TEST_CASE("I4: who has just been told to stay, or has just come back, may still lose its items once it is gone") {
  history drained;
  drained.mark("a", true);
  drained.commit();
  SUBCASE("still draining") {}
  SUBCASE("not any more") {
    drained.time.now += 1s;
    drained.mark("a", false);
    drained.commit();
  }
  drained.time.now += 1s;
  drained.remove("/djm/alive/a");
  drained.commit();
  drained.time.now += 500ms;
  drained.everything_of_a_to_c();
  CHECK_FALSE(drained.says_i4());
}

TEST_CASE("I4: a plan may be older than the return of who was gone for its D, but not of who was not") {
  for (const auto away : {1s, 2s}) {
    history h;
    h.remove("/djm/alive/a");
    h.commit();
    h.time.now += away;
    h.join("a");
    h.commit();
    h.time.now += 1s;
    h.remove("/djm/alive/a");
    h.commit();
    h.time.now += 1s;
    h.everything_of_a_to_c();
    CHECK(h.says_i4() == (away < 2s));
  }
}

TEST_CASE("I4: long after it has been told to stay a worker is protected again") {
  history h;
  h.mark("a", true);
  h.commit();
  h.mark("a", false);
  h.commit();
  h.time.now += 20s;
  h.remove("/djm/alive/a");
  h.commit();
  h.time.now += 1s;
  h.everything_of_a_to_c();
  CHECK(h.says_i4());
}

TEST_CASE("I4: the items of a job that its owner has withdrawn go, though its D is not over") {
  history h;
  h.remove("/djm/workers/a/available/job");
  h.remove("/djm/alive/a");
  h.commit();
  h.everything_of_a_to_c();
  CHECK_FALSE(h.says_i4());
}

TEST_CASE("I4: items that nobody wants any more, and those of a job that is off, go") {
  history h;
  h.remove("/djm/work-pool/job/x1");
  h.commit();
  h.take("x1", "a");
  h.commit();
  store::pool_payload off;
  off.enabled = false;
  h.create("/djm/work-pool/job", encode(off));
  h.commit();
  h.take("x2", "a");
  h.take("x3", "b");
  h.commit();
  CHECK_FALSE(h.says_i4());
}
