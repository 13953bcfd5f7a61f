#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

TEST_CASE("runner: granted items start together once the lease is in force") {
  runner r{runner::job()};
  CHECK(r.granted(0, {{"a", 5}, {"b", 6}}) == "");
  CHECK(r.seen.find("items_granted") == 0);
  CHECK(r.leased(1) == "start 1: a#5 b#6");
}

TEST_CASE("runner: without items there is never a run, whatever is triggered or due") {
  runner r{runner::job()};
  CHECK(r.leased(0) == "");
  CHECK(r.trigger(1) == "");
  CHECK(r.wake(100) == "");
  CHECK(r.granted(100, {}) == "");
  CHECK(r.wakes() == -1);
}

TEST_CASE("runner: an unknown item is released at once, so that the worker never waits for an answer") {
  runner r{runner::job()};
  CHECK(r.revoked(0, {"x"}) == "released x");
}

TEST_CASE("runner: an idle item is released at once and a busy one when its run is done") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  spec.max_concurrent_runs = 1;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1");
  CHECK(r.revoked(1, {"a", "b"}) == "stop 1 revoked: a; released b");
  CHECK(r.ended(2, 1, {false, {}, false, milliseconds{500}, milliseconds{1500}, {}}) == "released a");
  CHECK(r.seen ==
        "run_finished(job=\"j\", run=1, took=1500ms, waited=500ms); items_released(job=\"j\", items=[\"a\"])");
  CHECK(r.core.status(at(2)).items.empty());
}

TEST_CASE("runner: the status says which items each run holds, until it gives them up") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"b", 2}, {"a", 1}, {"c", 3}});
  const auto holding = [&] { return r.core.status(at(1)).runs.at(0).holding; };
  CHECK(holding() == std::vector<item_id>{"a", "b", "c"});
  r.granted(1, {{"d", 4}}); // waits for the end of that run
  CHECK(holding() == std::vector<item_id>{"a", "b", "c"});
  r.revoked(1, {"b"});
  CHECK(holding() == std::vector<item_id>{"a", "b", "c"});
  r.run_released(2, 1, {"b"});
  CHECK(holding() == std::vector<item_id>{"a", "c"});
}

TEST_CASE("runner: I7 a revoked item is in no run that starts later") {
  runner r{runner::job(schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1 b#2");
  CHECK(r.done(1, 1) == "");
  CHECK(r.revoked(2, {"a"}) == "released a");
  CHECK(r.wake(10) == "start 2: b#2");
  CHECK(r.revoked(11, {"b"}) == "stop 2 revoked: b");
  CHECK(r.done(12, 2) == "released b");
  CHECK(r.trigger(13) == "");
  CHECK(r.wake(100) == "");
}

TEST_CASE("runner: an item granted again runs under its new token") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.revoked(1, {"a"}) == "stop 1 revoked: a");
  CHECK(r.done(2, 1) == "released a");
  CHECK(r.granted(3, {{"a", 9}}) == "start 2: a#9");
}

TEST_CASE("runner: a second revocation names its items although the run has been asked to stop already") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1 b#2");
  CHECK(r.revoked(1, {"a"}) == "tell 1: a"); // it may go on with b
  CHECK(r.revoked(1, {"b"}) == "stop 1 revoked: b");
  CHECK(r.revoked(1, {"b"}) == "stop 1 revoked: b");
  CHECK(r.done(2, 1) == "released a b");
}

TEST_CASE("runner: new items join the next run and leave the one under way alone") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 2}}) == "");
  CHECK(r.done(5, 1) == "");
  CHECK(r.wake(13) == ""); // b has waited for long, but not in vain
  CHECK(r.seen == "");
  CHECK(r.wakes() == 15);
  CHECK(r.wake(15) == "start 2: a#1 b#2");
}

