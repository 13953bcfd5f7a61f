#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;
using owners = std::map<item_id, node_id>;

/// v owns a and has locked it; D = 10 s.
struct break_rig : manager_rig {
  explicit break_rig(std::int64_t lock_detach_ms = 10'000) {
    session = worker("v");
    add_pool(tree, "j", {"a"});
    lead();
    put_lock(tree, "j", "a", "v", "i1", lock_detach_ms);
  }
  fake_store::session session = 0;
};

} // namespace

TEST_CASE("manager: the lock of a worker that is gone is broken D after the receipt of the read that showed it") {
  break_rig r;
  r.worker("w");
  r.pass(seconds{1});
  const auto gone_at = r.d.now;
  r.tree.end(r.session);
  r.pass(milliseconds{9'900});
  CHECK(r.locked("a"));
  CHECK(r.owners() == owners{{"a", "v"}}); // a blip moves nothing
  r.pass(milliseconds{300});
  CHECK_FALSE(r.locked("a"));
  CHECK(r.owners() == owners{{"a", "w"}});
  CHECK(r.d.now - gone_at < seconds{11});
  CHECK(r.status().counters.broken_locks == 1);
}

TEST_CASE("manager: D is the one written in the lock, not the one of the registration") {
  break_rig r{40'000};
  r.tree.end(r.session);
  r.pass(seconds{39});
  CHECK(r.locked("a"));
  r.pass(seconds{2});
  CHECK_FALSE(r.locked("a"));
}

TEST_CASE("manager: the break reads in order and is guarded by latch, worker-version and assignment version") {
  break_rig r;
  r.tree.end(r.session);
  r.pass(seconds{5});
  r.d.take_written();
  // Step by step up to the read before the break.
  std::string reads;
  for (int n = 0; n < 100 && r.locked("a"); ++n) {
    while (!r.d.reads.empty()) {
      if (show(r.d.reads.front()).find("get locks/j/a.lock") != std::string::npos) {
        reads = show(r.d.reads.front());
      }
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    }
    if (!r.d.commits.empty()) {
      r.d.answer_commit();
    } else if (!r.answer_plan()) {
      r.d.now = *r.d.core.wake_at();
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
  }
  CHECK(reads == "read[get worker-version, get workers/v, get alive/v, get locks/j/a.lock]");
  REQUIRE_FALSE(r.d.written.empty());
  const auto t = r.d.written.back();
  CHECK(t.find("check leader-latch/m-im-0000000000, check worker-version@") == 0);
  CHECK(t.find(", set worker-assignment-version@") != std::string::npos);
  CHECK(t.find(", remove locks/j/a.lock@0") != std::string::npos);
}

TEST_CASE("manager: a worker that is back in time keeps its lock and its items") {
  break_rig r;
  r.worker("w");
  r.pass(seconds{1});
  r.tree.end(r.session);
  r.pass(seconds{8});
  enlist(r.tree, r.tree.open(), "v", "i1", {"j"});
  r.pass(seconds{60});
  CHECK(r.locked("a"));
  CHECK(r.owners() == owners{{"a", "v"}});
  CHECK(r.status().counters.broken_locks == 0);
}

TEST_CASE("manager: the clock starts again when the worker was back in between") {
  break_rig r;
  r.tree.end(r.session);
  r.pass(seconds{8});
  // Back and gone again so quickly that no read saw it alive; its join wrote `workers/v`.
  auto s = r.tree.open();
  enlist(r.tree, s, "v", "i1", {"j"});
  r.tree.end(s);
  r.pass(seconds{9});
  CHECK(r.locked("a"));
  r.pass(seconds{2});
  CHECK_FALSE(r.locked("a"));
}

TEST_CASE("manager: a re-join and a break can never both succeed") {
  break_rig r;
  r.tree.end(r.session);
  r.pass(milliseconds{9'500});
  // The transaction that breaks is on its way when the worker joins again.
  for (int n = 0; n < 100 && r.d.held.empty(); ++n) {
    r.d.fates = {fate::delayed};
    r.pass(milliseconds{50});
  }
  REQUIRE_FALSE(r.d.held.empty());
  REQUIRE(r.locked("a"));
  enlist(r.tree, r.tree.open(), "v", "i1", {"j"});
  r.d.fates.clear();
  r.d.answer_held();
  r.pass(seconds{60});
  CHECK(r.locked("a"));
  CHECK(r.owners() == owners{{"a", "v"}});
}

TEST_CASE("manager: a break whose outcome is unknown is looked at again and never meets a stranger's lock") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    CAPTURE(f == fate::unknown_applied);
    break_rig r;
    r.tree.end(r.session);
    r.pass(milliseconds{9'500});
    r.d.fates = {fate::truth, f}; // the item leaves its owner, then the lock is broken
    for (int n = 0; n < 100 && !r.d.fates.empty(); ++n) {
      r.pass(milliseconds{20});
    }
    if (f == fate::unknown_applied) {
      REQUIRE_FALSE(r.locked("a"));
      r.worker("w");
      put_lock(r.tree, "j", "a", "w", "i1"); // the next holder is quick
    }
    r.pass(seconds{60});
    CHECK(r.locked("a") == (f == fate::unknown_applied));
  }
}

TEST_CASE("manager: the old incarnation's lock of a worker that restarted is broken after D, its new locks are not") {
  break_rig r;
  r.tree.put("/djm/work-pool/j/b");
  r.pass(seconds{1});
  r.tree.end(r.session);
  r.pass(seconds{1});
  r.worker("v", "i2");
  put_lock(r.tree, "j", "b", "v", "i2");
  r.pass(seconds{8});
  CHECK(r.locked("a"));
  r.pass(seconds{40});
  CHECK_FALSE(r.locked("a"));
  CHECK(r.locked("b"));
}

TEST_CASE("manager: locks nobody's assignment explains are found by the sweep") {
  break_rig r;
  put_lock(r.tree, "j", "orphan", "nobody", "i7", 5'000);
  put_lock(r.tree, "k", "orphan", "v", "i0", 5'000);
  r.pass(seconds{50});
  CHECK_FALSE(r.locked("orphan"));
  CHECK_FALSE(r.locked("orphan", "k"));
  CHECK(r.locked("a"));
}

TEST_CASE("manager: locks that were there before the leader are found by its first sweep") {
  manager_rig r;
  put_lock(r.tree, "j", "orphan", "nobody", "i7", 5'000);
  r.lead();
  r.pass(seconds{3});
  CHECK_FALSE(r.locked("orphan"));
}

TEST_CASE("manager: a malformed lock is reported and never broken") {
  break_rig r;
  r.tree.put("/djm/locks/j/a.lock", "garbage");
  r.tree.end(r.session);
  r.pass(std::chrono::minutes{5});
  CHECK(r.locked("a"));
  CHECK(r.all_events().find("/djm/locks/j/a.lock") != std::string::npos);
}

TEST_CASE("manager: an alive node that cannot be read is no proof that its worker is gone") {
  break_rig r;
  r.tree.put("/djm/alive/v", "garbage");
  r.tree.put("/djm/worker-version", "{}");
  r.pass(std::chrono::minutes{5});
  CHECK(r.locked("a"));
}

TEST_CASE("manager: many locks are broken in transactions of at most 200 operations") {
  manager_rig r;
  auto s = r.worker("v");
  add_pool(r.tree, "j", r.items(450));
  r.lead();
  for (const auto& i : r.items(450)) {
    put_lock(r.tree, "j", i, "v", "i1");
  }
  r.tree.end(s);
  r.d.take_written();
  r.pass(seconds{30});
  CHECK(r.tree.children("/djm/locks/j").empty());
  for (const auto& t : r.d.take_written()) {
    CHECK(std::count(t.begin(), t.end(), ',') < 200);
  }
}

TEST_CASE("manager: with D = 0 the items of a worker that is gone move at once") {
  manager_rig r;
  auto s = r.worker("v", "i1", {"j"}, 0);
  add_pool(r.tree, "j", {"a"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1", 0);
  r.worker("w", "i1", {"j"}, 0);
  r.pass(seconds{1});
  const auto before = r.owners();
  r.tree.end(s);
  r.pass(seconds{1});
  CHECK_FALSE(r.locked("a"));
  CHECK(r.owners() == owners{{"a", "w"}});
}

TEST_CASE("manager: a worker that left loses its items at once") {
  break_rig r;
  r.worker("w");
  r.pass(seconds{1});
  store::worker_payload p;
  p.incarnation = "i1";
  p.detach_ms = 10'000;
  p.left = true;
  r.tree.erase("/djm/locks/j/a.lock");
  r.tree.put("/djm/workers/v", store::encode(p));
  r.tree.end(r.session);
  r.tree.put("/djm/worker-version", "{}");
  r.pass(seconds{1});
  CHECK(r.owners() == owners{{"a", "w"}});
}

TEST_CASE("manager: a new leader starts the clock anew") {
  break_rig r;
  r.tree.end(r.session);
  r.pass(seconds{9});
  r.revoke();
  r.pass(seconds{100});
  r.lead();
  r.pass(seconds{6});
  CHECK(r.locked("a"));
  r.pass(seconds{2});
  CHECK_FALSE(r.locked("a"));
}

TEST_CASE("manager: a lock whose owner is alive but not registered does not make it read without a pause") {
  manager_rig r;
  r.worker("v");
  r.lead();
  auto s = r.tree.open();
  enlist(r.tree, s, "ghost", "i1");
  put_lock(r.tree, "j", "a", "ghost", "i1");
  r.tree.erase("/djm/workers/ghost");
  r.pass(std::chrono::minutes{2});
  CHECK(r.locked("a"));
}

TEST_CASE(
  "manager: a break that costs the term each time is told, however far the tolerance keeps the attempts apart") {
  break_rig r{200'000};
  r.tree.end(r.session);
  for (int term = 0; term < 3; ++term) {
    CHECK(r.all_events().find("has not worked for longer than 30s") == std::string::npos);
    r.pass(seconds{190});
    r.d.fates = {fate::delayed};
    r.pass(seconds{20});
    REQUIRE(r.d.held.size() == 1);
    r.d.held.clear();
    r.revoke();
    r.lead();
  }
  CHECK(r.all_events().find("has not worked for longer than 30s, it goes on trying: leadership was lost") !=
        std::string::npos);
}

TEST_CASE("manager: a Break that is too large for the store is cut, and told as refused until it is taken") {
  break_rig r;
  for (int i = 0; i < 10; ++i) {
    put_lock(r.tree, "j", item_id{"b" + std::to_string(i)}, "v", "i1", 10'000);
  }
  r.pass(seconds{31}); // a sweep sees them
  r.tree.end(r.session);
  std::size_t refused = 0;
  const auto locks = [&] { return r.tree.children("/djm/locks/j").size(); };
  for (int n = 0; n < 200 && locks() > 0; ++n) {
    r.d.fates.assign(50, fate::delayed);
    if (r.d.held.empty()) {
      r.pass(seconds{1});
      continue;
    }
    auto& q = r.d.held.front();
    if (q.txn.ops.size() > 3 + 2) {
      ++refused;
      q.delayed = false;
      q.outcome = store::rejected{{errc::too_large, "too large"}, true};
    }
    r.d.answer_held();
    const bool over = r.all_events().find(show(emit_effect{problem_over{"manager", "commit"}})) != std::string::npos;
    CHECK(over == (refused > 0 && locks() < 11));
  }
  CHECK(locks() == 0);
  CHECK(refused >= 2);
  CHECK(refused < 10);
}

TEST_CASE("manager: a refusal that comes after the term is over is no problem of anybody") {
  break_rig r;
  r.d.fates = {fate::delayed};
  add_pool(r.tree, "j", {"b"});
  r.pass(seconds{1});
  REQUIRE(r.d.held.size() == 1);
  r.revoke();
  r.d.held.front().delayed = false;
  r.d.held.front().outcome = store::rejected{{errc::too_large, "too late"}, true};
  r.d.answer_held();
  CHECK(r.all_events().find("too late") == std::string::npos);
}
