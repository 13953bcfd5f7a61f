#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// What the cleaning asks about the pool of j.
constexpr const char* the_question = "get worker-version, get work-pool-version, get work-pool/j";
constexpr auto a_clean_period = std::chrono::hours{3} + std::chrono::minutes{1};

} // namespace

TEST_CASE("manager: cleaning removes the pools that nobody offers, and no others") {
  manager_rig r;
  r.worker("v", "i1", {"j"});
  add_pool(r.tree, "j", {"a"});
  add_pool(r.tree, "unoffered", {"x", "y"});
  add_pool(r.tree, "disabled", {"x"}, false);
  r.lead();
  r.pass(a_clean_period);
  CHECK(r.tree.has("/djm/work-pool/j/a"));
  CHECK_FALSE(r.tree.has("/djm/work-pool/unoffered"));
  CHECK(r.tree.has("/djm/work-pool/disabled"));
}

TEST_CASE(
  "manager: a pool that is marked for removal goes at once, also when it is switched off, but not while offered") {
  manager_rig r;
  r.worker("v", "i1", {"j"});
  auto s = r.worker("gone", "i2", {"late"}, 60'000);
  for (const auto& job : to_ids<job_id>({"j", "old", "off", "late"})) {
    add_pool(r.tree, job, {"a"}, job != "off");
  }
  r.lead();
  r.pass(std::chrono::minutes{1});
  r.tree.end(s);
  for (const auto* job : {"j", "old", "off", "late"}) {
    const auto path = std::string{"/djm/work-pool/"} + job;
    auto p = *store::decode<store::pool_payload>(r.tree.data(path), path);
    p.retired = true;
    r.tree.put(path, store::encode(p));
  }
  r.pass(seconds{2});
  CHECK_FALSE(r.tree.has("/djm/work-pool/old"));
  CHECK_FALSE(r.tree.has("/djm/work-pool/off"));
  CHECK(r.tree.has("/djm/work-pool/late/a")); // may come back
  r.pass(seconds{100});
  CHECK_FALSE(r.tree.has("/djm/work-pool/late"));
  CHECK(r.tree.has("/djm/work-pool/j/a"));
}

TEST_CASE("manager: a leader that comes later removes what was marked before") {
  manager_rig r;
  add_pool(r.tree, "old", {"a"});
  store::pool_payload p;
  p.retired = true;
  r.tree.put("/djm/work-pool/old", store::encode(p));
  r.lead();
  r.pass(std::chrono::minutes{1});
  CHECK_FALSE(r.tree.has("/djm/work-pool/old"));
}

TEST_CASE("manager: a pool that a worker offered which has been gone for less than D is in use") {
  manager_rig r;
  auto s = r.worker("v", "i1", {"j"}, 60'000);
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.pass(std::chrono::hours{3} - seconds{20});
  r.tree.end(s);
  r.pass(seconds{40});
  CHECK(r.tree.has("/djm/work-pool/j/a"));
}

TEST_CASE("manager: a large pool is cleaned in transactions of at most 200 operations") {
  manager_rig r;
  add_pool(r.tree, "big", r.items(700));
  r.lead();
  r.d.take_written();
  r.pass(a_clean_period);
  CHECK_FALSE(r.tree.has("/djm/work-pool/big"));
  for (const auto& t : r.d.take_written()) {
    CHECK(std::count(t.begin(), t.end(), ',') < 200);
  }
}

TEST_CASE("manager: cleaning removes workers that are gone for longer than D with nothing assigned and no lock") {
  manager_rig r;
  auto s = r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  r.tree.end(s);
  r.pass(a_clean_period);
  CHECK_FALSE(r.tree.has("/djm/workers/v"));
  CHECK(r.tree.has("/djm/workers/w"));
  CHECK(r.owners() == std::map<item_id, node_id>{{"a", "w"}, {"b", "w"}});
}

TEST_CASE("manager: a dead worker with a lock that cannot be broken yet is kept") {
  manager_rig r;
  auto s = r.worker("v");
  r.worker("w");
  r.lead();
  put_lock(r.tree, "j", "a", "v", "i1", 86'400'000);
  r.tree.end(s);
  r.pass(a_clean_period);
  CHECK(r.tree.has("/djm/workers/v"));
}

TEST_CASE("manager: the locks of others keep no dead worker, and do not hide its own") {
  for (const bool own : {false, true}) {
    manager_rig r;
    auto s = r.worker("v");
    r.worker("w");
    r.lead();
    if (own) {
      put_lock(r.tree, "j", "a", "v", "i1", 86'400'000);
    }
    put_lock(r.tree, "j", "b", "w", "i1");
    r.tree.end(s);
    r.pass(a_clean_period);
    CHECK(r.tree.has("/djm/workers/v") == own);
    CHECK(r.tree.has("/djm/workers/w"));
  }
}

TEST_CASE("manager: who left in a hurry is kept until a sweep has found the locks that its runs still had") {
  for (const bool hurried : {false, true}) {
    CAPTURE(hurried);
    manager_rig r;
    auto settings = manager_rig::settings(200);
    settings.sweep_period = std::chrono::hours{5};
    settings.clean_period = std::chrono::hours{1};
    r.d.core = manager_core{settings};
    auto s = r.worker("v");
    r.worker("w");
    r.lead();
    if (hurried) {
      put_lock(r.tree, "j", "a", "v", "i1", 86'400'000);
    }
    store::worker_payload p;
    p.incarnation = "i1";
    p.detach_ms = 1000;
    p.left = true;
    r.tree.put("/djm/workers/v", store::encode(p));
    r.tree.end(s);
    r.tree.put("/djm/worker-version", "{}");
    r.pass(std::chrono::hours{2});
    CHECK(r.tree.has("/djm/workers/v"));
    r.pass(std::chrono::hours{4});
    CHECK(r.tree.has("/djm/workers/v") == hurried);
  }
}

TEST_CASE("manager: a mark counts for whoever comes, and outlives the cleaning of its worker") {
  manager_rig r;
  const auto mark = [&](const std::string& worker, const std::string& data) {
    r.tree.put("/djm/marks/" + worker, data);
    r.tree.put("/djm/worker-version", "{}");
  };
  r.worker("v");
  add_pool(r.tree, "j", manager_rig::items(4));
  mark("w", "{\"v\":1,\"cordoned\":true}"); // not there yet
  r.lead();
  const auto s = r.worker("w");
  r.tree.put("/djm/worker-version", "{}");
  r.work();
  CHECK(r.count("v") == 4);
  CHECK(r.count("w") == 0);
  // Stopped for so long that it is cleaned away.
  r.tree.end(s);
  r.tree.put("/djm/workers/w", "{\"v\":1,\"incarnation\":\"i1\",\"left\":true}");
  r.tree.put("/djm/worker-version", "{}");
  r.pass(a_clean_period);
  CHECK_FALSE(r.tree.has("/djm/workers/w"));
  CHECK(r.tree.has("/djm/marks/w"));
  r.worker("w", "i2");
  r.tree.put("/djm/worker-version", "{}");
  r.work();
  CHECK(r.count("w") == 0);
  mark("v", "{\"v\":1,\"draining\":true}");
  mark("w", "{\"v\":1}");
  r.work();
  CHECK(r.count("w") == 4);
  mark("v", "spoilt");
  r.work();
  CHECK(r.all_events().find("/djm/marks/v") != std::string::npos);
}

TEST_CASE("manager: a mark in a registration, as earlier versions wrote it, counts until marks/<w> says otherwise") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  auto text = r.tree.data("/djm/workers/w");
  text.insert(text.find('{') + 1, "\"cordoned\":true,");
  r.tree.put("/djm/workers/w", text);
  add_pool(r.tree, "j", manager_rig::items(4));
  r.lead();
  r.work();
  CHECK(r.count("v") == 4);
  r.tree.put("/djm/marks/w", "{\"v\":1}");
  r.tree.put("/djm/worker-version", "{}");
  r.work();
  CHECK(r.count("w") == 2);
}

TEST_CASE("manager: a cleaning that is due waits for the first sweep and for nothing else") {
  manager_rig r;
  auto s = manager_rig::settings(200);
  s.clean_period = seconds{0};
  r.d.core = manager_core{s};
  add_pool(r.tree, "unoffered", {"x"});
  r.d.take(r.d.core.on_granted(r.tree.stat(r.latch).czxid, r.latch, r.d.view.number, r.d.now_step()));
  r.d.settle(); // no time passes
  CHECK_FALSE(r.tree.has("/djm/work-pool/unoffered"));
  CHECK(r.status().counters.sweeps == 1);
}

TEST_CASE("manager: cleaning removes empty lock folders of jobs that are gone") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.tree.put("/djm/locks/j");
  r.tree.put("/djm/locks/gone");
  r.tree.put("/djm/locks/kept/x.lock", "unreadable");
  r.lead();
  r.pass(a_clean_period);
  CHECK(r.tree.has("/djm/locks/j"));
  CHECK_FALSE(r.tree.has("/djm/locks/gone"));
  CHECK(r.tree.has("/djm/locks/kept/x.lock"));
}

