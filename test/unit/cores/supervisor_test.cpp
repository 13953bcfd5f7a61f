#include <doctest/doctest.h>

#include "test/unit/cores/supervisor_rig.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using part = supervisor_core::part;

TEST_CASE("supervisor: the parts start in their order and the store opens its session last") {
  supervisor_rig s;
  CHECK(s.started ==
        "start store; start keeper; start election; start manager; start worker; introduce all; open session");
  CHECK(s.core.state() == node_lifecycle::starting);
  s.core.on_joined();
  CHECK(s.core.state() == node_lifecycle::running);
  CHECK_FALSE(s.core.ready());
  s.core.on_settled(true);
  CHECK(s.core.ready());
  s.core.on_unjoined();
  CHECK_FALSE(s.core.ready());
  CHECK_FALSE(s.core.wake_at());
}

TEST_CASE("supervisor: a session that is over is no longer joined, one that is interrupted still is") {
  for (auto phase : {store::session_phase::expired, store::session_phase::closed, store::session_phase::suspended}) {
    auto s = running();
    s.core.on_session(phase);
    CHECK(s.core.ready() == (phase == store::session_phase::suspended));
  }
}

TEST_CASE("supervisor: the keeper knows a job before its runner starts") {
  auto s = running();
  CHECK(s.show(s.core.add_job("j")) == "offer j; start runner j");
  CHECK(s.show(s.core.leave_job("j", s.now)) == "withdraw j; remove j");
  CHECK(s.core.is_leaving("j"));
  CHECK(s.show(s.core.leave_job("j", s.now)) == "");
  CHECK(s.show(s.core.leave_job("other", s.now)) == "");
  CHECK(s.show(s.core.on_job_free("j")) == "let go j");
  CHECK(s.show(s.core.on_job_free("j")) == "");
}

TEST_CASE(
  "supervisor: who waits for a job to leave is answered when nobody runs its code, or told when that takes long") {
  auto s = running("j");
  s.show(s.core.leave_job("j", s.now));
  s.show(s.core.on_job_free("j"));
  CHECK(s.core.is_leaving("j"));
  SUBCASE("in time") {
    CHECK(s.pass(minutes{15} - milliseconds{1}) == "");
    CHECK(s.gone("j") == "free j");
    CHECK_FALSE(s.core.is_leaving("j"));
    CHECK_FALSE(s.core.wake_at());
  }
  SUBCASE("too late, and asked again") {
    CHECK(s.pass(minutes{15}) == "give up j");
    CHECK_FALSE(s.core.wake_at());
    CHECK(s.show(s.core.leave_job("j", s.now)) == "");
    CHECK(s.pass(minutes{15}) == "give up j");
    CHECK(s.gone("j") == "free j");
  }
  SUBCASE("neither runner nor offer comes back for it") {
    s.down(part::keeper);
    s.down(part::worker);
    CHECK(s.pass(seconds{1}) == "rebuild keeper; rebuild worker; introduce worker; introduce all");
  }
}

TEST_CASE("supervisor: with stop_timeout 0 a job has the time of an operation to leave") {
  auto settings = supervisor_rig::settings();
  settings.stop_timeout = duration::zero();
  supervisor_rig s{settings};
  s.show(s.core.add_job("j"));
  s.show(s.core.leave_job("j", s.now));
  CHECK(s.pass(seconds{3} - milliseconds{1}) == "");
  CHECK(s.pass(milliseconds{1}) == "give up j");
}

TEST_CASE("supervisor: a job that is free without having been asked to leave stays") {
  auto s = running("j");
  CHECK(s.show(s.core.on_job_free("j")) == "");
  CHECK_FALSE(s.core.is_leaving("j"));
}

TEST_CASE("supervisor: a part that dies is reported at once and rebuilt after the back-off") {
  auto s = running();
  CHECK(s.down(part::manager) == "report manager internal");
  CHECK(s.core.restarts() == 1);
  CHECK(s.core.ready());
  CHECK(s.pass(milliseconds{199}) == "");
  CHECK(s.pass(milliseconds{1}) == "rebuild manager; introduce all");
  CHECK_FALSE(s.core.wake_at());
}

TEST_CASE("supervisor: failures close together are rebuilt together, and each lets the next wait longer") {
  auto s = running();
  s.down(part::manager);
  s.down(part::election);
  CHECK(s.pass(milliseconds{200}) == "rebuild election; rebuild manager; introduce all");
  s.down(part::manager);
  CHECK(s.pass(milliseconds{799}) == "");
  CHECK(s.pass(milliseconds{1}) == "rebuild manager; introduce all");
  s.pass(minutes{1});
  s.down(part::manager);
  CHECK(s.pass(milliseconds{200}) == "rebuild manager; introduce all");
}

