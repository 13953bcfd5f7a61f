#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

/// What the leader reads, and what it makes of answers that are older or newer than what it knows.
namespace {

using strings = std::vector<std::string>;
using owners = std::map<item_id, node_id>;

std::size_t count(const strings& asked, const std::string& what) {
  std::size_t n = 0;
  for (const auto& text : asked) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
      ++n;
    }
  }
  return n;
}

/// Works until there is nothing to do at this moment; `before` hears of each question before it is answered.
template <class F>
void work_at_once(manager_rig& r, F before) {
  for (int n = 0; n < 200; ++n) {
    if (!r.d.reads.empty()) {
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      before(show(q));
      for (const auto& e : r.tree.take_events(r.d.view.id)) {
        r.d.take(r.d.core.on_watch(e, r.d.now_step()));
      }
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    } else if (!r.d.commits.empty()) {
      r.d.answer_commit();
    } else if (!r.answer_plan()) {
      return;
    }
  }
  FAIL("the manager does not come to rest");
}

/// v is gone, nobody tells the leader, and its next sweep has begun to read everything.
struct without_watches : manager_rig {
  without_watches() {
    auto s = worker("v");
    add_pool(tree, "j", {"a"});
    tree.refuse_watches("/djm/");
    lead();
    tree.end(s);
    while (d.reads.empty()) {
      d.now = std::max(d.now, d.core.wake_at().value());
      d.take(d.core.on_wake(d.now_step()));
    }
  }
  /// `meanwhile` happens while the leader asks whether v is gone.
  template <class F>
  void work_while_asking(F meanwhile) {
    bool done = false;
    work_at_once(*this, [&](const std::string& question) {
      if (!done && question == "read[get worker-version, get workers/v, get alive/v]") {
        meanwhile();
        done = true;
      }
    });
    REQUIRE(done);
  }
};

} // namespace

TEST_CASE("manager: I5 a sweep reads the lock folders, and the locks only of those that have changed") {
  manager_rig r;
  r.worker("v", "i1", {"j", "k"});
  add_pool(r.tree, "j", {"a", "b"});
  add_pool(r.tree, "k", {"x"});
  put_lock(r.tree, "j", "a", "v", "i1");
  put_lock(r.tree, "j", "b", "v", "i1");
  put_lock(r.tree, "k", "x", "v", "i1");
  const strings folders{"read[children locks]", "read[exists locks/j, exists locks/k]"};
  r.lead();
  r.d.take_asked();
  for (int n = 0; n < 3; ++n) {
    r.pass(seconds{30});
    CHECK(r.d.take_asked() == folders);
  }
  // A new item makes nothing of this dearer.
  r.tree.put("/djm/work-pool/j/c");
  r.pass(seconds{3});
  r.d.take_asked();
  r.pass(seconds{30});
  CHECK(r.d.take_asked() == folders);
  put_lock(r.tree, "j", "c", "v", "i1");
  r.pass(seconds{30});
  CHECK(r.d.take_asked() == strings{"read[children locks]", "read[exists locks/j, exists locks/k]",
                                    "read[children locks/j]",
                                    "read[get locks/j/a.lock, get locks/j/b.lock, get locks/j/c.lock]"});
}

TEST_CASE("manager: who comes, and who comes back, is read once, and nobody else with it") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  auto asked = r.d.take_asked();
  CHECK(count(asked, "get workers/v,") == 1);
  CHECK(count(asked, "get alive/v") == 1);
  auto s = r.worker("w", "i1", {});
  r.pass(seconds{3});
  asked = r.d.take_asked();
  CHECK(count(asked, "get workers/w,") == 1);
  CHECK(count(asked, "get alive/w") == 1);
  CHECK(count(asked, "get workers/v,") == 0);
  CHECK(count(asked, "get alive/v") == 0);
  CHECK(count(asked, "read[]") == 0);
  r.tree.end(s);
  r.pass(seconds{3});
  r.d.take_asked();
  enlist(r.tree, r.tree.open(), "w", "i1");
  r.pass(seconds{3});
  asked = r.d.take_asked();
  CHECK(count(asked, "get workers/w,") == 1);
  CHECK(count(asked, "get alive/w") == 1);
  CHECK(count(asked, "get workers/v,") == 0);
  CHECK(count(asked, "fresh[") == 0);
}

TEST_CASE("manager: of pools, those that are new are read") {
  manager_rig r;
  r.worker("v", "i1", {"j", "k"});
  add_pool(r.tree, "j", {"a"});
  r.lead();
  r.d.take_asked();
  add_pool(r.tree, "k", {"x"});
  r.pass(seconds{3});
  const auto asked = r.d.take_asked();
  CHECK(count(asked, "children! work-pool/k") == 1);
  CHECK(count(asked, "work-pool/j") == 0);
  CHECK(count(asked, "read[]") == 0);
  CHECK(r.owners("k").size() == 1);
}