TEST_CASE("manager: I9 a pool whose job a worker begins to offer while it is being cleaned survives") {
  manager_rig r;
  r.worker("v", "i1", {});
  add_pool(r.tree, "j", {"a"});
  r.lead();
  bool offered = false;
  for (int n = 0; n < 20'000 && !offered; ++n) {
    // The question of the cleaning is on its way: the worker is there before it is answered.
    while (!r.d.reads.empty()) {
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      if (!offered && show(q).find(the_question) != std::string::npos) {
        r.worker("w", "i1", {"j"});
        offered = true;
      }
      for (const auto& e : r.tree.take_events(r.d.view.id)) {
        r.d.take(r.d.core.on_watch(e, r.d.now_step()));
      }
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    }
    if (!r.d.commits.empty()) {
      r.d.answer_commit();
    } else if (!r.answer_plan() && r.d.reads.empty()) {
      r.d.now = *r.d.core.wake_at();
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
  }
  REQUIRE(offered);
  r.pass(seconds{10});
  CHECK(r.tree.has("/djm/work-pool/j/a"));
  CHECK(r.owners().size() == 1);
}

TEST_CASE("manager: a job that is disabled while its pool is being cleaned keeps it") {
  manager_rig r;
  r.worker("v", "i1", {});
  add_pool(r.tree, "j", {"a"});
  r.lead();
  bool disabled = false;
  for (int n = 0; n < 20'000 && !disabled; ++n) {
    while (!r.d.reads.empty()) {
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      if (!disabled && show(q).find(the_question) != std::string::npos) {
        add_pool(r.tree, "j", {}, false);
        disabled = true;
      }
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    }
    if (!r.d.commits.empty()) {
      r.d.answer_commit();
    } else if (!r.answer_plan() && r.d.reads.empty()) {
      r.d.now = *r.d.core.wake_at();
      r.d.take(r.d.core.on_wake(r.d.now_step()));
    }
  }
  REQUIRE(disabled);
  r.pass(seconds{10});
  CHECK(r.tree.has("/djm/work-pool/j/a"));
}

TEST_CASE("manager: cleaning survives unknown outcomes") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    manager_rig r;
    r.worker("v", "i1", {});
    add_pool(r.tree, "unoffered", {"x"});
    r.lead();
    r.d.fates = {f};
    r.pass(a_clean_period);
    r.pass(a_clean_period);
    CHECK_FALSE(r.tree.has("/djm/work-pool/unoffered"));
  }
}

TEST_CASE("manager: a cleaning that meets another version is planned anew, soon, and nothing is read again for it") {
  manager_rig r;
  r.worker("v", "i1", {});
  add_pool(r.tree, "unoffered", {"x"});
  r.lead();
  r.pass(std::chrono::hours{2});
  r.d.fates = {fate::delayed};
  r.pass(std::chrono::hours{1});
  REQUIRE(r.d.held.size() == 1);
  r.tree.put("/djm/work-pool-version", "{}");
  const auto before = r.status().counters;
  r.d.answer_held();
  CHECK(r.tree.has("/djm/work-pool/unoffered/x"));
  r.pass(std::chrono::minutes{1});
  CHECK_FALSE(r.tree.has("/djm/work-pool/unoffered"));
  CHECK(r.status().counters.reloads == before.reloads);
  CHECK(r.status().counters.conflicts == before.conflicts + 1);
}