TEST_CASE("runner: an item that arrived during a run still runs when the items of that run are all taken away") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 2}}) == "");
  CHECK(r.revoked(2, {"a"}) == "stop 1 revoked: a");
  CHECK(r.done(3, 1) == "released a");
  REQUIRE(r.wakes() == 13);
  CHECK(r.wake(13) == "start 2: b#2");
}

TEST_CASE("runner: own_run starts a run beside the one under way with the new items only") {
  auto spec = runner::job();
  spec.on_new_items = new_items_policy::own_run;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 2}}) == "start 2: b#2");
  CHECK(r.granted(2, {{"c", 3}, {"d", 4}}) == "start 3: c#3 d#4");
  CHECK(r.done(3, 1) == "");
  CHECK(r.done(4, 2) == "");
  CHECK(r.done(5, 3) == "");
  CHECK(r.wakes() == 15);
  CHECK(r.wake(15) == "start 4: a#1 b#2 c#3 d#4");
}

TEST_CASE("runner: own_run goes on serving what came later while the first run never ends") {
  for (bool rate : {false, true}) {
    auto spec = runner::job(rate ? schedule::fixed_rate(seconds{10}) : schedule::fixed_delay(seconds{10}));
    spec.on_new_items = new_items_policy::own_run;
    runner r{spec};
    r.leased(0);
    CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
    CHECK(r.granted(5, {{"b", 2}}) == "start 2: b#2");
    double t = 6;
    for (run_id run = 2; run < 9; ++run) {
      CHECK(r.done(t, run) == "");
      REQUIRE(r.wakes() > t);
      CHECK(r.wakes() <= t + 10);
      t = r.wakes();
      CHECK(r.wake(t) == "start " + std::to_string(run + 1) + ": b#2");
    }
  }
}

TEST_CASE("runner: own_run keeps the schedule of lanes that have nothing new") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  spec.on_new_items = new_items_policy::own_run;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 2}}) == "start 2: b#2");
  CHECK(r.done(5, 1) == "");
  CHECK(r.wakes() == 15);
}

TEST_CASE("runner: restart asks the run under way to stop and the next one takes all at once") {
  auto spec = runner::job();
  spec.on_new_items = new_items_policy::restart;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 2}}) == "stop 1 new_items");
  CHECK(r.granted(1.5, {{"c", 3}}) == "");
  CHECK(r.done(2, 1) == "start 2: b#2 c#3 a#1"); // a has had its turn at being first
}

TEST_CASE("runner: restart leaves the schedule alone while no run is under way") {
  auto spec = runner::job();
  spec.on_new_items = new_items_policy::restart;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.done(1, 1) == "");
  CHECK(r.granted(2, {{"b", 2}}) == "");
  CHECK(r.wake(11) == "start 2: a#1 b#2");
}

TEST_CASE("runner: a rebuilt runner starts nothing with items that the executor still runs") {
  runner r{runner::job()};
  CHECK(r.take(r.core.on_adopted({41}, {{{"a", 1}}}, when(0))) == "");
  CHECK_FALSE(r.core.idle());
  r.leased(0);
  CHECK(r.granted(1, {{"a", 8}, {"b", 9}}) == "");
  CHECK(r.trigger(2) == "");
  CHECK(r.done(3, 41) == "start 42: a#8 b#9");
}

TEST_CASE("runner: an adopted run whose item nobody grants again is stopped when the item is revoked") {
  runner r{runner::job()};
  r.take(r.core.on_adopted({7}, {{{"a", 1}}}, when(0)));
  CHECK(r.revoked(1, {"a"}) == "stop 7 revoked: a");
  CHECK(r.done(2, 7) == "released a");
}

TEST_CASE("runner: the end of a run nobody knows changes nothing") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.done(1, 99) == "");
  CHECK(r.seen == "");
  CHECK(r.trigger(1) == "");
  CHECK(r.done(2, 1) == "start 2: a#1");
  CHECK(r.done(2, 1) == "");
}
