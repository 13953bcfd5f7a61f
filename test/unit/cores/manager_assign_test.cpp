#include <doctest/doctest.h>

#include "djm/text.hpp"
#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;
using owners = std::map<item_id, node_id>;

} // namespace

TEST_CASE("manager: it does nothing at all until it leads") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.pass(seconds{100});
  CHECK(r.d.reads_answered == 0);
  CHECK(r.owners().empty());
  CHECK(r.d.core.wake_at() == std::nullopt);
}

TEST_CASE("manager: the first plan gives every item one owner, in one fenced transaction") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  CHECK(r.owners().size() == 2);
  CHECK(r.count("v") == 1);
  CHECK(r.count("w") == 1);
  const auto written = r.d.take_written();
  REQUIRE(written.size() == 1);
  CHECK(written[0].find("check leader-latch/m-im-0000000000, set worker-assignment-version@0, set workers/v/assigned, "
                        "set workers/w/assigned, ") == 0);
}

TEST_CASE("manager: I5 a calm cluster is read now and then and never written") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", r.items(7));
  for (const auto& i : r.items(7)) {
    put_lock(r.tree, "j", i, "v", "i1");
  }
  r.lead();
  const auto before = r.tree.zxid();
  const auto reads = r.d.reads_answered;
  r.pass(std::chrono::minutes{10});
  CHECK(r.tree.zxid() == before);
  CHECK(r.d.reads_answered - reads <= 20 * 4); // twenty sweeps of a few reads each
}

TEST_CASE("manager: I6 a leader whose latch is gone commits nothing more") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.tree.erase(r.latch);
  const auto before = r.tree.zxid();
  r.worker("w");
  add_pool(r.tree, "j", {"b", "c"});
  const auto outside = r.tree.zxid();
  CHECK(outside > before);
  r.pass(seconds{60});
  CHECK(r.tree.zxid() == outside);
  CHECK(r.owners() == owners{{"a", "v"}});
}

TEST_CASE("manager: an old leader that wakes up behind a new one cannot assign, even with its latch in place") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  // Another leader writes assignments.
  r.tree.put("/djm/worker-assignment-version", "{}");
  r.tree.put("/djm/work-pool/j/b");
  r.d.settle();
  r.pass(seconds{10});
  // It reads everything again first; the version it checks is then the right one.
  CHECK(r.status().counters.reloads > 0);
  CHECK(r.owners() == owners{{"a", "v"}, {"b", "v"}});
}

TEST_CASE("manager: changes that come together are planned together") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  const int before = r.plans;
  for (int i = 0; i < 10; ++i) {
    r.tree.put("/djm/work-pool/j/x" + std::to_string(i));
    r.pass(milliseconds{50});
  }
  CHECK(r.plans == before);
  r.pass(seconds{1});
  CHECK(r.plans == before + 1);
  CHECK(r.owners().size() == 11);
}

TEST_CASE("manager: changes that do not end are planned after the maximum wait") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  const int before = r.plans;
  for (int i = 0; i < 50; ++i) {
    r.tree.put("/djm/work-pool/j/x" + std::to_string(i));
    r.pass(milliseconds{100});
  }
  CHECK(r.plans >= before + 2);
  CHECK(r.plans <= before + 4);
}

TEST_CASE("manager: a new worker gets its share and the others keep theirs") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", r.items(9));
  r.lead();
  const auto before = r.owners();
  r.d.take_written();
  r.worker("x");
  r.pass(seconds{1});
  CHECK(r.count("x") == 3);
  std::size_t moved = 0;
  for (const auto& [item, owner] : r.owners()) {
    moved += owner != before.at(item) ? 1 : 0;
  }
  CHECK(moved == 3); // I4
}

TEST_CASE("manager: many moves are written in pipelined transactions of at most 200 operations") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", r.items(1000));
  r.lead();
  CHECK(r.owners().size() == 1000);
  CHECK(r.count("v") == 500);
  const auto written = r.d.take_written();
  CHECK(written.size() >= 6);
  for (const auto& t : written) {
    CHECK(std::count(t.begin(), t.end(), ',') < 200);
  }
}

