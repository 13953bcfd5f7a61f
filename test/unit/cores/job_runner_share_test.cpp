#include <doctest/doctest.h>

#include <map>

#include "test/unit/cores/runner.hpp"

/// What happens to single items of a share that one run works on.
using namespace djm;
using namespace djm::test;

namespace {

const char* const starved_b = "item_starved(job=\"j\", items=[\"b\"], over=false)";
const char* const fed_b = "item_starved(job=\"j\", items=[\"b\"], over=true)";

job_spec with(new_items_policy p) {
  auto spec = runner::job();
  spec.on_new_items = p;
  return spec;
}

} // namespace

TEST_CASE("runner: an item that is in no run for a period and the stop grace is reported once, and when that is over") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.granted(1, {{"b", 2}}) == ""); // joins the next run, and this one does not end
  CHECK(r.core.status(at(1)).starves_in == seconds{12});
  CHECK(r.wakes() == 13);
  r.wake(12.9);
  CHECK(r.seen == "");
  r.wake(13);
  CHECK(r.seen == starved_b);
  r.wake(50);
  CHECK(r.seen == "");
  CHECK(r.core.status(at(50)).starved == std::vector<item_id>{"b"});
  CHECK(r.core.status(at(50)).counters.starved == 1);
  r.done(60, 1);
  CHECK(r.core.status(at(60)).starved.size() == 1); // not before it is in a run
  CHECK(r.wake(70) == "start 2: a#1 b#2");
  CHECK(tells(r, fed_b));
  CHECK(r.core.status(at(70)).starved.empty());
  // Another spell is told again.
  r.granted(71, {{"c", 3}});
  r.wake(83);
  CHECK(tells(r, "items=[\"c\"], over=false"));
}

TEST_CASE("runner: an item that is taken away starves no longer") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.granted(0, {{"b", 2}});
  r.wake(12);
  CHECK(r.seen == starved_b);
  CHECK(r.revoked(13, {"b"}) == "released b");
  CHECK(tells(r, fed_b));
}

TEST_CASE("runner: who waits for a cap, or for a cut that does not come, starves; who waits for its time does not") {
  auto capped = runner::job();
  capped.mode = running_mode::thread_per_item;
  capped.max_concurrent_runs = 1;
  runner c{capped};
  c.leased(0);
  CHECK(c.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1");
  c.wake(12);
  CHECK(c.seen == starved_b);

  auto custom = runner::job();
  custom.mode = running_mode::custom;
  runner x{custom};
  x.leased(0);
  CHECK(x.granted(0, {{"b", 1}}) == "cut 1? b");
  x.wake(12);
  CHECK(x.seen == starved_b);
  CHECK(x.cut(20, 1, {{"b"}}) == "start 1: b#1");
  CHECK(tells(x, fed_b));

  for (auto s : {schedule::fixed_delay(seconds{1}, seconds{100}), schedule::fixed_rate(seconds{1}, seconds{100}),
                 schedule::fixed_delay(hours{24}), schedule::fixed_rate(hours{24}), schedule::on_trigger()}) {
    runner r{runner::job(s)};
    r.leased(0);
    r.granted(0, {{"a", 1}});
    for (double t = 0; t < 100; t += 0.5) {
      r.wake(t);
      CHECK_FALSE(tells(r, "starved"));
    }
  }
}

TEST_CASE("runner: what a cut leaves out on purpose does not starve") {
  auto custom = runner::job();
  custom.mode = running_mode::custom;
  runner r{custom};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.cut(0, 1, {{"a"}}) == "start 1: a#1");
  r.wake(100);
  CHECK(r.seen == "");
}

TEST_CASE("runner: while nothing may start for want of a lease nothing starves, and the time counts from its return") {
  runner r{runner::job()};
  r.leased(0, 5, 7);
  r.granted(0, {{"a", 1}});
  r.granted(0, {{"b", 2}});
  r.wake(5);
  r.wake(20);
  CHECK_FALSE(tells(r, "starved"));
  r.leased(30, 1000, 1002);
  r.wake(41);
  CHECK_FALSE(tells(r, "starved"));
  r.wake(42);
  CHECK(tells(r, starved_b));
}

TEST_CASE("runner: a schedule on trigger ends all starving") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.granted(0, {{"b", 2}});
  r.wake(12);
  CHECK(r.reschedule(13, schedule::on_trigger()) == "");
  CHECK(r.seen == fed_b);
  r.wake(1000);
  CHECK(r.seen == "");
}