TEST_CASE("supervisor: the node is not ready while its keeper is rebuilt, which is offered every job that stays") {
  auto s = running("a", "b", "c");
  s.core.leave_job("b", s.now);
  s.down(part::keeper);
  CHECK_FALSE(s.core.ready());
  CHECK(s.pass(seconds{1}) == "rebuild keeper; offer a; offer c; introduce all");
  CHECK(s.core.state() == node_lifecycle::running);
}

TEST_CASE("supervisor: a new worker knows what it works for before those who make it work hear of it") {
  auto s = running("a", "b");
  s.core.leave_job("b", s.now);
  s.down(part::worker);
  CHECK(s.pass(seconds{1}) == "rebuild worker; introduce worker; adopt a; adopt b; remove b; introduce all");
}

TEST_CASE("supervisor: a runner and its worker that died together know each other again") {
  auto s = running("a", "b");
  s.down(part::worker);
  s.runner_down("a");
  CHECK(s.pass(seconds{1}) == "rebuild worker; introduce worker; start runner a; adopt b; introduce all");
}

TEST_CASE("supervisor: the session of a store that died is ended before a new store opens one") {
  auto s = running("a");
  CHECK(s.down(part::store) == "end session; report store internal");
  CHECK_FALSE(s.core.ready());
  CHECK(s.pass(seconds{1}) == "rebuild store; introduce all; open session");
}

TEST_CASE("supervisor: a runner alone is rebuilt without a word to the others") {
  auto s = running("a", "b");
  CHECK(s.runner_down("a") == "report runner of job \"a\" internal");
  CHECK(s.pass(seconds{1}) == "start runner a");
}

TEST_CASE("supervisor: a job that became free while its runner was dead is not started again, nor missed at the end") {
  auto s = running("a");
  s.core.leave_job("a", s.now);
  s.runner_down("a");
  CHECK(s.show(s.core.on_job_free("a")) == "let go a");
  CHECK(s.pass(seconds{1}) == "");
  CHECK(s.gone("a") == "free a");
  s.show(s.core.stop(false, s.now));
  s.show(s.core.on_drained(s.now));
  s.show(s.core.on_left(s.now));
  CHECK(s.show(s.core.on_store_closed(s.now)) == "end parts");
  for (auto p : {part::worker, part::manager, part::election, part::keeper}) {
    CHECK(s.down(p) == "");
  }
  CHECK(s.down(part::store) == "close environment");
}

TEST_CASE("supervisor: the sixth failure within a minute stops the node, with that as its reason") {
  auto s = running("a");
  for (int n = 0; n < 5; ++n) {
    s.down(part::manager);
    CHECK(s.pass(seconds{5}) == "rebuild manager; introduce all");
  }
  CHECK(s.down(part::manager) == "report manager internal; refuse wishes; stop runs a; drain worker; hurry worker");
  REQUIRE(s.core.verdict());
  CHECK(s.core.verdict()->code == errc::too_many_failures);
  CHECK(s.core.verdict()->text == "manager failed 6 times within 1min; last: broken");
}

TEST_CASE("supervisor: five failures within a minute, again and again, are survived") {
  auto s = running();
  for (int n = 0; n < 40; ++n) {
    s.down(part::manager);
    s.pass(milliseconds{12'001});
    CHECK(s.core.state() == node_lifecycle::running);
  }
  CHECK(s.core.restarts() == 40);
}

TEST_CASE("supervisor: a refusal for good stops the node in a hurry") {
  auto s = running();
  CHECK(s.show(s.core.on_refused({errc::node_id_in_use, "no"}, s.now)) ==
        "report keeper node_id_in_use; refuse wishes; drain worker; hurry worker");
  REQUIRE(s.core.verdict());
  CHECK(s.core.verdict()->code == errc::node_id_in_use);
}

TEST_CASE("supervisor: a store that has gone back is no failure, but the end of a life: every part is new, at once") {
  auto s = running("j");
  s.parts.erase(part::store);
  CHECK(s.show(s.core.on_part_down(part::store, {errc::store_went_back, "older"}, s.now)) ==
        "end session; report store store_went_back; forget life; rebuild store; rebuild keeper; rebuild election; "
        "rebuild manager; rebuild worker; introduce worker; offer j; adopt j; introduce all; open session");
  CHECK(s.core.restarts() == 0);
  CHECK_FALSE(s.core.ready());
  CHECK_FALSE(s.core.wake_at());
  s.core.on_joined();
  CHECK(s.core.ready());
}

TEST_CASE("supervisor: while the node stops, a store that has gone back is one that is dead") {
  auto s = running("j");
  s.show(s.core.stop(false, s.now));
  s.parts.erase(part::store);
  CHECK(s.show(s.core.on_part_down(part::store, {errc::store_went_back, "older"}, s.now)).find("forget life") ==
        std::string::npos);
}
