#include <doctest/doctest.h>

#include "test/unit/cores/worker_rig.hpp"

using namespace djm;
using namespace djm::test;

/// The worker word for word, and what it makes of what happens at the wrong moment.
namespace {

using strings = std::vector<std::string>;

} // namespace

TEST_CASE("worker: a lock folder is made once") {
  worker_rig r;
  r.add_job();
  r.join();
  r.assigned({"a"});
  r.assigned({"a", "b"});
  CHECK(r.d.take_written() ==
        strings{"set alive/w, create locks/j, create locks/j/a.lock", "set alive/w, create locks/j/b.lock"});
  CHECK(r.status().counters.lock_conflicts == 0);
}

TEST_CASE("worker: what it gives back it deletes under its registration") {
  worker_rig r;
  hold(r, {"a"});
  r.unassigned({"a"});
  r.released({"a"});
  CHECK(r.d.take_written() == strings{"check alive/w, remove locks/j/a.lock@0"});
  CHECK(r.locks().empty());
}

TEST_CASE("worker: being told once more that it is connected, it asks nothing") {
  worker_rig r;
  hold(r, {"a"});
  r.d.session_changed();
  CHECK(r.d.take_asked().empty());
}

TEST_CASE("worker: after a reconnect each lock is read behind a barrier before anything is written") {
  worker_rig r;
  hold(r, {"a"});
  r.d.suspend();
  CHECK(r.d.take_asked().empty());
  r.d.reconnect();
  const auto asked = r.d.take_asked();
  CHECK(std::count(asked.begin(), asked.end(), "fresh[get locks/j/a.lock]") == 1);
  CHECK(r.d.take_written().empty());
}

TEST_CASE("worker: a transaction that no answer ever comes for is resolved in the next session") {
  worker_rig r;
  r.add_job();
  r.join();
  r.d.fates = {fate::held};
  r.assigned({"a"});
  REQUIRE(r.d.held.size() == 1);
  r.d.held.clear(); // the part that knew of it has gone
  r.d.expire();
  CHECK(r.join().find("grant j: " + r.token("a")) != std::string::npos);
  r.assigned({"a", "b"});
  CHECK(r.locks() == strings{"a.lock", "b.lock"});
}

TEST_CASE("worker: a rebuilt runner is told what it may run, and what it has to stop") {
  worker_rig r;
  hold(r, {"a", "b"});
  put_lock(r.tree, "j", "c", "v", "i9");
  r.assigned({"c"});   // waited for
  r.unassigned({"b"}); // being taken away
  CHECK(r.d.call(&worker_core::on_runner_rebuilt, job_id{"j"}) ==
        "revoke j revoked: b; grant j: " + r.token("a") + ", more to come");
  CHECK(r.d.call(&worker_core::on_runner_rebuilt, job_id{"k"}) == "");
}

TEST_CASE("worker: a lock that goes before it is given back is gone, and nothing has to be asked for it") {
  worker_rig r;
  hold(r, {"a"});
  r.unassigned({"a"});
  r.tree.erase("/djm/locks/j/a.lock");
  r.d.take_asked();
  r.released({"a"});
  CHECK(r.d.take_asked().empty());
  CHECK(r.status().counters.lost == 1);
  CHECK(r.status().locked == 0);
}

TEST_CASE("worker: a lock that a stranger has written to is not forgotten") {
  worker_rig r;
  hold(r, {"a"});
  r.tree.put("/djm/locks/j/a.lock", r.tree.data("/djm/locks/j/a.lock"));
  r.unassigned({"a"});
  r.released({"a"});
  r.d.pass(seconds{30});
  CHECK(r.status().locked == 1);
  CHECK(r.d.take_written().size() < 40); // tried again, but not all the time
}

TEST_CASE("worker: it waits for the moment of a retry, however often it is woken") {
  worker_rig r;
  hold(r, {"a"});
  r.assigned({"a", "b"});
  r.tree.put("/djm/worker-version", "{}");
  r.d.fates = {fate::held};
  r.assigned({"a", "b", "c"});
  REQUIRE(r.d.held.size() == 1);
  r.d.held.front().outcome = store::rejected{{errc::timed_out, "busy"}};
  r.d.take_written();
  r.d.answer_held();
  CHECK(r.d.take_written().empty());
  r.d.call(&worker_core::on_wake);
  CHECK(r.d.take_written().empty());
  r.d.pass(seconds{10});
  CHECK(r.status().locked == 3);
}

TEST_CASE("worker: an item that is assigned again while it gives the lock back runs again when that comes to nothing") {
  for (const bool refused : {false, true}) {
    CAPTURE(refused);
    worker_rig r;
    hold(r, {"a", "b"});
    r.unassigned({"a", "b"});
    r.d.fates = {fate::delayed};
    r.released({"a", "b"});
    REQUIRE(r.d.held.size() == 1);
    r.assigned({"a"});
    if (refused) {
      r.d.held.front().delayed = false;
      r.d.held.front().outcome = store::rejected{{errc::timed_out, "busy"}};
    } else {
      r.tree.put("/djm/locks/j/b.lock", r.tree.data("/djm/locks/j/b.lock")); // by a stranger
    }
    CHECK(r.d.answer_held() == "grant j: " + r.token("a"));
    r.d.pass(seconds{10});
    CHECK(r.d.said == "");
    CHECK(r.status().settled);
  }
}

TEST_CASE("worker: an item that is taken away while its lock cannot be made leaves nothing to be done") {
  worker_rig r;
  hold(r, {"a"});
  r.d.fates = {fate::delayed};
  r.assigned({"b"});
  REQUIRE(r.d.held.size() == 1);
  put_lock(r.tree, "j", "b", "v", "i9");
  r.unassigned({"b"});
  CHECK(r.d.answer_held() == "");
  r.d.pass(seconds{10});
  CHECK(r.d.take_written() == strings{"set alive/w, create locks/j/b.lock"});
  CHECK(r.status().waiting.empty());
  CHECK(r.status().settled);
}

TEST_CASE("worker: what the store refused is over when nobody wants it any more") {
  worker_rig r;
  hold(r, {"a"});
  const auto over = show(emit_effect{problem_over{"worker", "commit"}});
  const auto events = [&] {
    std::string text;
    for (const auto& e : r.d.emitted) {
      text += show(emit_effect{e}) + "\n";
    }
    return text;
  };
  const auto refuse = [&] {
    REQUIRE(r.d.held.size() == 1);
    r.d.held.front().delayed = false;
    r.d.held.front().outcome = store::rejected{{errc::too_large, "a quota is full"}};
    r.d.answer_held();
  };
  r.d.fates = {fate::delayed, fate::delayed};
  r.assigned({"b"});
  refuse();
  CHECK(events().find("a quota is full") != std::string::npos);
  r.unassigned({"b"});
  r.d.pass(seconds{10}); // the second attempt is on its way when the worker learns of it
  CHECK(events().find(over) == std::string::npos);
  refuse();
  r.d.pass(seconds{10});
  CHECK(r.status().settled);
  CHECK(r.locks() == strings{"a.lock"});
  CHECK(events().find(over) != std::string::npos);
}
