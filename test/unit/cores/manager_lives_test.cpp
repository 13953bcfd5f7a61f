#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

/// A worker is gone as soon as it is seen in a new life: its old one's locks fall due D later, not D after a sweep.

TEST_CASE("manager: a life that was over before anything was written for it has its clock at once") {
  manager_rig r;
  auto first = r.worker("v", "i1");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  r.pass(seconds{30}); // the next sweep is far away
  r.tree.end(first);
  auto second = r.worker("v", "i2");
  r.d.settle();
  put_lock(r.tree, "j", "b", "v", "i2");
  r.tree.end(second);
  r.worker("v", "i3");
  const auto sweeps = r.status().counters.sweeps;
  r.pass(milliseconds{9'900});
  CHECK(r.locked("a"));
  CHECK(r.locked("b"));
  r.pass(seconds{1});
  CHECK_FALSE(r.locked("a"));
  CHECK_FALSE(r.locked("b"));
  CHECK(r.status().counters.sweeps == sweeps);
}

TEST_CASE("manager: a restart that is first seen when everything is read again starts the clock of the life before") {
  manager_rig r;
  auto first = r.worker("v", "i1");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  r.pass(seconds{30});                                // the next sweep is far away
  r.tree.put("/djm/worker-assignment-version", "{}"); // another leader has been there
  r.tree.end(first);
  r.worker("v", "i2");
  const auto before = r.status().counters;
  r.pass(milliseconds{9'900});
  CHECK(r.status().counters.reloads == before.reloads + 1);
  CHECK(r.locked("a"));
  r.pass(seconds{2}); // the back-off before the reload
  CHECK_FALSE(r.locked("a"));
  CHECK(r.status().counters.sweeps == before.sweeps);
}

TEST_CASE("manager: a worker that is back in the same life is not reported as gone") {
  manager_rig r;
  auto s = r.worker("v", "i1");
  r.lead();
  r.tree.end(s);
  r.pass(seconds{1});
  REQUIRE(r.status().gone.count("v") == 1);
  enlist(r.tree, r.tree.open(), "v", "i1", {"j"});
  r.pass(seconds{1});
  CHECK(r.status().gone.empty());
}

TEST_CASE("manager: a leader that stood still looks again before it moves anything away from a worker that is gone") {
  manager_rig r;
  auto first = r.worker("v", "i1");
  r.worker("u", "u1");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  r.pass(seconds{1});
  const auto mine = r.tree.children("/djm/workers/v/assigned/j");
  REQUIRE(mine.size() == 1);
  r.tree.end(first);
  r.pass(seconds{1}); // the clock of v runs
  // Back, registered anew, and gone again, while the leader hears of nothing.
  const auto second = r.tree.open();
  enlist(r.tree, second, "v", "i1", {"j"});
  r.tree.put("/djm/worker-version", "v is back");
  r.tree.end(second);
  r.d.now += seconds{20};
  r.d.take(r.d.core.on_wake(r.d.now_step())); // before the watches that wait
  r.d.settle();
  r.pass(seconds{5});
  CHECK(r.tree.children("/djm/workers/v/assigned/j") == mine);
  r.pass(seconds{6});
  CHECK(r.tree.children("/djm/workers/v/assigned/j").empty());
}

namespace {

/// The process behind worker "v" ends without leaving and comes back in a new life, the way a keeper registers it.
fake_store::session next_life(manager_rig& r, fake_store::session before, const std::string& incarnation,
                              const std::vector<job_id>& jobs = {"j"}) {
  const auto version = r.tree.stat("/djm/workers/v").version;
  r.tree.end(before);
  r.d.settle();
  const auto session = r.worker("v", incarnation, jobs);
  store::worker_payload w;
  w.incarnation = incarnation;
  w.detach_ms = 10'000;
  w.took_over = version;
  w.after_crash = true;
  r.tree.put("/djm/workers/v", store::encode(w));
  r.d.settle();
  return session;
}

} // namespace

TEST_CASE("manager: a node that keeps crashing does not keep the locks of its earlier lives") {
  manager_rig r;
  auto s = r.worker("v", "i1");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1");
  put_lock(r.tree, "j", "b", "v", "i1");
  r.pass(seconds{30}); // the next sweep is far away
  s = next_life(r, s, "i2");
  for (int n = 3; n < 6; ++n) {
    r.pass(seconds{3});
    CHECK(r.locked("a"));
    s = next_life(r, s, "i" + std::to_string(n));
  }
  r.pass(milliseconds{1'200});
  CHECK_FALSE(r.locked("a"));
  CHECK_FALSE(r.locked("b"));
}

TEST_CASE("manager: a node that keeps crashing loses its items, is told of, and is trusted later") {
  manager_rig r;
  auto s = r.worker("v", "i1");
  r.worker("u", "i1");
  add_pool(r.tree, "j", manager_rig::items(10));
  r.lead();
  REQUIRE(r.count("v") == 5);
  r.pass(seconds{60});
  s = next_life(r, s, "i2");
  r.pass(seconds{5});
  CHECK(r.count("v") == 5); // once is no habit
  s = next_life(r, s, "i3");
  r.pass(seconds{1});
  CHECK(r.count("v") == 0);
  CHECK(r.count("u") == 10);
  CHECK(r.all_events().find("has ended 2 times in a row without leaving") != std::string::npos);
  CHECK(r.status().problems.size() == 1);
  r.pass(std::chrono::minutes{5});
  CHECK(r.count("v") == 0);
  r.pass(std::chrono::minutes{2});
  CHECK(r.count("v") == 5);
  CHECK(r.status().problems.empty());
}

TEST_CASE("manager: a node that keeps crashing keeps what nobody else can run") {
  manager_rig r;
  auto s = r.worker("v", "i1", {"k"});
  r.worker("u", "i1", {"j"});
  add_pool(r.tree, "j", {"a", "b"});
  add_pool(r.tree, "k", {"c"});
  r.lead();
  for (int n = 2; n < 5; ++n) {
    s = next_life(r, s, "i" + std::to_string(n), {"k"});
    r.pass(seconds{5});
  }
  CHECK(r.owners("k") == std::map<item_id, node_id>{{"c", "v"}});
  // Nor is anything left over that only a second node could take.
  r.tree.put("/djm/work-pool/k/d");
  r.tree.put("/djm/work-pool-version", "{}");
  r.pass(seconds{3});
  CHECK(r.owners("k").size() == 2);
}

TEST_CASE("members: how long a worker is not trusted doubles with each end, and a long life or a leave make it good") {
  member_history h{seconds{40}};
  CHECK_FALSE(h.here("v", "i1", true, at(0))); // what was before this leader is not known
  CHECK_FALSE(h.here("v", "i2", true, at(10)));
  CHECK_FALSE(h.shunned_until("v"));
  CHECK(h.here("v", "i3", true, at(20)));
  CHECK(h.shunned_until("v") == at(60));
  CHECK_FALSE(h.here("v", "i3", true, at(25))); // still the same life
  CHECK(h.here("v", "i4", true, at(30)));
  CHECK(h.shunned_until("v") == at(110));
  CHECK(h.shunned(at(109)) == std::set<node_id>{"v"});
  CHECK(h.next_end(at(50)) == at(110));
  CHECK(h.shunned(at(110)).empty());
  CHECK_FALSE(h.next_end(at(110)));
  CHECK_FALSE(h.here("v", "i5", true, at(111))); // after a life long enough it begins again
  CHECK(h.ends("v") == 1);
  CHECK(h.here("v", "i6", true, at(112)));
  CHECK_FALSE(h.here("v", "i7", false, at(113))); // left, and started again
  CHECK(h.ends("v") == 0);
  h.keep(std::map<node_id, int>{});
  CHECK(h.ends("v") == 0);
}

TEST_CASE("manager: an alive that no session holds is nobody's life, and is reported by path") {
  manager_rig r;
  auto s = r.worker("v", "i1");
  r.worker("u", "i1");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  for (const auto& [item, owner] : r.owners()) {
    put_lock(r.tree, "j", item, owner, "i1");
  }
  const auto alive = r.tree.data("/djm/alive/v");
  r.tree.end(s);
  r.d.settle();
  r.tree.put("/djm/alive/v", alive); // a backup was restored
  r.pass(seconds{12});
  CHECK(r.all_events().find("/djm/alive/v is not ephemeral") != std::string::npos);
  CHECK(r.status().workers == 1);
  CHECK(r.count("u") == 2);
  r.pass(seconds{40}); // a sweep, and D
  CHECK(r.locked("a") != r.locked("b"));
}
