#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "test/unit/cores/admin_rig.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("admin: the view shows workers, jobs, owners, holders, and why an item has none") {
  admin_rig r;
  r.join();
  enlist(r.tree, 0, "old", "i0", {"k", "m"});
  add_pool(r.tree, "j", {"a", "b"});
  assign(r.tree, "n", "i1", "j", {"a"});
  put_lock(r.tree, "j", "a", "old", "i0");
  add_pool(r.tree, "k", {"x"}, false);
  add_pool(r.tree, "m", {"y"});
  const auto v = r.view();
  REQUIRE(v.workers.size() == 2);
  CHECK(v.workers[0].id == "n");
  CHECK(v.workers[0].state == worker_state::alive);
  CHECK(v.workers[0].items == 1);
  CHECK(v.workers[1].state == worker_state::gone);
  REQUIRE(v.jobs.size() == 3);
  REQUIRE(v.jobs[0].items.size() == 2);
  CHECK(v.jobs[0].items[0].owner == "n");
  CHECK(v.jobs[0].items[0].holder == "old");
  CHECK(v.jobs[0].items[0].token == r.tree.stat(lock_of_a).czxid);
  CHECK(v.jobs[0].items[0].reason.empty());
  CHECK(v.jobs[0].items[1].reason == "not placed yet; the leader's status tells why");
  CHECK(v.jobs[1].items[0].reason == "the job is disabled");
  CHECK(v.jobs[2].items[0].reason == "no live worker offers the job");
  CHECK(v.leader.empty());
  CHECK(v.problems.empty());
}

TEST_CASE("admin: the view names the leader by the lowest latch, whatever the others are called") {
  admin_rig r;
  r.join();
  for (const auto* name : {"0-stranger", "a-i1-0000000007", "n-i1-0000000003", "z-i1-0000000009", "zz"}) {
    store::transaction txn;
    txn.ops.push_back(store::create_op{std::string{"/djm/leader-latch/"} + name, {}, store::create_mode::ephemeral});
    r.tree.commit(r.tree.open(), txn);
  }
  r.tree.put("/djm/leader-latch/y-i1-0000000001"); // nobody's
  const auto v = r.view();
  CHECK(std::count(v.problems.begin(), v.problems.end(),
                   "/djm/leader-latch/y-i1-0000000001: not ephemeral, so no candidate") == 1);
  CHECK(v.leader == "n");
  CHECK(v.epoch == r.tree.stat("/djm/leader-latch/n-i1-0000000003").czxid);
  CHECK(v.candidates == to_ids<node_id>({"n", "a", "z"}));
}

TEST_CASE("admin: the view shows what operators have done to a job, and says which record it cannot read") {
  admin_rig r;
  r.join();
  add_pool(r.tree, "j", {"a"});
  add_pool(r.tree, "k", {"x"});
  add_pool(r.tree, "m", {"y"});
  auto record = store::first_record(*store::to_offer(job_spec{}), nullptr);
  record.paused = true;
  record.rev = 7;
  r.tree.put("/djm/jobs/j", store::encode(record));
  r.tree.put("/djm/jobs/m", "{");
  const auto v = r.view();
  REQUIRE(v.jobs.size() == 3);
  CHECK(v.jobs[0].paused);
  CHECK(v.jobs[0].rev == 7);
  CHECK_FALSE(v.jobs[1].paused);
  CHECK(v.jobs[1].rev == 0);
  CHECK(v.jobs[2].rev == 0);
  CHECK(std::any_of(v.problems.begin(), v.problems.end(),
                    [](const std::string& p) { return p.find("/djm/jobs/m") != p.npos; }));
}

TEST_CASE("admin: a latch that goes while the view is taken leaves it without a leader") {
  admin_rig r;
  r.join();
  r.tree.put("/djm/leader-latch/n-i1-0000000003");
  r.d.take(r.d.core.ask(1, admin_core::see_cluster{}, r.d.now_step()));
  REQUIRE(r.d.reads.size() == 1);
  const auto first = r.d.reads.front();
  r.d.reads.pop_front();
  r.d.take(r.d.core.on_read(first.request, r.tree.read(r.d.view.id, first.reads), r.d.now_step()));
  r.tree.erase("/djm/leader-latch/n-i1-0000000003");
  r.d.settle();
  REQUIRE(r.d.others.size() == 1);
  const auto& v = std::get<admin_core::viewed>(r.d.others[0]).view;
  CHECK(v.leader.empty());
  CHECK(v.epoch == 0);
}

