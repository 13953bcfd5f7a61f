#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("runner: a revocation tells of the items that were granted, and releases of those that no run holds") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  spec.max_concurrent_runs = 1;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 1}}) == "start 1: a#1");
  r.revoked(1, {"a", "b", "stranger"});
  CHECK(tells(r, "items_revoked"));
  CHECK(tells(r, "items_released"));
  CHECK_FALSE(tells(r, "stranger"));
  // Again: neither is granted any more.
  r.revoked(2, {"a"});
  CHECK_FALSE(tells(r, "items_revoked"));
  CHECK_FALSE(tells(r, "items_released"));
}

TEST_CASE("runner: a trigger while the share is being cut reaches the lanes to come, and no later ones") {
  auto spec = runner::job(schedule::on_trigger());
  spec.mode = running_mode::custom;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "cut 1? a");
  CHECK(r.trigger(1) == "");
  CHECK(r.cut(2, 1, {{"a"}}) == "start 1: a#1");
  CHECK(r.done(3, 1) == "");
  CHECK(r.granted(4, {{"b", 1}}) == "cut 2? a b");
  CHECK(r.cut(5, 2, {{"a"}, {"b"}}) == "");
}

TEST_CASE("runner: a trigger that reached its lanes is not kept for others") {
  auto spec = runner::job(schedule::on_trigger());
  spec.mode = running_mode::custom;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.cut(0, 1, {{"a"}});
  CHECK(r.trigger(1) == "start 1: a#1");
  CHECK(r.done(2, 1) == "");
  CHECK(r.granted(3, {{"b", 1}}) == "cut 2? a b");
  CHECK(r.cut(4, 2, {{"a"}, {"b"}}) == "");
}

TEST_CASE("runner: own runs of a custom cut start for lanes with new items, and for no others") {
  auto spec = runner::job(schedule::fixed_delay(seconds{10}));
  spec.mode = running_mode::custom;
  spec.on_new_items = new_items_policy::own_run;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 1}});
  CHECK(r.cut(0, 1, {{"a"}, {"b"}}) == "start 1: a#1; start 2: b#1");
  CHECK(r.granted(1, {{"c", 1}}) == "cut 2? a b c");
  CHECK(r.cut(1, 2, {{"a"}, {"b", "c"}}) == "start 3: c#1");
  CHECK(r.done(2, 1) == "");
  CHECK(r.wakes() == 12);
}

TEST_CASE("runner: with the next-run policy new items of a custom cut wait for the next run") {
  auto spec = runner::job(schedule::fixed_delay(seconds{10}));
  spec.mode = running_mode::custom;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  CHECK(r.cut(0, 1, {{"a"}}) == "start 1: a#1");
  r.granted(1, {{"c", 1}});
  CHECK(r.cut(1, 2, {{"a", "c"}}) == "");
  CHECK(r.done(2, 1) == "");
  CHECK(r.wakes() == 12);
}

TEST_CASE("runner: lanes that are joined are due when the first of them was") {
  auto spec = runner::job(schedule::fixed_delay(seconds{10}));
  spec.mode = running_mode::custom;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 1}});
  CHECK(r.cut(0, 1, {{"a"}, {"b"}}) == "start 1: a#1; start 2: b#1");
  CHECK(r.done(1, 1) == ""); // a is due at 11
  CHECK(r.done(5, 2) == ""); // b is due at 15
  CHECK(r.granted(6, {{"c", 1}}) == "cut 2? a b c");
  CHECK(r.cut(6, 2, {{"a", "b", "c"}}) == "");
  CHECK(r.wakes() == 11);
}

TEST_CASE("runner: a new schedule sets the beat for lanes that come later, and waits for the end of a run") {
  auto spec = runner::job(schedule::fixed_rate(seconds{10}));
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.reschedule(5, schedule::fixed_rate(seconds{15})) == "");
  CHECK(r.granted(7, {{"b", 1}}) == "");
  CHECK(r.wakes() == 15);

  runner busy{runner::job(schedule::fixed_delay(seconds{10}))};
  busy.leased(0);
  CHECK(busy.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(busy.reschedule(5, schedule::fixed_delay(seconds{3})) == "");
  CHECK(busy.done(6, 1) == "");
  CHECK(busy.wakes() == 9);

  runner idle{runner::job(schedule::fixed_delay(seconds{50}))};
  idle.leased(0);
  idle.granted(0, {{"a", 1}});
  idle.done(1, 1);
  CHECK(idle.reschedule(3, schedule::fixed_delay(seconds{3}, seconds{2})) == "");
  CHECK(idle.wakes() == 4);
}

TEST_CASE("runner: a schedule that comes before any item counts its delay from the first one") {
  runner r{runner::job(schedule::fixed_delay(seconds{10}))};
  r.leased(0);
  r.reschedule(1, schedule::fixed_delay(seconds{10}, seconds{4}));
  CHECK(r.granted(50, {{"a", 1}}) == "");
  CHECK(r.wakes() == 54);
}

TEST_CASE("runner: it wakes for the grace of a run that it asked to stop without having a lease") {
  runner r{runner::job()};
  r.take(r.core.on_adopted({7}, {{{"a", 1}}}, when(0)));
  CHECK(r.wakes() == -1);
  r.stop(1);
  CHECK(r.wakes() == 3);
  r.wake(3);
  CHECK(tells(r, "run_overrun"));
  CHECK(r.wakes() == -1);
}