TEST_CASE("manager: every prefix of a split plan is a consistent state") {
  manager_rig r{20};
  r.worker("v");
  add_pool(r.tree, "j", r.items(60));
  r.lead();
  REQUIRE(r.count("v") == 60);
  r.worker("w");
  r.d.said.clear();
  // The second transaction of the plan and all behind it meet a conflict.
  r.d.fates = {fate::truth, fate::unknown_lost};
  bool whole = true;
  for (int n = 0; n < 100; ++n) {
    r.pass(milliseconds{20});
    const auto now = r.owners();
    whole = whole && now.size() == 60;
    for (const auto& [item, owner] : now) {
      whole = whole && (owner == "v" || owner == "w");
    }
  }
  CHECK(whole);
  r.pass(seconds{10});
  CHECK(r.count("w") == 30);
  CHECK(r.status().counters.reloads >= 1);
}

TEST_CASE("manager: unknown outcomes of assignments end with what should be") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    for (std::size_t n = 0; n < 3; ++n) {
      CAPTURE(n);
      manager_rig r{20};
      r.worker("v");
      r.worker("w");
      add_pool(r.tree, "j", r.items(40));
      r.d.fates.assign(n, fate::truth);
      r.d.fates.push_back(f);
      r.lead();
      r.pass(seconds{20});
      CHECK(r.owners().size() == 40);
      CHECK(r.count("v") == 20);
      const auto before = r.tree.zxid();
      r.pass(seconds{60});
      CHECK(r.tree.zxid() == before);
    }
  }
}

TEST_CASE("manager: the reload after an unknown outcome starts behind a barrier") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.d.take(r.d.core.on_granted(7, r.latch, r.d.view.number, r.d.now_step()));
  REQUIRE(r.d.reads.size() == 1);
  CHECK(r.d.reads.front().fresh); // taking leadership
  r.d.fates = {fate::unknown_lost};
  r.pass(milliseconds{250});
  REQUIRE(r.d.core.wake_at().has_value());
  r.d.now = *r.d.core.wake_at();
  r.d.take(r.d.core.on_wake(r.d.now_step()));
  REQUIRE(r.d.reads.size() == 1);
  CHECK(r.d.reads.front().fresh);
}

TEST_CASE("manager: a failing planner is reported, asked again, and loses nothing") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.plan_failures = 3;
  r.tree.put("/djm/work-pool/j/b");
  r.pass(seconds{30});
  CHECK(r.all_events().find("strategy threw") != std::string::npos);
  CHECK(r.owners() == owners{{"a", "v"}, {"b", "v"}});
}

TEST_CASE("manager: a disabled job loses its items and gets them back") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a", "b"});
  add_pool(r.tree, "k", {"c"});
  r.tree.put("/djm/workers/v/available/k");
  r.lead();
  REQUIRE(r.owners().size() == 2);
  add_pool(r.tree, "j", {}, false);
  r.pass(seconds{3});
  CHECK(r.owners().empty());
  CHECK(r.owners("k").size() == 1);
  add_pool(r.tree, "j", {}, true);
  r.pass(seconds{3});
  CHECK(r.owners().size() == 2);
}

TEST_CASE("manager: all jobs disabled lose their items and get them back") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  store::pools_payload off;
  off.all_disabled = true;
  r.tree.put("/djm/work-pool", store::encode(off));
  r.pass(seconds{3});
  CHECK(r.owners().empty());
  r.tree.put("/djm/work-pool", store::encode(store::pools_payload{}));
  r.pass(seconds{3});
  CHECK(r.owners().size() == 2);
}

TEST_CASE("manager: a job that is disabled while its owner is gone loses its items too") {
  manager_rig r;
  auto s = r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.tree.end(s);
  r.pass(seconds{1});
  CHECK(r.owners().size() == 1);
  add_pool(r.tree, "j", {}, false);
  r.pass(seconds{1});
  CHECK(r.owners().empty());
}

TEST_CASE("manager: nodes that know a job only by its pool never get its items") {
  manager_rig r;
  r.worker("v", "i1", {"j"});
  r.worker("w", "i1", {"k"});
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  CHECK(r.owners() == owners{{"a", "v"}, {"b", "v"}});
}