TEST_CASE("admin: the view shows the strategy of each job, and of those that name none the default") {
  admin_rig r;
  r.join();
  store::pool_payload p;
  p.attributes.strategy = "rendezvous";
  r.tree.put("/djm/work-pool/j", store::encode(p));
  const auto v = r.view();
  CHECK(v.jobs.at(0).strategy == "rendezvous");
  CHECK(v.jobs.at(1).strategy == "balanced");
}

TEST_CASE("admin: the view lists what it cannot read, and goes on") {
  admin_rig r;
  r.join();
  r.tree.put("/djm/work-pool", "no json");
  r.tree.put("/djm/work-pool/j", "{\"enabled\":3}");
  r.tree.put("/djm/alive/stranger", "x");
  r.tree.put("/djm/workers/n", "");
  r.tree.put(lock_of_a, "?");
  const auto v = r.view();
  for (const std::string& path : {std::string{"/djm/work-pool"}, std::string{"/djm/work-pool/j"},
                                  std::string{"/djm/alive/stranger"}, std::string{"/djm/workers/n"}, lock_of_a}) {
    CAPTURE(path);
    CHECK(std::any_of(v.problems.begin(), v.problems.end(),
                      [&](const std::string& p) { return p.find(path) != std::string::npos; }));
  }
  CHECK(v.jobs.size() == 2);
}

TEST_CASE("admin: above its limit the view leaves the holders out and says so") {
  admin_rig r{1000, 1};
  r.join();
  add_pool(r.tree, "j", {"a", "b"});
  put_lock(r.tree, "j", "a", "n", "i1");
  const auto v = r.view();
  REQUIRE(v.problems.size() == 1);
  CHECK(v.problems[0] == "lock holders are left out above 1 items");
  CHECK(v.jobs[0].items[0].holder.empty());
}

TEST_CASE("admin: the view of an empty tree is empty") {
  admin_rig r;
  r.d.connect();
  r.d.call(&admin_core::on_joined, true);
  for (const auto* path : {"/djm/work-pool/j", "/djm/work-pool/k"}) {
    r.tree.erase(path);
  }
  const auto v = r.view();
  CHECK(v.workers.empty());
  CHECK(v.jobs.empty());
  CHECK(v.problems.empty());
}

TEST_CASE("admin: the view shows what is noted down of the cluster, and nodes that do not agree") {
  admin_rig r;
  r.join();
  enlist(r.tree, r.tree.open(), "other", "i2");
  CHECK(r.view().model.epoch == 0);
  store::model_payload m;
  m.epoch = 7;
  m.job_model = "a";
  m.configuration = "b";
  m.deployment = "c";
  m.deployments = {"monday"};
  m.changed_at_ms = 12;
  r.tree.put("/djm/model", store::encode(m));
  for (const auto& [id, value] : std::map<std::string, std::string>{{"n", "15s"}, {"other", "30s"}}) {
    auto p = *store::decode<store::worker_payload>(r.tree.data("/djm/workers/" + id), id);
    p.shared = {{"detach_tolerance", value}};
    r.tree.put("/djm/workers/" + id, store::encode(p));
  }
  const auto v = r.view();
  CHECK(v.model.epoch == 7);
  CHECK(v.model.job_model == "a");
  CHECK(v.model.configuration == "b");
  CHECK(v.model.deployment == "c");
  CHECK(v.model.deployments == std::vector<std::string>{"monday"});
  CHECK(v.model.changed_at_ms == 12);
  CHECK(v.problems ==
        std::vector<std::string>{"nodes of this cluster have to agree: detach_tolerance differs: 15s on \"n\"; 30s on "
                                 "\"other\""});
  r.tree.put("/djm/model", "rubbish");
  const auto bad = r.view();
  CHECK(bad.model.epoch == 0);
  CHECK(bad.problems.size() == 2);
}
