#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("worker: one unavailable item does not keep the others waiting") {
  worker_rig r;
  r.add_job();
  r.join();
  put_lock(r.tree, "j", "b", "v", "i9");
  auto said = r.assigned({"a", "b", "c"});
  CHECK(said == "grant j: " + r.token("a") + " " + r.token("c") + ", more to come");
  CHECK(r.status().waiting == std::map<std::string, std::string>{{"j:b", "v/i9"}});
  // The lock is watched: nothing is asked or written until it goes.
  const auto reads = r.d.reads_answered;
  r.d.take_written();
  r.d.pass(seconds{300});
  CHECK(r.d.reads_answered == reads);
  r.tree.erase("/djm/locks/j/b.lock");
  said = r.react();
  CHECK(said == "grant j: " + r.token("b"));
  CHECK(r.d.take_written() == strings{"set alive/w, create locks/j/b.lock"});
}

TEST_CASE("worker: a failed acquisition never touches the other holder's lock") {
  worker_rig r;
  r.add_job();
  r.join();
  put_lock(r.tree, "j", "a", "v", "i9");
  const auto lock = r.tree.stat("/djm/locks/j/a.lock").czxid;
  r.assigned({"a"});
  r.unassigned({"a"});
  r.d.call(&worker_core::on_drain);
  CHECK(r.tree.stat("/djm/locks/j/a.lock").czxid == lock);
}

TEST_CASE("worker: a lock of its own incarnation is adopted with its token") {
  worker_rig r;
  r.add_job();
  r.join();
  put_lock(r.tree, "j", "a", "w", "i1");
  auto said = r.assigned({"a"});
  CHECK(said == "grant j: " + r.token("a"));
}

TEST_CASE("worker: a lock of an earlier incarnation of this node is another's until the leader breaks it") {
  worker_rig r;
  r.add_job();
  r.join();
  put_lock(r.tree, "j", "a", "w", "i0");
  CHECK(r.assigned({"a"}) == "");
  r.d.pass(seconds{60});
  CHECK(r.status().waiting.count("j:a") == 1);
}

TEST_CASE("worker: a malformed lock is reported and waited for, never taken") {
  worker_rig r;
  r.add_job();
  r.join();
  r.tree.put("/djm/locks/j/a.lock", "{{{");
  r.assigned({"a", "b"});
  r.d.pass(seconds{60});
  CHECK(r.tree.data("/djm/locks/j/a.lock") == "{{{");
  REQUIRE_FALSE(r.d.emitted.empty());
  CHECK(show(emit_effect{r.d.emitted.back()}).find("/djm/locks/j/a.lock") != std::string::npos);
  CHECK(r.status().waiting.count("j:a") == 1);
  CHECK(r.status().locked == 1);
}

TEST_CASE("worker: above the window of lock watches one watch on the folder does") {
  worker_rig r{200, 3};
  r.add_job();
  r.join();
  std::vector<item_id> items;
  for (int i = 0; i < 10; ++i) {
    items.emplace_back("i" + std::to_string(i));
    put_lock(r.tree, "j", items.back(), "v", "i9");
  }
  r.assigned(items);
  CHECK(r.status().waiting.size() == 10);
  std::string asked;
  for (const auto& read : r.d.take_asked()) {
    asked += read + "\n";
  }
  std::size_t watches = 0;
  for (auto at = asked.find("get! locks/j/"); at != std::string::npos; at = asked.find("get! locks/j/", at + 1)) {
    ++watches;
  }
  CHECK(watches == 3);
  CHECK(asked.find("children! locks/j]") != std::string::npos);
  const auto reads = r.d.reads_answered;
  r.d.pass(seconds{60});
  CHECK(r.d.reads_answered == reads);
  r.tree.erase("/djm/locks/j/i9.lock");
  auto said = r.react();
  CHECK(said == "grant j: " + r.token("i9") + ", more to come");
  for (const auto& item : items) {
    if (item != "i9") {
      r.tree.erase("/djm/locks/j/" + item + ".lock");
      r.react();
    }
  }
  CHECK(r.status().locked == 10);
}

TEST_CASE("worker: a session that refuses watches is asked now and then, not all the time") {
  for (std::size_t window : {std::size_t{500}, std::size_t{0}}) {
    worker_rig r{200, window};
    r.add_job();
    r.join();
    put_lock(r.tree, "j", "a", "v", "i9");
    r.tree.refuse_watches("/djm/locks");
    r.assigned({"a"});
    const auto before = r.d.reads_answered;
    r.d.pass(seconds{100});
    CHECK(r.d.reads_answered - before < 300);
    r.tree.erase("/djm/locks/j/a.lock");
    r.d.pass(seconds{20});
    CHECK(r.status().locked == 1);
  }
}

TEST_CASE("worker: a missing lock folder is made again") {
  worker_rig r;
  r.add_job();
  r.join();
  r.assigned({"a"});
  r.unassigned({"a"});
  r.released({"a"});
  r.tree.erase("/djm/locks/j"); // the leader cleans empty folders
  r.assigned({"b"});
  CHECK(r.locks() == strings{"b.lock"});
}

