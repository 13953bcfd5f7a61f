#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("runner: fixed delay counts from the end of the run") {
  runner r{runner::job(schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.wakes() == 1e6); // only the lease
  CHECK(r.done(33, 1) == "");
  CHECK(r.wakes() == 43);
  CHECK(r.wake(42.9) == "");
  CHECK(r.wake(43) == "start 2: a#1");
}

TEST_CASE("runner: fixed rate keeps its beat") {
  runner r{runner::job(schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(3, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.done(4, 1) == "");
  CHECK(r.wakes() == 13);
  CHECK(r.wake(13.5) == "start 2: a#1");
  CHECK(r.done(14, 2) == "");
  CHECK(r.wakes() == 23);
}

TEST_CASE("runner: fixed rate does not pile up missed runs") {
  runner r{runner::job(schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.wake(10) == "");
  CHECK(r.wake(20) == "");
  CHECK(r.done(57, 1) == "start 2: a#1"); // one run for the beats that were missed
  CHECK(r.done(58, 2) == "");
  CHECK(r.wakes() == 60);
}

TEST_CASE("runner: the initial delay counts from the first item") {
  for (auto s : {schedule::fixed_rate(seconds{10}, seconds{4}), schedule::fixed_delay(seconds{10}, seconds{4})}) {
    runner r{runner::job(s)};
    r.leased(0);
    CHECK(r.granted(100, {{"a", 1}}) == "");
    CHECK(r.wakes() == 104);
    CHECK(r.granted(101, {{"b", 2}}) == "");
    CHECK(r.wakes() == 104);
    CHECK(r.wake(104) == "start 1: a#1 b#2");
  }
}

TEST_CASE("runner: a lane that comes later joins the beat of a fixed rate") {
  auto spec = runner::job(schedule::fixed_rate(seconds{10}));
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(3, {{"b", 2}}) == "");
  CHECK(r.done(4, 1) == "");
  CHECK(r.wake(10) == "start 2: a#1; start 3: b#2");
}

TEST_CASE("runner: a job without a schedule runs on trigger only") {
  runner r{runner::job(schedule::on_trigger())};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "");
  CHECK(r.wakes() == -1);
  CHECK(r.trigger(5) == "start 1: a#1");
  CHECK(r.done(6, 1) == "");
  CHECK(r.wakes() == -1);
}

TEST_CASE("runner: triggers during a run start one more run after it, not beside it") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.trigger(1) == "");
  CHECK(r.trigger(2) == "");
  CHECK(r.done(3, 1) == "start 2: a#1");
  CHECK(r.done(4, 2) == "");
  CHECK(r.wakes() == 13); // the rhythm counts from the run that belonged to it
  CHECK(r.core.status(at(4)).counters.triggers == 2);
}

