#include <doctest/doctest.h>

#include <string>
#include <vector>

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
    for (const auto* item : {"x1", "x2", "x3", "x4"})
      create(std::string{"/djm/work-pool/job/"} + item);
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
  void registration(const std::string& w, bool draining = false, bool left = false) {
    store::worker_payload p;
    p.incarnation = w + "1";
    p.detach_ms = 2000;
    p.draining = draining;
    p.left = left;
    create("/djm/workers/" + w, encode(p));
  }
  void join(const std::string& w) {
    store::alive_payload p;
    p.incarnation = w + "1";
    create("/djm/alive/" + w, encode(p), 100);
  }
  void take(const std::string& item, const std::string& w) { remove("/djm/workers/" + w + "/assigned/job/" + item); }
  void give(const std::string& item, const std::string& w) { create("/djm/workers/" + w + "/assigned/job/" + item); }
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
  void everything_of_a_to_c() {
    for (const auto* item : {"x1", "x2", "x4"})
      move(item, "a", "c");
    commit();
  }
  bool says_i4() const {
    for (const auto& v : j.violations())
      if (v.invariant == "I4")
        return true;
    return false;
  }
};

} // namespace

TEST_CASE("I4: a move for balance is in order") {
  history h;
  h.move("x2", "a", "c");
  h.commit();
  CHECK_FALSE(h.says_i4());
}

TEST_CASE("I4: giving and taking items of one job is noticed, unless the strategy does not know where items are") {
  for (const auto* strategy : {"", "balanced", "evenly_spread"}) {
    history h{strategy};
    h.move("x2", "a", "b");
    h.move("x3", "b", "a");
    h.commit();
    CHECK(h.says_i4());
  }
  history h{"rendezvous"};
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
  left.registration("a", false, true);
  left.commit();
  left.everything_of_a_to_c();
  CHECK_FALSE(left.says_i4());

  history drains;
  drains.registration("a", true);
  drains.commit();
  drains.take("x1", "a");
  drains.commit();
  CHECK_FALSE(drains.says_i4());
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
