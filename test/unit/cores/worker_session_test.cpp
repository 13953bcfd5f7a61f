#include <doctest/doctest.h>

#include "actors/worker/lease.hpp"
#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("lease: the deadline is contact + T + D - 5 %, the last start a stop grace before it") {
  lease l{seconds{10}, seconds{1}};
  CHECK_FALSE(l.contact(1, at(0)));
  l.verified(1, seconds{10});
  CHECK(l.contact(1, at(100)));
  CHECK(*l.deadline() == at(119));
  CHECK(*l.run_until() == at(118));
}

TEST_CASE("lease: contact of another session or an older one moves nothing") {
  lease l{seconds{10}, seconds{1}};
  l.verified(2, seconds{10});
  CHECK(l.contact(2, at(100)));
  CHECK_FALSE(l.contact(1, at(200)));
  CHECK_FALSE(l.contact(2, at(99)));
  CHECK_FALSE(l.contact(0, at(300)));
  l.unverified();
  CHECK_FALSE(l.contact(2, at(400)));
  CHECK(*l.deadline() == at(119));
}

TEST_CASE("lease: our own close shortens it to close + D - margin and never lengthens it") {
  lease l{seconds{10}, seconds{1}};
  l.verified(1, seconds{10});
  l.contact(1, at(100));
  CHECK(l.closed(at(101)));
  CHECK(*l.deadline() == at(110));
  CHECK_FALSE(l.contact(1, at(200)));
  CHECK_FALSE(l.closed(at(105)));
  CHECK(*l.deadline() == at(110));
}

TEST_CASE("worker: contact renews the lease of its runners") {
  worker_rig r;
  hold(r, {"a"});
  CHECK(r.contact(0) == "lease 1018000ms 1019000ms");
  CHECK(r.contact(3) == "lease 1021000ms 1022000ms");
  CHECK(r.contact(2) == "");
}

TEST_CASE("worker: a suspended connection revokes nothing and asks nothing") {
  worker_rig r;
  hold(r, {"a"});
  r.contact(0);
  CHECK(r.d.suspend() == "");
  r.d.pass(seconds{60});
  CHECK(r.d.said == "");
  CHECK(r.status().locked == 1);
}

TEST_CASE("worker: after a reconnect it reads its locks again and goes on with those that are its own") {
  worker_rig r;
  hold(r, {"a", "b"});
  r.d.suspend();
  CHECK(r.d.reconnect() == "");
  CHECK(r.d.take_written().empty());
  CHECK(r.status().counters.rereads == 1);
}

TEST_CASE("worker: before the expiry of its session it goes on, after the re-join it keeps its locks") {
  worker_rig r;
  hold(r, {"a", "b"});
  r.contact(0);
  r.d.suspend();
  CHECK(r.d.expire() == "");
  r.d.connect();
  CHECK(r.contact(8) == ""); // this session has not joined: it says nothing
  CHECK(r.rejoin() == "");
  CHECK(r.d.take_written().empty());
  CHECK(r.contact(9) == "lease 1027000ms 1028000ms");
}

TEST_CASE("worker: after a re-join the lease moves only when the locks have been read again") {
  worker_rig r;
  hold(r, {"a"});
  r.contact(0);
  r.d.expire();
  r.d.connect();
  enlist(r.tree, r.d.view.id, "w", "i1", {"j"});
  r.d.take(r.d.core.on_joined(r.d.view.number, r.tree.data("/djm/alive/w"), r.d.now_step()));
  REQUIRE(r.d.reads.size() == 2);
  r.d.said.clear();
  r.d.take(r.d.core.on_contact(r.d.view.number, at(1005), r.d.now_step()));
  CHECK(r.d.said == "");
  r.d.settle();
  CHECK(r.contact(6) == "lease 1024000ms 1025000ms");
}

TEST_CASE("worker: a lock that was broken meanwhile is lost: its runs stop, and it is taken again when it is free") {
  worker_rig r;
  hold(r, {"a", "b"});
  r.d.suspend();
  r.tree.erase("/djm/locks/j/a.lock");
  r.d.expire();
  r.d.connect();
  CHECK(r.rejoin() == "revoke j lease_expiring: a");
  CHECK(r.locks() == strings{"b.lock"}); // not before the old run has ended
  auto said = r.released({"a"});
  CHECK(said == "grant j: " + r.token("a"));
  CHECK(r.status().counters.lost == 1);
}

TEST_CASE("worker: a lock that another holds now is lost, and waited for") {
  worker_rig r;
  hold(r, {"a"});
  r.d.expire();
  r.tree.erase("/djm/locks/j/a.lock");
  put_lock(r.tree, "j", "a", "v", "i9");
  r.d.connect();
  CHECK(r.rejoin() == "revoke j lease_expiring: a");
  CHECK(r.released({"a"}) == "");
  r.d.pass(seconds{30});
  CHECK(r.status().waiting.count("j:a") == 1);
  r.tree.erase("/djm/locks/j/a.lock");
  auto said = r.react();
  CHECK(said == "grant j: " + r.token("a"));
}

TEST_CASE("worker: a lock of its own with another token ends the runs under the old one") {
  worker_rig r;
  hold(r, {"a"});
  r.d.expire();
  r.tree.erase("/djm/locks/j/a.lock");
  put_lock(r.tree, "j", "a", "w", "i1"); // a late create of ours landed after a break
  r.d.connect();
  CHECK(r.rejoin() == "revoke j lease_expiring: a");
  auto said = r.released({"a"});
  CHECK(said == "grant j: " + r.token("a"));
}