TEST_CASE(
  "runner: random shares: whoever is held is in a run within a period and the grace of waiting, or was reported") {
  std::uint64_t x = 17;
  const auto pick = [&](unsigned n) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    return static_cast<unsigned>((x >> 33) % n);
  };
  for (int round = 0; round < 300; ++round) {
    auto spec = runner::job(pick(2) == 0 ? schedule::fixed_rate(seconds{10}) : schedule::fixed_delay(seconds{10}));
    spec.on_new_items = static_cast<new_items_policy>(pick(3));
    spec.mode = pick(2) == 0 ? running_mode::single_thread : running_mode::thread_per_item;
    spec.max_concurrent_runs = pick(3);
    runner r{spec};
    r.leased(0);
    std::map<item_id, double> waits; // since when
    std::map<item_id, bool> told;
    std::map<run_id, std::vector<item_id>> runs;
    const auto take = [&](double t, const job_runner_core::effects& fx) {
      for (const auto& e : fx) {
        if (const auto* s = std::get_if<job_runner_core::start_run>(&e)) {
          for (const auto& w : s->items) {
            waits.erase(w.id);
            runs[s->id].push_back(w.id);
          }
        } else if (const auto* m = std::get_if<emit_effect>(&e)) {
          if (const auto* hungry = std::get_if<item_starved>(&m->what)) {
            for (const auto& id : hungry->items) {
              told[id] = !hungry->over;
            }
          }
        }
      }
      for (const auto& [id, since] : waits) {
        // One whose run ended a little later than that of the others waits for the lane's next time.
        CHECK_MESSAGE((told[id] || t - since <= 22), "item " << id << " waits since " << since << " at " << t);
      }
    };
    fencing_token token = 0;
    for (double t = 0; t < 200; t += 0.5) {
      if (t < 100 && pick(20) == 0) {
        const item_id id{"i" + std::to_string(token)};
        waits[id] = t;
        take(t, r.core.on_granted({{id, ++token}}, when(t)));
      }
      if (!runs.empty() && pick(30) == 0) {
        const auto run = runs.begin()->first;
        for (const auto& id : runs[run]) {
          waits[id] = t;
        }
        runs.erase(run);
        take(t, r.core.on_run_done(run, {}, false, when(t)));
      }
      take(t, r.core.on_wake(when(t)));
    }
  }
}

TEST_CASE("runner: a run that loses some of its items is told, and asked for them after a while") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}, {"c", 3}}) == "start 1: a#1 b#2 c#3");
  CHECK(r.revoked(1, {"b"}) == "tell 1: b");
  CHECK(r.revoked(2, {"c"}) == "tell 1: c");
  CHECK(r.wakes() == 3);
  CHECK(r.wake(3) == "stop 1 revoked: b c");
  CHECK(r.wakes() == 5);
  r.wake(5);
  CHECK(tells(r, "run_overrun"));
  CHECK(r.done(6, 1) == "released b c");
  CHECK(r.wake(16) == "start 2: a#1");
}

TEST_CASE("runner: a run that ends meanwhile, or releases what it loses, is not asked to stop") {
  runner ends{runner::job()};
  ends.leased(0);
  ends.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(ends.revoked(1, {"b"}) == "tell 1: b");
  CHECK(ends.done(2, 1) == "released b");
  CHECK(ends.wakes() == 12);

  runner lets_go{runner::job()};
  lets_go.leased(0);
  lets_go.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(lets_go.revoked(1, {"b"}) == "tell 1: b");
  CHECK(lets_go.run_released(2, 1, {"b"}) == "released b");
  CHECK(tells(lets_go, "items_released"));
  CHECK(lets_go.wake(3) == "");
  CHECK(lets_go.wake(100) == "");
  CHECK_FALSE(tells(lets_go, "overrun"));
  CHECK(lets_go.done(200, 1) == "");
  CHECK(lets_go.wake(210) == "start 2: a#1");
}

TEST_CASE("runner: a run that releases its items after it was asked goes on, and is asked again for others") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}, {"c", 3}});
  r.revoked(1, {"b"});
  CHECK(r.wake(3) == "stop 1 revoked: b");
  CHECK(r.run_released(4, 1, {"b"}) == "released b");
  r.wake(5);
  CHECK(r.seen == "");
  CHECK(r.revoked(10, {"c"}) == "tell 1: c");
  CHECK(r.wake(12) == "stop 1 revoked: c");
  r.wake(14);
  CHECK(tells(r, "run_overrun"));
}

TEST_CASE("runner: what is urgent stops the run as a whole: the last of its items, a lost lock, the end of the lease") {
  for (int which = 0; which < 4; ++which) {
    runner r{runner::job()};
    r.leased(0, 100, 102);
    r.granted(0, {{"a", 1}, {"b", 2}});
    switch (which) {
    case 0:
      CHECK(r.revoked(1, {"a"}) == "tell 1: a");
      CHECK(r.revoked(1, {"b"}) == "stop 1 revoked: b");
      break;
    case 1: CHECK(r.revoked(1, {"a"}, stop_reason::lease_expiring) == "stop 1 lease_expiring: a"); break;
    case 2:
      CHECK(r.revoked(99, {"a"}) == "tell 1: a");
      CHECK(r.wake(100) == "stop 1 lease_expiring");
      CHECK(r.wake(101) == "");
      break;
    default:
      CHECK(r.revoked(1, {"a"}) == "tell 1: a");
      CHECK(r.wake(3) == "stop 1 revoked: a");
      CHECK(r.stop(3.5) == "stop 1 shutdown");
      r.wake(5); // its grace counts from the first request
      CHECK(tells(r, "run_overrun"));
    }
  }
}

