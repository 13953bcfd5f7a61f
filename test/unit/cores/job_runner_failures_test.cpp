#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "djm/calendar.hpp"
#include "test/unit/cores/runner.hpp"

/// Runs that fail: attempts, parked items, paused jobs, time-outs, cancelled runs.
using namespace djm;
using namespace djm::test;
using std::chrono::minutes;

namespace {

job_spec failing_job(failure_rules f, running_mode mode = running_mode::thread_per_item,
                     const schedule& s = schedule::fixed_delay(hours{1}).at(minutes{0})) {
  auto spec = runner::job(s);
  spec.mode = mode;
  spec.failures = f;
  return spec;
}

failure_rules trying(retry r) {
  failure_rules f;
  f.retry = r;
  return f;
}

retry five() {
  return retry{}.attempts(5).first(seconds{10}).factor(2).max(minutes{1}).jitter(0.5);
}

/// Seconds of the run's clock; the first slot of these tests lies at this one.
double first_slot() {
  const auto wall = when(0).wall_ms;
  return static_cast<double>(3'600'000 - wall % 3'600'000) / 1000;
}

job_runner_core::run_end named(std::vector<item_id> items, bool for_good = false) {
  job_runner_core::run_end e;
  e.failed = true;
  e.failure = "it broke";
  e.items = items;
  if (for_good) {
    e.items_for_good = std::move(items);
  }
  return e;
}

/// One item that fails, from its first slot on: the core, and what it says.
struct failing {
  explicit failing(failure_rules f, running_mode mode = running_mode::thread_per_item)
    : r(failing_job(f, mode)), t(first_slot()) {
    r.leased(0);
    r.granted(0, {{"a", 1}});
    CHECK(r.wake(t) == "start 1: a#1");
  }
  /// The seconds from now to the next start, which it makes.
  double next(const std::string& run) {
    const auto at = r.wakes();
    CHECK(r.wake(at) == "start " + run + ": a#1");
    const auto waited = at - t;
    t = at;
    return waited;
  }
  runner_status status() const { return r.core.status(at(t)); }

  runner r;
  double t;
};

double in_seconds(std::chrono::milliseconds ms) {
  return std::chrono::duration<double>(ms).count();
}

std::int64_t slot_of_first() {
  return when(first_slot()).wall_ms;
}

} // namespace