TEST_CASE("manager: a work-pool that cannot be read is reported, one without data is not") {
  for (const auto* data : {"", "garbage"}) {
    manager_rig r;
    r.worker("v");
    add_pool(r.tree, "j", {"a"});
    r.tree.put("/djm/work-pool", data);
    r.lead();
    CHECK((r.all_events().find("/djm/work-pool") != std::string::npos) == (*data != 0));
    CHECK(r.owners() == owners{{"a", "v"}});
  }
}

TEST_CASE("manager: a folder that goes while it is being read is made again when it is needed") {
  manager_rig r;
  r.worker("v", "i1", {"k"});
  add_pool(r.tree, "k", {"x"});
  assign(r.tree, "v", "i1", "k", {});
  r.d.take(r.d.core.on_granted(r.tree.stat(r.latch).czxid, r.latch, r.d.view.number, r.d.now_step()));
  work_at_once(r, [&](const std::string& question) {
    if (question == "read[children workers/v/assigned/k]") {
      r.tree.erase("/djm/workers/v/assigned/k");
    }
  });
  REQUIRE_FALSE(r.tree.has("/djm/workers/v/assigned/k"));
  r.work();
  CHECK(r.owners("k") == owners{{"x", "v"}});
  CHECK(r.status().counters.conflicts == 0);
}

TEST_CASE("manager: the strays of others do not go with a worker whose registration goes") {
  manager_rig r;
  r.worker("v");
  auto s = r.worker("w", "i1", {});
  add_pool(r.tree, "j", {"a", "b"});
  r.lead();
  REQUIRE(r.count("v") == 2);
  r.tree.end(s);
  r.pass(seconds{3});
  // Before the next plan an item leaves the pool, and then w goes.
  r.tree.erase("/djm/work-pool/j/b");
  r.d.settle();
  r.tree.erase("/djm/workers/w");
  r.tree.put("/djm/worker-version", "{}");
  r.d.settle();
  REQUIRE(r.owners().size() == 2);
  r.pass(seconds{3});
  CHECK(r.owners() == owners{{"a", "v"}});
}

TEST_CASE("manager: who is written anew while the leader asks whether it is gone is read again, without any watch") {
  without_watches r;
  store::worker_payload p;
  p.incarnation = "i1";
  p.detach_ms = 10'000;
  p.left = true; // nothing to wait for
  r.worker("w");
  r.work_while_asking([&] { r.tree.put("/djm/workers/v", store::encode(p)); });
  r.pass(seconds{3});
  CHECK(r.owners() == owners{{"a", "w"}});
}

TEST_CASE("manager: who is back while the leader asks whether it is gone is read again, without any watch") {
  without_watches r;
  r.work_while_asking([&] { enlist(r.tree, r.tree.open(), "v", "i1", {"j", "k"}); });
  CHECK(r.status().workers == 1);
  CHECK(r.status().gone.empty());
  CHECK(r.d.core.image().workers.at("v").available.count("k") == 1);
}

TEST_CASE("manager: a job whose watches are refused is switched off as promptly as any other") {
  manager_rig r;
  r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.tree.refuse_watches("/djm/work-pool/");
  r.lead();
  REQUIRE(r.count("v") == 1);
  auto p = *store::decode<store::pool_payload>(r.tree.data("/djm/work-pool/j"), "j");
  for (const bool enabled : {false, true, false}) {
    p.enabled = enabled;
    r.tree.put("/djm/work-pool/j", store::encode(p));
    r.tree.put("/djm/work-pool-version", "{}");
    r.work(); // 3 s; the sweep comes each 30 s
    CHECK(r.count("v") == (enabled ? 1 : 0));
  }
}

TEST_CASE("manager: an alive node that was replaced between two looks is read again") {
  manager_rig r;
  auto s = r.worker("v");
  add_pool(r.tree, "j", {"a"});
  r.lead();
  enlist(r.tree, 0, "v", "i2", {"j"}); // registered, and the life before is still there
  r.tree.put("/djm/worker-version", "{}");
  r.pass(seconds{1});
  CHECK(r.status().workers == 0);
  r.tree.end(s);
  store::alive_payload a;
  a.incarnation = "i2";
  store::transaction txn;
  txn.ops.push_back(store::create_op{"/djm/alive/v", store::encode(a), store::create_mode::ephemeral});
  r.tree.commit(r.tree.open(), txn);
  r.pass(seconds{1});
  CHECK(r.status().workers == 1);
  CHECK(r.status().gone.empty());
}
