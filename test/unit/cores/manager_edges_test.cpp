#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

/// The manager word for word, and what it makes of what happens at the wrong moment.
namespace {

using strings = std::vector<std::string>;
using owners = std::map<item_id, node_id>;

constexpr auto a_clean_period = std::chrono::hours{3} + std::chrono::minutes{1};

/// The transaction that names the path, of those written last.
std::string transaction_with(const strings& written, const std::string& op) {
  for (const auto& t : written) {
    if (t.find(op) != std::string::npos) {
      return t;
    }
  }
  return {};
}

bool has(const std::string& text, const std::string& what) {
  return text.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("manager: a pool is cleaned under the latch and the versions of all that was read") {
  manager_rig r;
  r.worker("v", "i1", {});
  add_pool(r.tree, "unoffered", {"x"});
  r.lead();
  r.d.take_written();
  r.pass(a_clean_period);
  const auto t = transaction_with(r.d.take_written(), "remove work-pool/unoffered@");
  CHECK(has(t, "check leader-latch/m-im-0000000000, check worker-version@"));
  CHECK(has(t, ", set work-pool-version@"));
  CHECK(has(t, ", check work-pool/unoffered@0, remove work-pool/unoffered/x, remove work-pool/unoffered@0"));
}

TEST_CASE("manager: a worker is cleaned under the latch and the versions of all that was read") {
  manager_rig r;
  auto s = r.worker("v");
  r.worker("w");
  r.lead();
  r.tree.end(s);
  r.pass(std::chrono::hours{2});
  r.d.take_written();
  r.pass(a_clean_period);
  const auto t = transaction_with(r.d.take_written(), "remove workers/v@");
  CHECK(has(t, "check leader-latch/m-im-0000000000, set worker-version@"));
  CHECK(has(t, ", set worker-assignment-version@"));
  CHECK(has(
    t, ", remove workers/v/available/j, remove workers/v/available, remove workers/v/assigned, remove workers/v@0"));
}

TEST_CASE("manager: a lock folder is cleaned under the latch and the versions of all that was read") {
  manager_rig r;
  r.worker("v");
  r.tree.put("/djm/locks/gone");
  r.lead();
  r.d.take_written();
  r.pass(a_clean_period);
  const auto t = transaction_with(r.d.take_written(), "remove locks/gone");
  CHECK(has(t, "check leader-latch/m-im-0000000000, check worker-version@"));
  CHECK(has(t, ", remove locks/gone@0"));
}

TEST_CASE("manager: the pool of a worker that has been gone for longer than D is offered by nobody") {
  manager_rig r;
  auto s = r.worker("v");
  r.worker("w", "i1", {});
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.pass(std::chrono::hours{2});
  r.tree.end(s);
  r.pass(std::chrono::hours{1});
  CHECK_FALSE(r.tree.has("/djm/work-pool/j"));
}

TEST_CASE("manager: who left is cleaned at the next opportunity, who is gone only after its D") {
  manager_rig r;
  auto left = r.worker("left", "i1", {}, 3'600'000);
  auto gone = r.worker("gone", "i1", {}, 3'600'000);
  r.worker("w");
  r.lead();
  r.pass(std::chrono::hours{3} - seconds{60});
  store::worker_payload p;
  p.incarnation = "i1";
  p.detach_ms = 3'600'000;
  p.left = true;
  r.tree.put("/djm/workers/left", store::encode(p));
  r.tree.end(left);
  r.tree.end(gone);
  r.tree.put("/djm/worker-version", "{}");
  r.pass(std::chrono::minutes{5});
  CHECK_FALSE(r.tree.has("/djm/workers/left"));
  CHECK(r.tree.has("/djm/workers/gone"));
}

TEST_CASE("manager: a registration whose alive cannot be read is not cleaned") {
  manager_rig r;
  r.worker("v", "i1", {});
  r.worker("w");
  r.lead();
  r.tree.put("/djm/alive/v", "garbage");
  r.tree.put("/djm/worker-version", "{}");
  r.pass(a_clean_period);
  CHECK(r.tree.has("/djm/workers/v"));
}

TEST_CASE("manager: an unreadable lock is not broken, whatever its version") {
  manager_rig r;
  auto s = r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  r.pass(seconds{60});
  r.tree.erase("/djm/locks/j/a.lock");
  r.tree.put("/djm/locks/j/a.lock", "garbage");
  r.tree.end(s);
  r.pass(std::chrono::minutes{5});
  CHECK(r.locked("a"));
}

TEST_CASE("manager: who is back without the leader hearing of it keeps its locks") {
  manager_rig r;
  auto s = r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  r.tree.end(s);
  r.pass(seconds{9});
  enlist(r.tree, r.tree.open(), "v", "i1", {"j"});
  r.tree.take_events(r.d.view.id); // the watches fire into nothing
  r.pass(seconds{40});
  CHECK(r.locked("a"));
  CHECK(r.status().counters.broken_locks == 0);
}

TEST_CASE("manager: at most eight transactions of a plan are under way") {
  manager_rig r;
  r.worker("v");
  r.lead();
  add_pool(r.tree, "j", r.items(3000));
  r.d.now += seconds{1};
  for (const auto& e : r.tree.take_events(r.d.view.id)) {
    r.d.take(r.d.core.on_watch(e, r.d.now_step()));
  }
  for (int n = 0; n < 20 && r.d.commits.empty(); ++n) {
    while (!r.d.reads.empty()) {
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    }
    if (!r.answer_plan()) {
      r.d.now += seconds{1};
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
  }
  CHECK(r.d.commits.size() == 1); // what the cluster is comes first
  r.d.answer_commit();
  CHECK(r.d.commits.size() == 8);
  r.d.answer_commit();
  CHECK(r.d.commits.size() == 8);
  r.pass(seconds{10});
  CHECK(r.count("v") == 3000);
}

TEST_CASE("manager: a break that was lost is repeated, with the assignment version that is there") {
  manager_rig r;
  auto s = r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  const auto owner = r.owners().at("a");
  put_lock(r.tree, "j", "a", owner, "i1");
  (void) s;
  r.tree.end(r.tree.stat("/djm/alive/" + owner).ephemeral_owner);
  r.pass(milliseconds{9'500});
  r.d.fates = {fate::truth, fate::unknown_lost};
  for (int n = 0; n < 100 && !r.d.fates.empty(); ++n) {
    r.pass(milliseconds{20});
  }
  REQUIRE(r.d.fates.empty());
  CHECK(r.locked("a"));
  CHECK(r.status().counters.unknowns == 1);
  r.pass(seconds{10}); // before the next sweep
  CHECK_FALSE(r.locked("a"));
  CHECK(r.status().counters.broken_locks == 1);
}

// -- outcomes ---------------------------------------------------------------------

namespace {

/// v owned a and b and has been gone for almost its D; the transaction that breaks its locks is on its way.
struct break_under_way : manager_rig {
  break_under_way() {
    auto s = worker("v");
    add_pool(tree, "j", {"a", "b"});
    lead();
    put_lock(tree, "j", "a", "v", "i1");
    put_lock(tree, "j", "b", "v", "i1");
    pass(seconds{31}); // a sweep has seen them
    tree.end(s);
    pass(milliseconds{9'500});
    for (int n = 0; n < 100 && d.held.empty(); ++n) {
      d.fates = {fate::truth, fate::delayed}; // the items leave, the locks are broken
      if (owners().empty()) {
        d.fates = {fate::delayed};
      }
      pass(milliseconds{20});
    }
    d.fates.clear();
    REQUIRE(d.held.size() == 1);
    REQUIRE(show(d.held.front().txn).find("remove locks/j/a.lock@0, remove locks/j/b.lock@0") != std::string::npos);
    before = status().counters;
  }
  manager_counters before;
};

} // namespace

TEST_CASE("manager: a lock that goes by itself does not keep the others from being broken") {
  break_under_way r;
  r.tree.erase("/djm/locks/j/a.lock");
  r.d.answer_held();
  r.pass(milliseconds{1});
  CHECK_FALSE(r.locked("b"));
  CHECK(r.status().counters.conflicts == r.before.conflicts + 1);
  CHECK(r.status().counters.reloads == r.before.reloads);
  CHECK(r.status().counters.unknowns == r.before.unknowns);
}

TEST_CASE("manager: a break that meets a join is tried again from its first read, without reading the cluster again") {
  break_under_way r;
  r.worker("w");
  r.d.take_asked();
  r.d.answer_held();
  CHECK(r.locked("a"));
  r.pass(seconds{2});
  CHECK_FALSE(r.locked("a"));
  CHECK(r.status().counters.reloads == r.before.reloads);
  CHECK(r.status().counters.broken_locks == r.before.broken_locks + 2);
}

TEST_CASE("manager: a break that meets another leader's assignment reads the cluster again") {
  break_under_way r;
  r.tree.put("/djm/worker-assignment-version", "{}");
  r.d.answer_held();
  CHECK(r.locked("a"));
  CHECK(r.status().counters.reloads == r.before.reloads + 1);
  r.pass(seconds{3});
  CHECK_FALSE(r.locked("a"));
}

TEST_CASE("manager: a break that is done leaves nothing to read again") {
  break_under_way r;
  r.d.answer_held();
  CHECK_FALSE(r.locked("a"));
  CHECK(r.status().counters.reloads == r.before.reloads);
  CHECK(r.status().counters.broken_locks == r.before.broken_locks + 2);
  r.d.take_written();
  r.pass(std::chrono::minutes{2});
  CHECK(r.d.take_written().empty());
  CHECK(r.status().counters.reloads == r.before.reloads);
}

TEST_CASE("manager: what meets the cleaning stays, and nothing is read again for it") {
  manager_rig r;
  r.worker("v", "i1", {});
  add_pool(r.tree, "unoffered", {"x"});
  r.lead();
  r.pass(std::chrono::hours{2});
  r.d.fates = {fate::delayed};
  r.pass(std::chrono::hours{1});
  REQUIRE(r.d.held.size() == 1);
  r.tree.put("/djm/work-pool/unoffered/y"); // in use again
  const auto before = r.status().counters;
  r.d.answer_held();
  r.pass(std::chrono::minutes{1});
  CHECK(r.tree.has("/djm/work-pool/unoffered/x"));
  CHECK(r.status().counters.reloads == before.reloads);
  CHECK(r.status().counters.conflicts == before.conflicts + 1);
  CHECK(r.status().counters.cleaned == before.cleaned);
  r.pass(a_clean_period);
  CHECK_FALSE(r.tree.has("/djm/work-pool/unoffered"));
  CHECK(r.status().counters.cleaned == before.cleaned + 1);
}

TEST_CASE("manager: a plan whose outcome is unknown is counted as that, one that meets another as a conflict") {
  manager_rig u;
  u.worker("v");
  u.lead();
  u.d.fates = {fate::unknown_lost};
  add_pool(u.tree, "j", {"a"});
  u.pass(seconds{10});
  CHECK(u.owners() == owners{{"a", "v"}});
  CHECK(u.status().counters.unknowns == 1);
  CHECK(u.status().counters.conflicts == 0);
  CHECK(u.status().counters.reloads == 1);

  manager_rig c;
  c.worker("v");
  c.lead();
  c.d.fates = {fate::delayed};
  add_pool(c.tree, "j", {"a"});
  c.pass(seconds{1});
  REQUIRE(c.d.held.size() == 1);
  c.tree.put("/djm/worker-assignment-version", "{}");
  c.d.answer_held();
  c.pass(seconds{10});
  CHECK(c.owners() == owners{{"a", "v"}});
  CHECK(c.status().counters.unknowns == 0);
  CHECK(c.status().counters.conflicts == 1);
  CHECK(c.status().counters.reloads == 1);
}

TEST_CASE("manager: what the store refuses is reported, what it cannot be told is not") {
  for (const auto code : {errc::too_large, errc::not_connected}) {
    manager_rig r;
    r.worker("v");
    r.lead();
    r.d.fates = {fate::held};
    add_pool(r.tree, "j", {"a"});
    r.pass(seconds{1});
    r.d.held.at(0).outcome = store::rejected{{code, "not today"}};
    r.d.answer_held();
    CHECK(has(r.all_events(), "not today") == (code == errc::too_large));
    CHECK(r.status().counters.unknowns == 1);
    r.pass(seconds{10});
    CHECK(r.status().problems.empty()); // it was written all the same
  }
  for (const auto status : {store::read_status::rejected, store::read_status::failed}) {
    manager_rig r;
    r.worker("v");
    r.d.take(r.d.core.on_granted(1, manager_rig::latch, r.d.view.number, r.d.now_step()));
    const auto q = r.d.reads.front();
    r.d.reads.pop_front();
    r.d.take(r.d.core.on_read(q.request, {status, {}, "bad path"}, r.d.now_step()));
    CHECK(has(r.all_events(), "bad path") == (status == store::read_status::rejected));
    r.work();
    CHECK(r.status().workers == 1);
  }
}

TEST_CASE("manager: the cleaning waits for nobody's sweep") {
  manager_rig r;
  auto s = manager_rig::settings(200);
  s.sweep_period = std::chrono::hours{24};
  s.clean_period = std::chrono::hours{1};
  r.d.core = manager_core{s};
  r.worker("v", "i1", {});
  add_pool(r.tree, "unoffered", {"x"});
  r.lead();
  r.pass(std::chrono::minutes{61});
  CHECK_FALSE(r.tree.has("/djm/work-pool/unoffered"));
}

TEST_CASE("manager: a lock is not broken when the last look before it shows its owner alive") {
  manager_rig r;
  const auto session = r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  const auto alive = r.tree.data("/djm/alive/v");
  r.tree.end(session);
  r.pass(milliseconds{9'500});
  const auto last_look = [&] {
    return !r.d.reads.empty() && has(show(r.d.reads.front()), "get alive/v, get locks/j/a.lock");
  };
  for (int n = 0; n < 100 && !last_look(); ++n) {
    if (!r.d.reads.empty()) {
      const auto q = r.d.reads.front();
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    } else if (!r.d.commits.empty()) {
      r.d.answer_commit();
    } else if (!r.answer_plan()) {
      r.d.now = *r.d.core.wake_at();
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
  }
  REQUIRE(last_look());
  store::transaction back;
  back.ops.push_back(store::create_op{"/djm/alive/v", alive, store::create_mode::ephemeral});
  r.tree.commit(r.tree.open(), back);
  r.d.take_written();
  const auto q = r.d.reads.front();
  r.d.reads.pop_front();
  r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
  r.pass(seconds{30});
  CHECK(r.locked("a"));
  CHECK(r.status().counters.broken_locks == 0);
}