TEST_CASE("failures: delays grow by the factor to the most, less a share that job, item, slot and attempt draw") {
  const auto exact = five().jitter(0);
  std::vector<std::int64_t> all;
  for (std::uint32_t n = 1; n <= 5; ++n) {
    all.push_back(retry_delay(exact, "j", "a", 0, n).count());
  }
  CHECK(all == std::vector<std::int64_t>{10'000, 20'000, 40'000, 60'000, 60'000});
  CHECK(retry_delay(exact.factor(1), "j", "a", 0, 1000).count() == 10'000);
  CHECK(retry_delay(exact.factor(100).max(max_schedule_duration), "j", "a", 0, 1000) == max_schedule_duration);
  // These must never change: whoever replays a history relies on them.
  CHECK(retry_delay(five(), "j", "a", 1'700'006'400'000, 1).count() == 7828);
  CHECK(retry_delay(five(), "j", "a", 1'700'006'400'000, 2).count() == 18'962);
  CHECK(retry_delay(five(), "j", "b", 1'700'006'400'000, 1).count() == 9867);
  for (std::uint32_t n = 1; n <= 5; ++n) {
    for (std::int64_t slot = 0; slot < 200; ++slot) {
      const auto d = retry_delay(five(), "j", "a", slot, n);
      CHECK(d <= retry_delay(exact, "j", "a", slot, n));
      CHECK(d * 2 >= retry_delay(exact, "j", "a", slot, n));
    }
  }
}

TEST_CASE("failures: a run that failed is tried again after just these delays, and no more often than allowed") {
  failing x{trying(five())};
  for (std::uint32_t n = 1; n < 5; ++n) {
    CAPTURE(n);
    CHECK(x.r.failed(x.t, n, "no answer") == "");
    CHECK(x.r.seen.find("retry_planned") != std::string::npos);
    CHECK(x.next(std::to_string(n + 1)) ==
          doctest::Approx(in_seconds(retry_delay(five(), "j", "a", slot_of_first(), n))).epsilon(1e-6));
    CHECK(x.r.seen.find("attempt=" + std::to_string(n + 1)) != std::string::npos);
  }
  x.r.failed(x.t, 5, "no answer");
  CHECK(x.r.seen.find("retry_planned") == std::string::npos);
  CHECK(x.status().counters.failed == 5);
  CHECK(x.status().counters.retried == 4);
  CHECK(x.r.wakes() - x.t > 3000); // the next start is that of the rhythm
}

TEST_CASE("failures: an attempt that is fine ends the turn") {
  failing x{trying(five())};
  x.r.failed(x.t, 1, "no answer");
  x.next("2");
  x.r.done(x.t, 2);
  CHECK(x.r.wakes() - x.t > 3000);
}

TEST_CASE("failures: a permanent one is not tried again") {
  failing x{trying(five())};
  job_runner_core::run_end e;
  e.failed = true;
  e.failure = "no such customer";
  e.for_good = true;
  x.r.ended(x.t, 1, e);
  CHECK(x.r.seen.find("retry_planned") == std::string::npos);
  CHECK(x.r.wakes() - x.t > 3000);
}

TEST_CASE("failures: a run that asks to be called later is, and that costs no attempt") {
  failing x{trying(five())};
  job_runner_core::run_end later;
  later.again_in = seconds{30};
  for (int n = 1; n <= 20; ++n) {
    x.r.ended(x.t, static_cast<run_id>(n), later);
    CHECK(x.next(std::to_string(n + 1)) == doctest::Approx(30));
    CHECK(x.r.seen.find("attempt=1") != std::string::npos);
  }
  CHECK(x.status().counters.failed == 0);
  CHECK(x.status().counters.postponed == 20);
}

TEST_CASE("failures: what comes due takes the place of another attempt") {
  auto rules = trying(retry{}.attempts(5).first(minutes{59}).max(hours{10}).jitter(0));
  rules.park_item_after = 2;
  runner r{failing_job(rules, running_mode::thread_per_item, schedule::fixed_rate(hours{1}).at(minutes{0}))};
  const auto t = first_slot();
  r.leased(0);
  r.granted(0, {{"a", 1}});
  CHECK(r.wake(t) == "start 1: a#1");
  r.failed(t + 120, 1, "no answer"); // the next attempt would come a minute after the next slot
  CHECK(r.wakes() == doctest::Approx(t + 3600));
  CHECK(r.wake(t + 3600) == "start 2: a#1");
  CHECK(r.seen.find("attempt=1") != std::string::npos);
  r.failed(t + 3600 + 120, 2, "no answer");
  CHECK(r.wake(t + 7200).empty()); // the second slot in a row has failed
  CHECK(r.seen.find("items_parked") != std::string::npos);
}

TEST_CASE("failures: stopping, the end of the lease and cancelling are none, whatever the run says") {
  SUBCASE("the lease") {
    failing x{trying(five())};
    x.r.leased(x.t, x.t + 1, x.t + 8);
    CHECK(x.r.wake(x.t + 2) == "stop 1 lease_expiring");
  }
  SUBCASE("cancelled") {
    failing x{trying(five())};
    auto fx = x.r.core.on_cancel(1, when(x.t));
    REQUIRE(fx);
    CHECK(x.r.take(*fx) == "stop 1 cancelled");
    CHECK(x.status().runs.at(0).stopping == stop_reason::cancelled);
    x.r.failed(x.t + 1, 1, "interrupted");
    CHECK(x.r.seen.find("run_failed") == std::string::npos);
    CHECK(x.status().counters.cancelled == 1);
    CHECK(x.status().counters.failed == 0);
    CHECK(x.r.wakes() - x.t > 3000);
    CHECK(x.r.core.on_cancel(1, when(x.t)).error().code == errc::invalid_state);
  }
  SUBCASE("the executor has stopped it before we knew") {
    auto rules = trying(five());
    rules.park_item_after = 1;
    failing x{rules};
    x.r.leased(x.t, x.t + 1, x.t + 8);
    x.r.failed(x.t + 2, 1, "interrupted");
    CHECK(x.r.seen.find("retry_planned") == std::string::npos);
    CHECK(x.status().parked.empty());
  }
}

TEST_CASE("failures: an item that fails again and again is parked until it is released, the others go on") {
  failure_rules rules;
  rules.park_item_after = 3;
  runner r{failing_job(rules, running_mode::thread_per_item, schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"bad", 1}, {"good", 2}}) == "start 1: bad#1; start 2: good#2");
  run_id next = 1;
  for (int n = 0; n < 3; ++n) {
    r.failed(n * 10, next, "poison");
    r.done(n * 10, next + 1);
    next += 2;
    r.wake(n * 10 + 10);
  }
  const auto st = r.core.status(at(30));
  REQUIRE(st.parked.size() == 1);
  CHECK(st.parked[0].item == "bad");
  CHECK(st.parked[0].failures == 3);
  CHECK(st.parked[0].what == "poison");
  CHECK(st.parked[0].ago == seconds{10});
  CHECK(st.items.size() == 2); // it stays with this node
  CHECK(r.done(31, 7) == "");
  CHECK(r.wake(41) == "start 8: good#2");
  CHECK(r.trigger(42) == "");
  CHECK(r.done(43, 8) == "start 9: good#2");
  r.wake(500);
  CHECK(r.core.status(at(500)).starved.empty());

  CHECK(r.core.on_release_item("good", when(500)).error().code == errc::invalid_state);
  CHECK(r.core.on_release_item("nobody", when(500)).error().code == errc::invalid_state);
  auto fx = r.core.on_release_item("bad", when(500));
  REQUIRE(fx);
  CHECK(r.take(*fx) == "start 10: bad#1");
  CHECK(r.seen.find("over=true") != std::string::npos);
  r.failed(501, 10, "poison");
  CHECK(r.core.status(at(501)).parked.empty()); // it begins anew
}

TEST_CASE("failures: a parked item that goes elsewhere is not parked any more") {
  failure_rules rules;
  rules.park_item_after = 1;
  runner r{failing_job(rules, running_mode::thread_per_item, schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.failed(1, 1, "poison");
  CHECK(r.core.status(at(1)).parked.size() == 1);
  CHECK(r.revoked(2, {"a"}) == "released a");
  CHECK(r.seen.find("over=true") != std::string::npos);
  CHECK(r.core.status(at(2)).parked.empty());
  CHECK(r.granted(3, {{"a", 2}}) == "start 2: a#2");
}

TEST_CASE("failures: a share tries those again that it names, and parks these") {
  auto rules = trying(retry{}.attempts(2).first(seconds{1}).jitter(0));
  rules.park_item_after = 1;
  runner r{failing_job(rules, running_mode::single_thread)};
  const auto t = first_slot();
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}, {"c", 3}});
  CHECK(r.wake(t) == "start 1: a#1 b#2 c#3");
  r.ended(t, 1, named({"b"}));
  CHECK(r.wakes() == doctest::Approx(t + 1));
  CHECK(r.wake(t + 1) == "start 2: b#2");
  r.ended(t + 1, 2, named({"b"}));
  CHECK(r.core.status(at(t + 1)).parked.size() == 1);
  CHECK(r.wake(t + 3700) == "start 3: a#1 c#3");
  r.failed(t + 3700, 3, "nobody knows");
  CHECK(r.wake(t + 3701) == "start 4: c#3 a#1");
  r.failed(t + 3701, 4, "nobody knows");
  CHECK(r.core.status(at(t + 3701)).parked.size() == 1); // nobody says that it was a or c
}

TEST_CASE("failures: an item that fails for good is not tried again with the others") {
  runner r{failing_job(trying(five()), running_mode::single_thread)};
  const auto t = first_slot();
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.wake(t) == "start 1: a#1 b#2");
  auto e = named({"a", "b"});
  e.items_for_good = {"a"};
  r.ended(t, 1, e);
  CHECK(r.wake(r.wakes()) == "start 2: b#2");
}