TEST_CASE("worker: locks it does not want any more are unlocked after the re-join") {
  worker_rig r;
  hold(r, {"a", "b"});
  r.d.expire();
  unassign(r.tree, "w", "i1", "j", {"a"});
  r.d.connect();
  CHECK(r.rejoin() == "revoke j revoked: a");
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
  r.released({"a"});
  CHECK(r.locks() == strings{"b.lock"});
}

TEST_CASE("worker: a transaction of the lost session is resolved by reading, applied or not") {
  for (bool applied : {true, false}) {
    CAPTURE(applied);
    worker_rig r;
    r.add_job();
    r.join();
    r.d.fates = {applied ? fate::lost_applied : fate::unknown_lost};
    assign(r.tree, "w", "i1", "j", {"a"});
    // One step at a time, so that the session ends before the answer is worked on.
    for (const auto& e : r.tree.take_events(r.d.view.id)) {
      r.d.take(r.d.core.on_watch(e, r.d.now_step()));
    }
    while (!r.d.reads.empty()) {
      auto q = r.d.reads.front();
      r.d.reads.pop_front();
      r.d.take(r.d.core.on_read(q.request, r.tree.read(r.d.view.id, q.reads), r.d.now_step()));
    }
    REQUIRE(r.d.commits.size() == 1);
    if (applied) {
      r.tree.commit(r.d.view.id, r.d.commits.front().txn);
    }
    auto late = r.d.commits.front().request;
    r.d.commits.clear();
    r.d.expire();
    CHECK(r.d.core.on_commit(late, store::session_lost{}, r.d.now_step()).empty());
    r.d.connect();
    auto said = r.rejoin();
    CHECK(said == "grant j: " + r.token("a"));
    CHECK(r.d.core.on_commit(late, store::unknown{}, r.d.now_step()).empty()); // an echo of the past
  }
}

TEST_CASE("worker: our own close shortens the lease at once") {
  worker_rig r;
  hold(r, {"a"});
  r.contact(0);
  CHECK(r.d.close() == "lease 1008000ms 1009000ms");
}

TEST_CASE("worker: a registration that vanished is told to the keeper, and the lease ends with the last contact") {
  worker_rig r;
  hold(r, {"a"});
  r.contact(5);
  r.tree.erase("/djm/alive/w");
  CHECK(r.assigned({"b"}) == "not alive");
  CHECK(r.d.call(&worker_core::on_unjoined) == "lease 1013000ms 1014000ms");
  auto said = r.rejoin();
  CHECK(said == "grant j: " + r.token("b"));
}

TEST_CASE("worker: an unjoined worker writes nothing") {
  worker_rig r;
  hold(r, {"a"});
  r.d.call(&worker_core::on_unjoined);
  r.assigned({"b"});
  r.unassigned({"a"});
  r.d.pass(seconds{30});
  CHECK(r.d.take_written().empty());
}

TEST_CASE("worker: a join of a session that is over is ignored") {
  worker_rig r;
  r.add_job();
  r.d.connect();
  CHECK(r.d.call(&worker_core::on_joined, std::uint64_t{99}, std::string{"x"}) == "");
  CHECK_FALSE(r.status().joined);
}

TEST_CASE("worker: a rebuilt core gives back the locks it does not know and takes over the others") {
  worker_rig r{200, 500, true};
  r.add_job();
  put_lock(r.tree, "j", "a", "w", "i1");
  put_lock(r.tree, "j", "z", "w", "i1");
  put_lock(r.tree, "j", "f", "v", "i9");
  enlist(r.tree, 0, "w", "i1", {"j"});
  assign(r.tree, "w", "i1", "j", {"a"});
  auto said = r.join();
  // Whatever it finds, its runner must say first that no run holds it.
  CHECK(said.find("revoke j revoked: ") != std::string::npos);
  CHECK(r.locks() == strings{"a.lock", "f.lock", "z.lock"});
  said = r.released({"a", "f", "z"});
  CHECK(said.find("grant j: " + r.token("a")) != std::string::npos);
  CHECK(r.locks() == strings{"a.lock", "f.lock"});
}

TEST_CASE("worker: a read that fails is asked again after a while") {
  worker_rig r;
  r.add_job();
  r.join();
  assign(r.tree, "w", "i1", "j", {"a"});
  for (const auto& e : r.tree.take_events(r.d.view.id)) {
    r.d.take(r.d.core.on_watch(e, r.d.now_step()));
  }
  REQUIRE(r.d.reads.size() == 1);
  auto q = r.d.reads.front().request;
  r.d.reads.clear();
  r.d.take(r.d.core.on_read(q, {store::read_status::failed, {}, {}}, r.d.now_step()));
  CHECK(r.d.reads.empty());
  r.d.pass(seconds{1});
  CHECK(r.locks() == strings{"a.lock"});
}

TEST_CASE("worker: a refused transaction is reported and tried again without haste") {
  worker_rig r;
  r.add_job();
  r.join();
  r.tree.forbid("/djm/locks");
  r.assigned({"a"});
  r.d.pass(seconds{60});
  CHECK(r.d.take_written().size() < 40);
  REQUIRE_FALSE(r.d.emitted.empty());
  r.tree.forbid({});
  r.d.pass(seconds{10});
  CHECK(r.locks() == strings{"a.lock"});
}