TEST_CASE("runner: a trigger between the beats leaves the beat where it was") {
  runner r{runner::job(schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.done(1, 1) == "");
  CHECK(r.trigger(5) == "start 2: a#1");
  CHECK(r.done(6, 2) == "");
  CHECK(r.wakes() == 10);
}

TEST_CASE("runner: a schedule changed during a run holds from its end") {
  runner r{runner::job(schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.reschedule(1, schedule::fixed_delay(seconds{2})) == "");
  CHECK(r.done(5, 1) == "");
  CHECK(r.wakes() == 7);
  CHECK(r.wake(7) == "start 2: a#1");
  CHECK(r.reschedule(8, schedule::on_trigger()) == "");
  CHECK(r.done(9, 2) == "");
  CHECK(r.wakes() == -1);
  CHECK(r.reschedule(10, schedule::fixed_rate(seconds{5}, seconds{1})) == "");
  CHECK(r.wakes() == 12); // a period after the last start; the initial delay is for the first one
  CHECK(r.wake(12) == "start 3: a#1");
  CHECK(r.done(13, 3) == "");
  CHECK(r.wakes() == 17);
}

TEST_CASE("runner: a schedule changed to a rate during a run starts nothing beside it") {
  runner r{runner::job(schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.reschedule(1, schedule::fixed_rate(seconds{3})) == "");
  CHECK(r.wake(4) == "");
  CHECK(r.done(4.5, 1) == "start 2: a#1");
}

TEST_CASE("runner: a schedule that is set already changes nothing, however often it is set") {
  for (auto s : {schedule::fixed_rate(hours{24}), schedule::fixed_delay(hours{24}), schedule::fixed_rate(seconds{7}),
                 schedule::fixed_delay(seconds{7}), schedule::on_trigger()}) {
    runner often{runner::job(s)};
    runner never{runner::job(s)};
    for (auto* r : {&often, &never}) {
      r->leased(0);
      r->granted(0, {{"a", 1}});
    }
    run_id run = 1;
    for (double t = 0.5; t < 60; t += 0.5) {
      CHECK(often.reschedule(t, s) == "");
      const auto started = never.wake(t);
      CHECK(often.wake(t) == started);
      if (!started.empty()) {
        ++run;
      }
      CHECK(often.done(t, run) == never.done(t, run));
      CHECK(often.wakes() == never.wakes());
    }
  }
}

TEST_CASE(
  "runner: schedules that are set again and again before the initial delay is over do not put off the first run") {
  for (bool rate : {false, true}) {
    const auto with = [&](int period) {
      return rate ? schedule::fixed_rate(seconds{period}, seconds{10})
                  : schedule::fixed_delay(seconds{period}, seconds{10});
    };
    runner r{runner::job(with(20))};
    r.leased(0);
    CHECK(r.granted(0, {{"a", 1}}) == "");
    CHECK(r.reschedule(5, with(21)) == "");
    CHECK(r.reschedule(9, with(22)) == "");
    CHECK(r.wakes() == 10);
    CHECK(r.wake(10) == "start 1: a#1");
  }
}

TEST_CASE("runner: another schedule counts from the last start of a rate and from the last end of a delay") {
  runner rate{runner::job(schedule::fixed_rate(seconds{30}))};
  rate.leased(0);
  CHECK(rate.granted(0, {{"a", 1}}) == "start 1: a#1");
  rate.done(3, 1);
  for (int n = 1; n < 4; ++n) {
    CHECK(rate.reschedule(3 + n, schedule::fixed_rate(seconds{20 + n})) == "");
    CHECK(rate.wakes() == 20 + n);
  }
  CHECK(rate.wake(23) == "start 2: a#1");

  runner delay{runner::job(schedule::fixed_delay(seconds{30}))};
  delay.leased(0);
  CHECK(delay.granted(0, {{"a", 1}}) == "start 1: a#1");
  delay.done(3, 1);
  CHECK(delay.reschedule(5, schedule::fixed_delay(seconds{20})) == "");
  CHECK(delay.wakes() == 23);
  CHECK(delay.reschedule(6, schedule::fixed_delay(seconds{2})) == "start 2: a#1"); // that time is over
}

TEST_CASE("runner: a trigger leaves the rhythm of a delay alone, before it begins, between its runs and during them") {
  runner r{runner::job(schedule::fixed_delay(seconds{10}, seconds{20}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "");
  CHECK(r.trigger(1) == "start 1: a#1");
  CHECK(r.done(2, 1) == "");
  CHECK(r.wake(14) == "");
  CHECK(r.wakes() == 20);
  CHECK(r.wake(20) == "start 2: a#1");
  CHECK(r.done(21, 2) == "");
  CHECK(r.trigger(25) == "start 3: a#1");
  CHECK(r.done(26, 3) == "");
  CHECK(r.wakes() == 31);
  CHECK(r.trigger(30) == "start 4: a#1");
  CHECK(r.done(40, 4) == "start 5: a#1"); // was due meanwhile
}

TEST_CASE("runner: a schedule that breaks a rule is refused and changes nothing") {
  runner r{runner::job(schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  auto text = r.reschedule(1, schedule::fixed_rate(seconds{0}));
  CHECK(text.find("invalid_schedule: job \"j\"") == 0);
  CHECK(r.done(5, 1) == "");
  CHECK(r.wakes() == 15);
}

TEST_CASE("runner: thread_per_item gives each item a run and a rhythm of its own") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1; start 2: b#2");
  CHECK(r.done(1, 1) == "");
  CHECK(r.wake(11) == "start 3: a#1");
  CHECK(r.done(20, 2) == "");
  CHECK(r.wake(30) == "start 4: b#2");
}

TEST_CASE("runner: the cap on concurrent runs holds and a free place is used at once") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  spec.max_concurrent_runs = 2;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}, {"c", 3}}) == "start 1: a#1; start 2: b#2");
  CHECK(r.trigger(1) == "");
  CHECK(r.done(2, 2) == "start 3: c#3");
  CHECK(r.core.status(at(2)).active_runs == 2);
}

TEST_CASE("runner: under a cap the lane that has waited longest goes first, so that none starves") {
  auto spec = runner::job(schedule::fixed_rate(seconds{1}));
  spec.mode = running_mode::thread_per_item;
  spec.max_concurrent_runs = 1;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}, {"c", 3}}) == "start 1: a#1");
  CHECK(r.done(5, 1) == "start 2: b#2");
  CHECK(r.done(10, 2) == "start 3: c#3");
  CHECK(r.done(15, 3) == "start 4: a#1");
}

TEST_CASE("runner: a trigger tells how many runs follow, and one before the first items is kept for them") {
  auto spec = runner::job(schedule::on_trigger());
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  r.leased(0);
  CHECK(r.trigger(0) == "");
  CHECK(r.core.runs_to_come() == 0);
  CHECK(r.granted(1, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 1}}) == ""); // that was for the first ones
  r.done(2, 1);
  CHECK(r.trigger(2) == "start 2: a#1; start 3: b#1");
  CHECK(r.core.runs_to_come() == 2);
  r.done(3, 2);
  r.done(3, 3);
  r.revoked(4, {"a", "b"});
  CHECK(r.trigger(5) == "");
  CHECK(r.core.runs_to_come() == 0);
  CHECK(r.granted(6, {{"a", 2}}) == ""); // the answer was 0
  r.stop(7);
  CHECK(r.core.runs_to_come() == 0);
}
