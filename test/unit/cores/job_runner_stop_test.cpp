#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("runner: no run starts without a lease, at its end or after it") {
  runner r{runner::job(schedule::fixed_rate(seconds{10}))};
  CHECK(r.granted(0, {{"a", 1}}) == "");
  CHECK(r.trigger(1) == "");
  CHECK(r.leased(2, 15, 17) == "start 1: a#1");
  CHECK(r.done(3, 1) == "");
  CHECK(r.wake(10) == "start 2: a#1");
  CHECK(r.done(11, 2) == "");
  CHECK(r.trigger(15) == "");
  CHECK(r.wake(20) == "");
  CHECK(r.leased(21, 40, 42) == "start 3: a#1");
}

TEST_CASE("runner: at the end of the lease runs are asked to stop, and start again when it is renewed") {
  runner r{runner::job()};
  r.leased(0, 15, 17);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.wakes() == 15);
  CHECK(r.wake(15) == "stop 1 lease_expiring");
  CHECK(r.seen == "lease_ended(job=\"j\", runs=[1])");
  CHECK(r.done(16, 1) == "");
  CHECK(r.seen.find("lease_ended") == std::string::npos);
  CHECK(r.leased(20, 40, 42) == "");
  CHECK(r.wake(26) == "start 2: a#1");
}

TEST_CASE("runner: the end of a lease is told also when the executor was faster, and each time anew") {
  runner r{runner::job()};
  r.leased(0, 15, 17);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  r.done(15.1, 1);
  CHECK(r.seen.find("lease_ended(job=\"j\", runs=[1])") == 0);
  r.leased(20, 40, 42);
  CHECK(r.wake(26) == "start 2: a#1");
  r.wake(41);
  CHECK(r.seen.find("lease_ended(job=\"j\", runs=[2])") != std::string::npos);
  r.wake(41.5);
  CHECK(r.seen.find("lease_ended") == std::string::npos);
}

TEST_CASE("runner: a lease that was renewed in time stops nobody") {
  runner r{runner::job()};
  r.leased(0, 15, 17);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.leased(10, 25, 27) == "");
  CHECK(r.wake(15) == "");
  CHECK(r.wakes() == 25);
}

TEST_CASE("runner: a lease that is cut short stops the runs at once") {
  runner r{runner::job()};
  r.leased(0, 15, 17);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.leased(5, 5, 7) == "stop 1 lease_expiring");
}

TEST_CASE("runner: a lane that is due while the lease is over does not make the runner spin") {
  runner r{runner::job(schedule::fixed_rate(seconds{5}))};
  r.leased(0, 12, 14);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.wake(5) == "");
  CHECK(r.wake(12) == "stop 1 lease_expiring");
  CHECK(r.done(13, 1) == "");
  CHECK(r.wake(13) == "");
  CHECK(r.wakes() == -1);
  CHECK(r.leased(20, 40, 42) == "start 2: a#1");
}

TEST_CASE("runner: a run that ignores its stop request is reported once it has had its grace") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.revoked(1, {"a"}) == "stop 1 revoked: a");
  CHECK(r.wakes() == 3);
  CHECK(r.wake(2.9) == "");
  CHECK(r.seen == "");
  CHECK(r.wake(3) == "");
  CHECK(r.seen == "run_overrun(job=\"j\", run=1, past_deadline=false)");
  CHECK(r.wake(4) == "");
  CHECK(r.seen == "");
  CHECK(r.core.status(at(4)).counters.overruns == 1);
}

TEST_CASE("runner: the job's own stop grace counts before the node's") {
  auto spec = runner::job();
  spec.stop_grace = seconds{7};
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.revoked(1, {"a"});
  CHECK(r.wakes() == 8);
}

TEST_CASE("runner: a run beyond the deadline is reported as such") {
  runner r{runner::job()};
  r.leased(0, 15, 17);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.wake(15) == "stop 1 lease_expiring");
  CHECK(r.wakes() == 17);
  CHECK(r.wake(17) == "");
  CHECK(r.seen == "run_overrun(job=\"j\", run=1, past_deadline=true)");
  CHECK(r.wakes() == -1);
  CHECK(r.done(30, 1) == "");
  CHECK(r.core.idle());
}

TEST_CASE("runner: on_stop ends all runs and starts no more") {
  auto spec = runner::job(schedule::fixed_rate(seconds{10}));
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.stop(1) == "stop 1 shutdown; stop 2 shutdown");
  CHECK(r.trigger(2) == "");
  CHECK(r.granted(2, {{"c", 3}}) == "");
  CHECK(r.done(3, 1) == "");
  CHECK(r.done(3, 2) == "");
  CHECK(r.wake(10) == "");
  CHECK(r.wakes() == -1);
  CHECK(r.revoked(11, {"a", "b", "c"}, stop_reason::shutdown) == "released a b c");
}

TEST_CASE("runner: after on_stop a late answer of the pool function leaves no timer behind") {
  auto spec = runner::job();
  spec.pool_check_period = seconds{5};
  runner r{spec};
  CHECK(r.take(r.core.on_start(when(0))) == "pool 1?");
  r.stop(1);
  r.pool(2, 1, {"a"});
  CHECK(r.wake(7) == "");
  CHECK(r.wakes() == -1);
}

TEST_CASE("runner: a run whose code was not called counts neither as finished nor as failed") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  CHECK(r.ended(3, 1, {false, {}, true, seconds{3}, {}, {}}) == "");
  CHECK(r.seen == "run_finished(job=\"j\", run=1, took=0s, waited=3s)");
  const auto counters = r.core.status(at(3)).counters;
  CHECK(counters.dropped == 1);
  CHECK(counters.finished == 0);
  CHECK(counters.failed == 0);
}

TEST_CASE("runner: a failed run is reported, counted, and followed by the next one on schedule") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  CHECK(r.ended(3, 1, {true, "disk full", false, seconds{1}, seconds{2}, {}}) == "");
  CHECK(r.seen == "run_failed(job=\"j\", run=1, took=2s, what=\"disk full\", waited=1s, items=[])");
  CHECK(r.wake(13) == "start 2: a#1");
  auto status = r.core.status(at(13));
  CHECK(status.counters.failed == 1);
  CHECK(status.last_failure == "disk full");
}

TEST_CASE("runner: run ids of two runners of a process do not meet") {
  job_runner_core::settings s;
  s.spec = runner::job();
  s.run_base = 3;
  job_runner_core core{s};
  core.on_lease(at(100), at(102), when(0));
  auto effects = core.on_granted({{"a", 1}}, when(0));
  REQUIRE(first<job_runner_core::start_run>(effects) != nullptr);
  CHECK(first<job_runner_core::start_run>(effects)->id == (3ull << 40) + 1);
}