TEST_CASE("failures: a job of which too much fails pauses here, until somebody lets it go on") {
  failure_rules rules;
  rules.pause_job_after = 2;
  runner r{failing_job(rules, running_mode::thread_per_item, schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1; start 2: b#2");
  r.failed(1, 1, "down");
  CHECK_FALSE(r.core.status(at(1)).paused);
  r.failed(1, 2, "down");
  CHECK(r.core.status(at(1)).paused);
  CHECK(r.seen.find("job_paused") != std::string::npos);
  CHECK(r.wakes() == -1);
  CHECK(r.wake(1000).empty());
  CHECK(r.core.status(at(1000)).starved.empty());
  auto fx = r.core.on_resume(when(1000));
  REQUIRE(fx);
  CHECK(r.take(*fx) == "start 3: a#1; start 4: b#2");
  CHECK(r.core.on_resume(when(1000)).error().code == errc::invalid_state);
  r.done(1001, 3);
  r.failed(1001, 4, "down");
  CHECK_FALSE(r.core.status(at(1001)).paused); // something was fine in between
}

TEST_CASE("failures: a run that takes too long is asked to stop, has failed, and is an overrun after its grace") {
  auto rules = trying(retry{}.attempts(2).first(seconds{1}).jitter(0));
  rules.run_timeout = seconds{20};
  failing x{rules};
  const auto began = x.t + 3; // it has waited for a thread
  CHECK(x.r.wakes() == doctest::Approx(x.t + 20));
  CHECK(x.r.wake(x.t + 20) == "look 1");
  CHECK(x.r.take(x.r.core.on_look({{1, true, at(began), at(began)}}, when(x.t + 20))) == "");
  CHECK(x.r.wakes() == doctest::Approx(began + 20));
  CHECK(x.r.wake(began + 20) == "look 1");
  CHECK(x.r.take(x.r.core.on_look({{1, true, at(began), at(began)}}, when(began + 20))) == "stop 1 timed_out");
  CHECK(x.r.seen == "run_timed_out(job=\"j\", run=1, silent=false)");
  x.t = began + 23;
  CHECK(x.r.wake(x.t) == "");
  CHECK(x.r.seen.find("run_overrun") != std::string::npos);
  x.r.done(x.t, 1); // it says that all was fine
  CHECK(x.r.seen.find("timed out: took longer than run_timeout, 20s") != std::string::npos);
  CHECK(x.next("2") == doctest::Approx(1));
  CHECK(x.status().counters.timed_out == 1);
  CHECK(x.status().counters.failed == 1);
}

TEST_CASE("failures: a run that waits for a thread does not time out") {
  failure_rules rules;
  rules.run_timeout = seconds{20};
  failing x{rules};
  for (int n = 1; n < 10; ++n) {
    CHECK(x.r.wake(x.t + 20 * n) == "look 1");
    CHECK(x.r.take(x.r.core.on_look({{1, false, {}, {}}}, when(x.t + 20 * n))) == "");
  }
}

TEST_CASE("failures: a run that says that it is alive goes on, one that falls silent is asked to stop") {
  failure_rules rules;
  rules.beat_timeout = seconds{20};
  failing x{rules};
  double beat = x.t;
  for (int n = 0; n < 5; ++n) {
    const auto looks_at = x.r.wakes();
    CHECK(looks_at == doctest::Approx(beat + 20));
    CHECK(x.r.wake(looks_at) == "look 1");
    beat = looks_at - 5;
    CHECK(x.r.take(x.r.core.on_look({{1, true, at(x.t), at(beat)}}, when(looks_at))) == "");
  }
  CHECK(x.r.wake(beat + 20) == "look 1");
  CHECK(x.r.take(x.r.core.on_look({{1, true, at(x.t), at(beat)}}, when(beat + 20))) == "stop 1 timed_out");
  CHECK(x.r.seen.find("silent=true") != std::string::npos);
}

TEST_CASE("failures: an item that goes and comes back during its run is not tried again for the turn before") {
  runner r{failing_job(trying(five()), running_mode::single_thread)};
  const auto t = first_slot();
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.wake(t) == "start 1: a#1 b#2");
  CHECK(r.revoked(t, {"a"}) == "tell 1: a");
  r.granted(t, {{"a", 3}});
  r.ended(t, 1, named({"a", "b"}));
  CHECK(r.wake(r.wakes()) == "start 2: b#2");
}

TEST_CASE("failures: without any rule a run that failed comes again with the rhythm, and nothing looks at it") {
  failing x{{}};
  CHECK(x.r.wakes() == doctest::Approx(1e6));
  x.r.failed(x.t, 1, "no answer");
  CHECK(x.r.seen.find("retry_planned") == std::string::npos);
  CHECK(x.r.wakes() == doctest::Approx(x.t + 3600));
}

TEST_CASE("failures: every run that is over is remembered with its slot, its attempt and its end") {
  failing x{trying(five())};
  job_runner_core::run_end e;
  e.failed = true;
  e.failure = std::string(5000, 'x') + "\xc3\xa4";
  e.took = seconds{3};
  e.progress = {3, 10, "row 3"};
  const auto fx = x.r.core.on_run_done(1, e, when(x.t + 3));
  const auto* past = first<job_runner_core::remember_run>(fx);
  REQUIRE(past != nullptr);
  CHECK(past->run.job == "j");
  CHECK(past->run.run == 1);
  CHECK(past->run.items == std::vector<work_item>{{"a", 1}});
  CHECK(past->run.item_count == 1);
  CHECK(past->run.slot == slot_of_first());
  CHECK(past->run.attempt == 1);
  CHECK(past->run.started_ms == slot_of_first());
  CHECK(past->run.took == seconds{3});
  CHECK(past->run.outcome == run_outcome::failed);
  CHECK(past->run.error.size() == 4096);
  CHECK(past->run.progress.done == 3);
}
