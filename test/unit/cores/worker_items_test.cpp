#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

/// A worker that holds a and b of job j.
void hold_two(worker_rig& r) {
  r.add_job();
  r.join();
  r.assigned({"a", "b"});
  REQUIRE(r.locks() == strings{"a.lock", "b.lock"});
  r.d.take_written();
}

} // namespace

TEST_CASE("worker: assigned items are locked in one transaction and granted with the zxid of their lock") {
  worker_rig r;
  r.add_job();
  CHECK(r.join() == "");
  auto said = r.assigned({"a", "b"});
  CHECK(said == "grant j: " + r.token("a") + " " + r.token("b"));
  CHECK(r.d.take_written() == strings{"set alive/w, create locks/j, create locks/j/a.lock, create locks/j/b.lock"});
  auto lock = store::decode<store::lock_payload>(r.tree.data("/djm/locks/j/a.lock"), "lock");
  REQUIRE(lock.has_value());
  CHECK(lock->worker == "w");
  CHECK(lock->incarnation == "i1");
  CHECK(lock->detach_ms == 10'000);
  CHECK(r.status().settled);
}

TEST_CASE("worker: setting alive for the token leaves its data what it was") {
  worker_rig r;
  r.add_job();
  r.join();
  const auto before = r.tree.data("/djm/alive/w");
  r.assigned({"a"});
  CHECK(r.tree.data("/djm/alive/w") == before);
}

TEST_CASE("worker: I5 once settled it writes nothing, however long it waits") {
  worker_rig r;
  hold_two(r);
  const auto before = r.tree.zxid();
  for (int i = 0; i < 20; ++i) {
    r.contact(i * 3);
    r.d.pass(seconds{3});
  }
  CHECK(r.tree.zxid() == before);
  CHECK(r.d.take_written().empty());
}

TEST_CASE("worker: an item taken away is revoked, and unlocked only when its runs have ended") {
  worker_rig r;
  hold_two(r);
  CHECK(r.unassigned({"a"}) == "revoke j revoked: a");
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
  r.d.pass(seconds{60});
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
  CHECK(r.released({"a"}) == "");
  CHECK(r.d.take_written() == strings{"check alive/w, remove locks/j/a.lock@0"});
  CHECK(r.locks() == strings{"b.lock"});
}

TEST_CASE("worker: an item that comes back while it is revoked is granted again after its release") {
  worker_rig r;
  hold_two(r);
  CHECK(r.unassigned({"a"}) == "revoke j revoked: a");
  CHECK(r.assigned({"a"}) == "");
  auto said = r.released({"a"});
  CHECK(said == "grant j: " + r.token("a"));
  CHECK(r.d.take_written().empty()); // the lock was never given back
}

TEST_CASE("worker: items of a job that nobody registered here are left alone until it is") {
  worker_rig r;
  r.join();
  CHECK(r.assigned({"a"}) == "");
  CHECK(r.locks().empty());
  CHECK(r.status().unknown_jobs == 1);
  auto said = r.add_job();
  CHECK(said == "grant j: " + r.token("a"));
}

TEST_CASE("worker: a job that is removed has its items revoked and unlocked although they stay assigned") {
  worker_rig r;
  hold_two(r);
  CHECK(r.d.call(&worker_core::on_job_removed, job_id{"j"}) == "revoke j disabled: a b");
  const auto free = [&](bool runs) { return r.d.core.take_free_jobs([runs](const job_id&) { return runs; }); };
  CHECK(free(false).empty());
  CHECK(r.released({"a", "b"}) == "");
  CHECK(r.locks().empty());
  CHECK(free(true).empty()); // the executor knows of runs that a rebuilt core does not
  CHECK(free(false) == std::vector<job_id>{"j"});
  CHECK(free(false).empty()); // told once
}

TEST_CASE("worker: a job that comes back while it is to go is not told to be free") {
  worker_rig r;
  hold_two(r);
  r.d.call(&worker_core::on_job_removed, job_id{"j"});
  r.released({"a", "b"});
  r.add_job();
  CHECK(r.d.core.take_free_jobs([](const job_id&) { return false; }).empty());
}

TEST_CASE("worker: an assignment written for another incarnation is ignored") {
  worker_rig r;
  r.add_job();
  r.join();
  assign(r.tree, "w", "older", "j", {"a"});
  CHECK(r.react() == "");
  CHECK(r.locks().empty());
  // The leader starts it anew for this incarnation.
  assign(r.tree, "w", "i1", "j", {"b"});
  r.react();
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
}

TEST_CASE("worker: a malformed assigned is reported, and what it said before stays in force") {
  worker_rig r;
  hold_two(r);
  r.tree.put("/djm/workers/w/assigned", "not json");
  r.react();
  CHECK(r.d.said == "");
  REQUIRE_FALSE(r.d.emitted.empty());
  CHECK(show(emit_effect{r.d.emitted.back()}).find("/djm/workers/w/assigned") != std::string::npos);
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
}

TEST_CASE("worker: names in the tree that are no ids are passed over") {
  worker_rig r;
  r.add_job();
  r.join();
  r.tree.put("/djm/workers/w/assigned/j/bad name");
  r.tree.put("/djm/locks/j/no-lock-at-all");
  r.assigned({"a"});
  CHECK(r.locks() == strings{"a.lock", "no-lock-at-all"});
}

TEST_CASE("worker: few items are listed again in two round trips") {
  worker_rig r;
  r.add_job("k");
  hold_two(r);
  r.assigned({"x"}, "k");
  const auto before = r.d.reads_answered;
  r.assigned({"c"});
  CHECK(r.d.reads_answered - before == 2); // assigned, what is in its folders
  CHECK(r.locks().size() == 3);
}

TEST_CASE("worker: of many items only what changed is read again") {
  worker_rig r;
  r.add_job("k");
  hold_two(r);
  std::vector<item_id> many;
  for (int i = 0; i < 1000; ++i) {
    many.emplace_back("x-" + std::to_string(i));
  }
  r.assigned(many, "k");
  const auto before = r.d.reads_answered;
  r.assigned({"c"});
  CHECK(r.d.reads_answered - before == 3); // assigned, its folders, the one folder that changed
}

TEST_CASE("worker: many items are locked in transactions of at most 200 operations") {
  worker_rig r;
  r.add_job();
  r.join();
  std::vector<item_id> items;
  for (int i = 0; i < 1000; ++i) {
    items.emplace_back("item-" + std::to_string(i));
  }
  r.assigned(items);
  CHECK(r.locks().size() == 1000);
  std::size_t granted = 0;
  for (const auto& e : r.d.others) {
    if (const auto* g = std::get_if<worker_core::grant>(&e)) {
      granted += g->items.size();
    }
  }
  CHECK(granted == 1000);
  const auto transactions = r.d.take_written();
  CHECK(transactions.size() >= 5);
  CHECK(transactions.size() <= 7);
  for (const auto& t : transactions) {
    CHECK(std::count(t.begin(), t.end(), ',') < 200);
  }
}

TEST_CASE("worker: drain gives everything back, in batches, and says when it is done") {
  worker_rig r{20};
  r.add_job();
  r.join();
  std::vector<item_id> items;
  for (int i = 0; i < 50; ++i) {
    items.emplace_back("i" + std::to_string(i));
  }
  r.assigned(items);
  auto said = r.d.call(&worker_core::on_drain);
  CHECK(said.find("revoke j shutdown: ") != std::string::npos);
  CHECK(said.find("drained") == std::string::npos);
  CHECK(r.released({items.begin(), items.begin() + 30}) == "");
  CHECK(r.locks().size() == 20);
  CHECK(r.released({items.begin() + 30, items.end()}) == "drained");
  CHECK(r.locks().empty());
  CHECK(r.assigned({"late"}) == "");
  CHECK(r.locks().empty());
}

TEST_CASE("worker: a drain with nothing to give back is over at once, connected or not") {
  worker_rig r;
  CHECK(r.d.call(&worker_core::on_drain) == "drained");
  CHECK(r.d.call(&worker_core::on_drain) == "");
}

TEST_CASE("worker: hurry leaves the locks of runs that do not end and gives back the others") {
  worker_rig r;
  hold_two(r);
  r.d.call(&worker_core::on_drain);
  CHECK(r.released({"a"}) == "");
  CHECK(r.d.call(&worker_core::on_hurry) == "drained");
  CHECK(r.locks() == strings{"b.lock"});
}

TEST_CASE("worker: a drain without a store waits, a hurried one does not") {
  worker_rig r;
  hold_two(r);
  r.d.suspend();
  CHECK(r.d.call(&worker_core::on_drain).find("drained") == std::string::npos);
  CHECK(r.released({"a", "b"}) == "");
  CHECK(r.d.call(&worker_core::on_hurry) == "drained");
  CHECK(r.locks().size() == 2);
}

TEST_CASE("worker: items of a job that is switched off are revoked with that reason, moved ones are not") {
  const auto say = [](worker_rig& r, const std::string& path, const auto& payload) {
    r.tree.put(path, store::encode(payload));
    r.react();
  };
  worker_rig r;
  hold_two(r);
  add_pool(r.tree, "j", {"a", "b"});
  r.react();
  CHECK(r.unassigned({"a", "b"}) == "revoke j revoked: a b"); // both belong elsewhere
  r.released({"a", "b"});
  r.assigned({"a", "b"});
  store::pool_payload pool;
  pool.enabled = false;
  SUBCASE("the job") {
    say(r, "/djm/work-pool/j", pool);
  }
  SUBCASE("all jobs") {
    say(r, "/djm/work-pool", store::pools_payload{true});
  }
  // A large job goes in several transactions.
  CHECK(r.unassigned({"a"}) == "revoke j revoked: a");
  CHECK(r.unassigned({"b"}) == "revoke j switched_off: b");
  r.released({"a", "b"});
  // On again, and moved after that.
  say(r, "/djm/work-pool/j", store::pool_payload{});
  say(r, "/djm/work-pool", store::pools_payload{});
  r.assigned({"a", "b"});
  CHECK(r.unassigned({"a", "b"}) == "revoke j revoked: a b");
}