TEST_CASE("worker: after an unknown outcome it reads behind a barrier and goes on with the truth") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    CAPTURE(f == fate::unknown_applied);
    worker_rig r;
    r.add_job();
    r.join();
    r.d.fates = {f};
    auto said = r.assigned({"a"});
    CHECK(said == "grant j: " + r.token("a"));
    CHECK(r.d.written.size() == (f == fate::unknown_applied ? 1 : 2));
    CHECK(r.status().counters.rereads == 1);
    // and the same for giving it back
    r.d.take_written();
    r.unassigned({"a"});
    r.d.fates = {f};
    CHECK(r.released({"a"}) == "");
    CHECK(r.locks().empty());
    CHECK(r.d.written.size() == (f == fate::unknown_applied ? 1 : 2));
  }
}

TEST_CASE("worker: the read after an unknown outcome is behind a barrier") {
  worker_rig r;
  r.add_job();
  r.join();
  assign(r.tree, "w", "i1", "j", {"a"});
  for (const auto& e : r.tree.take_events(r.d.view.id)) {
    r.d.take(r.d.core.on_watch(e, r.d.now_step()));
  }
  while (!r.d.reads.empty()) {
    auto q = r.d.reads.front();
    r.d.reads.pop_front();
    r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
  }
  REQUIRE(r.d.commits.size() == 1);
  auto commit = r.d.commits.front();
  r.d.commits.clear();
  r.d.take(r.d.core.on_commit(commit.request, store::unknown{}, r.d.now_step()));
  CHECK(r.d.commits.empty());
  REQUIRE(r.d.reads.size() == 1);
  CHECK(show(r.d.reads.front()) == "fresh[get locks/j/a.lock]");
}

TEST_CASE("worker: after an unknown unlock it never deletes what another has locked meanwhile") {
  worker_rig r;
  r.add_job();
  r.join();
  r.assigned({"a"});
  r.unassigned({"a"});
  r.d.fates = {fate::held};
  r.released({"a"});
  put_lock(r.tree, "j", "a", "v", "i9");
  r.d.held.front().outcome = store::unknown{};
  r.d.answer_held();
  CHECK(r.locks() == strings{"a.lock"});
  r.d.pass(seconds{60});
  CHECK(r.locks() == strings{"a.lock"});
}

TEST_CASE("worker: two workers over one tree never both hold an item") {
  fake_store tree;
  prepare(tree);
  auto make = [&](const node_id& name) {
    auto s = worker_rig::settings(200, 500, false);
    s.node = name;
    return driver<worker_core>{s, tree};
  };
  auto v = make("v");
  auto w = make("w");
  for (auto* d : {&v, &w}) {
    d->call(&worker_core::on_job_added, job_id{"j"});
    d->connect();
    const node_id name{d == &v ? "v" : "w"};
    enlist(tree, d->view.id, name, "i1", {"j"});
    d->call(&worker_core::on_joined, d->view.number, tree.data("/djm/alive/" + name));
  }
  assign(tree, "v", "i1", "j", {"a"});
  CHECK(v.settle().find("grant j: a#") != std::string::npos);
  const auto token = tree.stat("/djm/locks/j/a.lock").czxid;
  unassign(tree, "v", "i1", "j", {"a"});
  assign(tree, "w", "i1", "j", {"a"});
  w.said.clear();
  CHECK(w.settle() == ""); // waits for the lock
  v.said.clear();
  CHECK(v.settle() == "revoke j revoked: a");
  w.settle();
  CHECK(w.said == "");
  v.call(&worker_core::on_released, job_id{"j"}, std::vector<item_id>{"a"});
  w.said.clear();
  CHECK(w.settle().find("grant j: a#") == 0);
  CHECK(tree.stat("/djm/locks/j/a.lock").czxid > token); // I2
}

TEST_CASE("worker: what others have locked of many jobs is found out at once, and waits for no time") {
  constexpr int jobs = 20;
  const auto job = [](int n) { return job_id{"j" + std::to_string(n)}; };
  for (const bool locked : {false, true}) {
    CAPTURE(locked);
    worker_rig r;
    for (int n = 0; n < jobs; ++n) {
      r.add_job(job(n));
    }
    r.join();
    for (int n = 0; n < jobs; ++n) { // as others have, since this node has looked
      put_lock(r.tree, job(n), item_id{locked ? "a" : "another"}, "other", "x");
      assign(r.tree, "w", "i1", job(n), {"a"});
    }
    r.react();
    CHECK(r.status().counters.lock_conflicts <= 2);
    CHECK(r.status().locked == (locked ? 0 : jobs));
    CHECK(r.status().waiting.size() == (locked ? jobs : 0));
    if (locked) {
      for (int n = 0; n < jobs; ++n) {
        r.tree.erase("/djm/locks/" + job(n) + "/a.lock");
      }
      r.react();
      CHECK(r.status().locked == jobs);
    }
  }
}