TEST_CASE("manager: an item nobody can take is named with its reason") {
  manager_rig r;
  r.worker("v", "i1", {});
  add_pool(r.tree, "j", {"a"});
  r.lead();
  auto st = r.status();
  REQUIRE(st.unassigned.size() == 1);
  CHECK_FALSE(to_text(st.unassigned[0]).empty());
}

TEST_CASE("manager: strays are removed: items that left the pool, jobs that went, items owned twice") {
  manager_rig r;
  r.worker("v");
  r.worker("w");
  add_pool(r.tree, "j", {"a", "b"});
  assign(r.tree, "v", "i1", "j", {"a", "gone"});
  assign(r.tree, "w", "i1", "j", {"a", "b"});
  assign(r.tree, "w", "i1", "nojob", {"x"});
  r.lead();
  const auto now = r.owners();
  REQUIRE(now.size() == 2);
  CHECK(now.at("a").str().find('+') == std::string::npos);
  CHECK(now.at("b").str().find('+') == std::string::npos);
  CHECK(r.owners("nojob").empty());
}

TEST_CASE("manager: an item that leaves the pool leaves its owner, and may come back") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  r.tree.erase("/djm/work-pool/j/b");
  r.pass(seconds{1});
  CHECK(r.owners() == owners{{"a", "v"}});
  r.tree.put("/djm/work-pool/j/b");
  r.pass(seconds{1});
  CHECK(r.owners() == owners{{"a", "v"}, {"b", "v"}});
}

TEST_CASE("manager: a worker back in a new incarnation has its assignment written anew for it") {
  manager_rig r;
  auto s = r.worker("v", "i1");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.tree.end(s);
  r.pass(seconds{1});
  r.worker("v", "i2");
  r.pass(seconds{1});
  auto p = store::decode<store::assigned_payload>(r.tree.data("/djm/workers/v/assigned"), "");
  REQUIRE(p.has_value());
  CHECK(p->incarnation == "i2");
  CHECK(r.owners() == owners{{"a", "v"}});
}

TEST_CASE("manager: malformed registrations, pools and assigned are reported and stop nobody else") {
  manager_rig r;
  r.worker("v");
  r.worker("bad");
  add_pool(r.tree, "j", {"a", "b"});
  add_pool(r.tree, "k", {"x"});
  r.tree.put("/djm/workers/v/available/k");
  r.tree.put("/djm/workers/bad", "{\"v\":1}");
  r.tree.put("/djm/workers/v/assigned", "%%");
  r.lead();
  CHECK(r.owners() == owners{{"a", "v"}, {"b", "v"}});
  CHECK(r.all_events().find("/djm/workers/bad") != std::string::npos);
  CHECK(r.all_events().find("/djm/workers/v/assigned") != std::string::npos);
  r.tree.put("/djm/work-pool/k", "no pool");
  r.pass(seconds{2});
  CHECK(r.all_events().find("/djm/work-pool/k") != std::string::npos);
  CHECK(r.owners("k").size() == 1); // the latest that could be read counts
}

TEST_CASE("manager: what others have written wrongly is looked at again, until it is mended or gone") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.tree.put("/djm/workers/gone", "{\"v\":1}");
  r.lead();
  const auto problems = [&] { return r.d.core.status(r.d.now).problems; };
  REQUIRE_FALSE(problems().empty());
  r.tree.erase("/djm/workers/gone"); // nobody bumps a version for it
  r.pass(seconds{40});
  CHECK(problems().empty());
}

TEST_CASE("manager: a session that refuses watches is made up for by the sweeps") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.tree.refuse_watches("/djm/work-pool");
  r.lead();
  r.tree.put("/djm/work-pool/j/b");
  r.pass(seconds{40});
  CHECK(r.owners().size() == 2);
}

TEST_CASE("manager: after a new term it starts from what it reads, not from what it knew") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.revoke();
  CHECK(r.d.core.wake_at() == std::nullopt);
  unassign(r.tree, "v", "i1", "j", {"a"});
  r.tree.put("/djm/worker-assignment-version", "{}");
  r.pass(seconds{10});
  CHECK(r.owners().empty());
  r.lead();
  CHECK(r.owners() == owners{{"a", "v"}});
}
