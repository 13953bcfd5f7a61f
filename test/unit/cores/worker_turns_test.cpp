#include <doctest/doctest.h>

#include <algorithm>

#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

/// What the worker makes of answers that fail, and of items that change while something about them is under way.
namespace {

using strings = std::vector<std::string>;

std::vector<item_id> numbered(int n) {
  std::vector<item_id> items;
  for (int i = 0; i < n; ++i) {
    items.emplace_back("item-" + std::to_string(10'000 + i));
  }
  return items;
}

std::size_t asked_about(const strings& asked, const std::string& what) {
  return static_cast<std::size_t>(
    std::count_if(asked.begin(), asked.end(), [&](const auto& q) { return q.find(what) != std::string::npos; }));
}

/// Answers and delivers until the next question is about `what`, and answers that one with a failure.
void fail_read(worker_rig& r, const std::string& what, store::read_status status) {
  for (int n = 0; n < 100; ++n) {
    if (!r.d.reads.empty()) {
      const auto q = std::move(r.d.reads.front());
      r.d.reads.pop_front();
      const bool found = show(q).find(what) != std::string::npos;
      auto answer = r.tree.read(r.d.view.id, q.reads);
      r.d.take(r.d.core.on_read(q.request, found ? store::read_outcome{status, {}, "no"} : answer, r.d.now_step()));
      if (found) {
        return;
      }
    } else if (r.tree.has_events(r.d.view.id)) {
      for (const auto& e : r.tree.take_events(r.d.view.id)) {
        r.d.take(r.d.core.on_watch(e, r.d.now_step()));
      }
    } else {
      REQUIRE_FALSE(r.d.commits.empty());
      r.d.answer_commit();
    }
  }
  FAIL("nobody asks about " << what);
}

bool complains(const worker_rig& r) {
  return std::any_of(r.d.emitted.begin(), r.d.emitted.end(),
                     [](const event& e) { return std::holds_alternative<problem>(e); });
}

} // namespace

TEST_CASE("worker: with many items only the folders that have changed are listed again") {
  worker_rig r{500, 2000};
  r.add_job("j");
  r.add_job("k");
  r.join();
  r.assigned(numbered(1001));
  r.assigned({"x"}, "k");
  r.d.take_asked();
  r.assigned({"y"}, "k");
  const auto asked = r.d.take_asked();
  CHECK(asked_about(asked, "children workers/w/assigned/j") == 0);
  CHECK(asked_about(asked, "children workers/w/assigned/k") == 1);
  CHECK(r.locks("k") == strings{"x.lock", "y.lock"});
  CHECK(r.locks("j").size() == 1001);
}

TEST_CASE("worker: a transaction that was refused is no unknown one, and is complained about") {
  worker_rig r;
  hold(r, {"a"});
  r.d.fates = {fate::held};
  r.assigned({"b"});
  r.d.held.front().outcome = store::rejected{{errc::no_permission, "not yours"}};
  CHECK_FALSE(complains(r));
  r.d.answer_held();
  CHECK(complains(r));
  CHECK(r.status().counters.lock_unknowns == 0);
}

TEST_CASE("worker: a question that was refused is complained about, one that failed is asked again") {
  for (const auto status : {store::read_status::failed, store::read_status::rejected}) {
    worker_rig r;
    hold(r, {"a"});
    assign(r.tree, "w", "i1", "j", {"b"});
    fail_read(r, "workers/w/assigned", status);
    CHECK(complains(r) == (status == store::read_status::rejected));
    r.d.pass(seconds{10});
    CHECK(r.status().locked == 2);
  }
}

TEST_CASE("worker: when the list of a folder cannot be read, it is asked for again and nothing is tried meanwhile") {
  worker_rig r;
  hold(r, {"a"});
  put_lock(r.tree, "j", "b", "v", "i9");
  assign(r.tree, "w", "i1", "j", {"b", "c"});
  fail_read(r, "children locks/j", store::read_status::failed);
  r.d.pass(seconds{10});
  CHECK(r.status().counters.lock_conflicts == 1);
  CHECK(r.status().locked == 2);
}

TEST_CASE("worker: a rebuilt one finds the locks of its former self although a look at them fails") {
  for (const auto* look : {"children locks]", "children locks/j]"}) {
    worker_rig r{200, 500, true};
    put_lock(r.tree, "j", "a", "w", "i1");
    r.add_job();
    r.d.connect();
    enlist(r.tree, r.d.view.id, "w", "i1", {"j"});
    r.d.take(r.d.core.on_joined(r.d.view.number, r.tree.data("/djm/alive/w"), r.d.now_step()));
    fail_read(r, look, store::read_status::failed);
    r.d.pass(seconds{10});
    r.released({"a"}); // by the runner that may still have held it
    CHECK(r.locks().empty());
  }
}

TEST_CASE("worker: a rebuilt one finds the locks of its former self although its session ends while it looks") {
  for (const auto* look : {"children locks]", "children locks/j]"}) {
    CAPTURE(look);
    worker_rig r{200, 500, true};
    put_lock(r.tree, "j", "a", "w", "i1");
    r.add_job();
    r.d.connect();
    enlist(r.tree, r.d.view.id, "w", "i1", {"j"});
    r.d.take(r.d.core.on_joined(r.d.view.number, r.tree.data("/djm/alive/w"), r.d.now_step()));
    while (show(r.d.reads.front()).find(look) == std::string::npos) {
      const auto q = std::move(r.d.reads.front());
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
      REQUIRE_FALSE(r.d.reads.empty());
    }
    r.d.reads.clear(); // nobody answers it any more
    r.d.expire();
    r.join();
    r.d.pass(seconds{10});
    r.released({"a"});
    CHECK(r.locks().empty());
  }
}

TEST_CASE("worker: a rebuilt one says which locks it cannot look at, and looks at them later") {
  worker_rig r{200, 500, true};
  put_lock(r.tree, "j", "a", "w", "i1");
  r.add_job();
  r.tree.forbid("/djm/locks/j");
  r.join();
  r.d.pass(seconds{10});
  REQUIRE(r.status().problems.size() == 1);
  CHECK(r.status().problems.front().find("/djm/locks/j: cannot be read") == 0);
  r.tree.forbid("");
  r.d.pass(seconds{10});
  r.released({"a"});
  CHECK(r.locks().empty());
  CHECK(r.status().problems.empty());
}

TEST_CASE("worker: a lock that was given back is not lost, whatever became of the answer") {
  for (auto f : {fate::unknown_applied, fate::unknown_lost}) {
    worker_rig r;
    hold(r, {"a"});
    r.unassigned({"a"});
    r.d.fates = {f};
    r.released({"a"});
    r.d.pass(seconds{10});
    CHECK(r.locks().empty());
    CHECK(r.status().counters.lost == 0);
  }
}

TEST_CASE("worker: a lock that was broken while it was away is lost") {
  worker_rig r;
  hold(r, {"a"});
  r.d.suspend();
  r.tree.erase("/djm/locks/j/a.lock");
  CHECK(r.d.reconnect().find("revoke j lease_expiring: a") != std::string::npos);
  CHECK(r.status().counters.lost == 1);
}

TEST_CASE("worker: a lock that has another holder when it wants to give it back is lost; one it never had is not") {
  worker_rig r;
  hold(r, {"a"});
  r.d.suspend();
  r.d.call(&worker_core::on_drain);
  r.released({"a"});
  r.tree.erase("/djm/locks/j/a.lock");
  put_lock(r.tree, "j", "a", "v", "i9");
  r.d.reconnect();
  CHECK(r.status().counters.lost == 1);
  CHECK(r.locks() == strings{"a.lock"}); // the other's

  worker_rig n;
  hold(n, {"a"});
  put_lock(n.tree, "j", "b", "v", "i9");
  n.d.fates = {fate::unknown_lost};
  n.assigned({"b"});
  n.d.pass(seconds{10});
  CHECK(n.status().waiting.count("j:b") == 1);
  CHECK(n.status().counters.lost == 0);
}

TEST_CASE("worker: it is settled when it works on all it should, and what it should not does not matter") {
  worker_rig r;
  hold(r, {"a", "b"});
  CHECK(r.status().settled);
  put_lock(r.tree, "j", "c", "v", "i9");
  r.assigned({"c"});
  CHECK_FALSE(r.status().settled); // somebody else has it
  r.unassigned({"b", "c"});
  CHECK(r.status().settled); // although b still runs
}

TEST_CASE("worker: an item that was lost and is assigned again is not taken before its run has ended") {
  worker_rig r;
  hold(r, {"a"});
  r.d.suspend();
  r.tree.erase("/djm/locks/j/a.lock");
  r.d.reconnect();
  r.unassigned({"a"});
  CHECK(r.assigned({"a"}) == "");
  CHECK(r.locks().empty());
  const auto said = r.released({"a"});
  CHECK(said == "grant j: " + r.token("a"));
}

TEST_CASE("worker: an item that is taken away while its lock is being made is given back when the answer comes") {
  worker_rig r;
  hold(r, {"a"});
  r.d.fates = {fate::held};
  r.assigned({"b"});
  REQUIRE(r.locks().size() == 2);
  r.unassigned({"b"});
  r.d.answer_held();
  r.d.pass(seconds{10});
  CHECK(r.locks() == strings{"a.lock"});
}

TEST_CASE("worker: locks of others are asked about in batches") {
  worker_rig r;
  hold(r, {"a"});
  for (const auto& item : numbered(201)) {
    put_lock(r.tree, "j", item, "v", "i9");
  }
  r.assigned(numbered(201));
  CHECK(asked_about(r.d.take_asked(), "locks/j/item-") == 2);
  CHECK(r.status().waiting.size() == 201);
}