TEST_CASE("runner: what a run releases although it is still ours waits for the next run") {
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.run_released(1, 1, {"b", "stranger"}) == "");
  CHECK(r.run_released(1, 9, {"a"}) == "");
  CHECK(r.done(2, 1) == "");
  CHECK(r.wake(12) == "start 2: a#1 b#2");
}

TEST_CASE("runner: after a run that failed or was interrupted the next one begins one item further") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 1}, {"c", 1}}) == "start 1: a#1 b#1 c#1");
  r.failed(1, 1, "boom");
  CHECK(r.wake(11) == "start 2: b#1 c#1 a#1");
  r.failed(12, 2, "boom");
  CHECK(r.wake(22) == "start 3: c#1 a#1 b#1");
  CHECK(r.granted(22, {{"d", 1}}) == "");
  r.revoked(23, {"b"});
  r.wake(25);
  r.done(26, 3);
  CHECK(r.wake(36) == "start 4: a#1 c#1 d#1");
  r.done(37, 4);
  CHECK(r.wake(47) == "start 5: a#1 c#1 d#1");
}

TEST_CASE("runner: an item that fails by name is named and comes last in the next run") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 1}, {"c", 1}}) == "start 1: a#1 b#1 c#1");
  r.take(r.core.on_run_done(1, "item \"a\": boom", true, when(1), {"a"}));
  CHECK(tells(r, "items=[\"a\"]"));
  CHECK(r.wake(11) == "start 2: b#1 c#1 a#1");
  r.done(12, 2);
  CHECK(r.wake(22) == "start 3: a#1 b#1 c#1");
}

TEST_CASE("runner: a failure is shown with its age until the items have been in a run that was fine") {
  auto spec = runner::job();
  spec.mode = running_mode::thread_per_item;
  runner r{spec};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 1}});
  r.failed(1, 1, "boom");
  r.done(2, 2);
  auto st = r.core.status(at(5));
  CHECK(st.last_failure == "boom");
  CHECK(st.last_failure_ago == seconds{4});
  CHECK(st.failures_in_a_row == 0);
  r.wake(12);
  r.done(13, 4); // b again
  CHECK(r.core.status(at(13)).last_failure == "boom");
  r.failed(13, 3, "bang");
  st = r.core.status(at(14));
  CHECK(st.last_failure == "bang");
  CHECK(st.failures_in_a_row == 1);
  r.wake(30);
  r.done(31, 5);
  r.done(31, 6);
  st = r.core.status(at(31));
  CHECK(st.last_failure == "");
  CHECK_FALSE(st.last_failure_ago);
  // An item that is taken away takes its failure with it.
  r.wake(41);
  r.failed(42, 7, "again");
  CHECK(r.core.status(at(42)).last_failure == "again");
  r.revoked(43, {"a"});
  CHECK(r.core.status(at(43)).last_failure == "");
}

TEST_CASE("runner: restart lets a run get to its end in the end, however fast the pool grows") {
  runner r{with(new_items_policy::restart)};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  // A run takes ten seconds, and stops at once when it is asked to.
  run_id run = 1;
  double began = 0;
  double t = 0;
  for (fencing_token n = 2; t < 60 && t - began < 10; ++n) {
    t += 0.5;
    auto told = r.granted(t, {{item_id{"i" + std::to_string(n)}, n}});
    told += r.wake(t);
    if (told.find("stop") != std::string::npos) {
      CHECK(r.done(t, run).find("start " + std::to_string(run + 1)) == 0);
      ++run;
      began = t;
    }
  }
  CHECK(t < 60);
  CHECK(run > 2);
  // What came meanwhile has its run at once.
  CHECK(r.done(t, run).find("start") == 0);
}

TEST_CASE("runner: restart goes on restarting a run that never ends") {
  runner r{with(new_items_policy::restart)};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  double t = 0;
  for (run_id run = 1; run < 20; ++run) {
    t += 60;
    CHECK(r.granted(t, {{item_id{"i" + std::to_string(run)}, 1}}) == "stop " + std::to_string(run) + " new_items");
    CHECK(r.done(t, run).find("start") == 0);
    CHECK(r.granted(t + 0.5, {{item_id{"j" + std::to_string(run)}, 1}}) == ""); // left alone for a second
    CHECK(r.wakes() == t + 1);
    const auto told = r.wake(t + 1);
    CHECK(told == "stop " + std::to_string(run + 1) + " new_items");
    ++run;
    CHECK(r.done(t + 1, run).find("start") == 0);
  }
}
