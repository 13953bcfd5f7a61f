#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

/// The first run of a share, while the rest of it is still being locked.
using namespace djm;
using namespace djm::test;

TEST_CASE("runner: the first run of a share waits for what is to come soon") {
  for (const auto kind : {schedule_kind::fixed_delay, schedule_kind::fixed_rate}) {
    auto spec = runner::job();
    spec.schedule.kind = kind;
    runner r{spec};
    r.leased(0);
    CHECK(r.granted_some(0, {{"a", 1}}) == "");
    CHECK(r.granted_some(0.6, {{"b", 2}}) == "");
    CHECK(r.wakes() == 1);
    CHECK(r.granted(0.8, {{"c", 3}}) == "start 1: a#1 b#2 c#3");
    r.done(2, 1);
    // What comes later, of a share that runs already, holds nothing back.
    CHECK(r.granted_some(3, {{"d", 4}}) == "");
    CHECK(r.wake(13) == "start 2: a#1 b#2 c#3 d#4");
  }
}

TEST_CASE("runner: what another holder keeps makes a share wait for a while, and single items not at all") {
  runner whole{runner::job()};
  whole.leased(0);
  CHECK(whole.granted_some(0, {{"a", 1}}) == "");
  CHECK(whole.granted_some(0.9, {{"b", 2}}) == "");
  CHECK(whole.wake(1) == "start 1: a#1 b#2");

  runner quick{runner::job(djm::schedule::fixed_delay(milliseconds{300}))};
  quick.leased(0);
  CHECK(quick.granted_some(0, {{"a", 1}}) == "");
  CHECK(quick.wake(0.3) == "start 1: a#1");

  auto late = runner::job();
  late.schedule.initial_delay = seconds{5};
  runner patient{late};
  patient.leased(0);
  CHECK(patient.granted_some(0, {{"a", 1}}) == "");
  CHECK(patient.granted(0.5, {{"b", 2}}) == "");
  CHECK(patient.wake(4.9) == "");
  CHECK(patient.wake(5) == "start 1: a#1 b#2");

  auto each = runner::job();
  each.mode = running_mode::thread_per_item;
  runner single{each};
  single.leased(0);
  CHECK(single.granted_some(0, {{"a", 1}}) == "start 1: a#1");
}

TEST_CASE("runner: a share that is cut waits for the cut of all of it, and starts with that") {
  for (const auto kind : {schedule_kind::fixed_delay, schedule_kind::fixed_rate}) {
    auto parts = runner::job();
    parts.mode = running_mode::custom;
    parts.schedule.kind = kind;
    runner cut{parts};
    cut.leased(0);
    cut.granted_some(0, {{"a", 1}, {"b", 2}});
    CHECK(cut.cut(0.1, 1, {{"a"}, {"b"}}) == "");
    CHECK(cut.granted(0.2, {{"c", 3}}) == "cut 2? a b c");
    CHECK(cut.cut(0.3, 2, {{"a"}, {"b", "c"}}) == "start 1: a#1; start 2: b#2 c#3");
  }
}

TEST_CASE("runner: a share that comes in parts is waited for each time, and a rate keeps its beat") {
  auto spec = runner::job();
  spec.schedule.kind = schedule_kind::fixed_rate;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted_some(0, {{"a", 1}}) == "");
  CHECK(r.wake(1) == "start 1: a#1"); // another holder kept the rest
  r.done(2, 1);
  r.revoked(3, {"a"});
  CHECK(r.granted_some(9.5, {{"b", 2}}) == "");
  CHECK(r.wake(10) == ""); // its beat, without the rest
  CHECK(r.granted(10.2, {{"c", 3}}) == "");
  CHECK(r.wake(20) == "start 2: b#2 c#3");
}
