#include <doctest/doctest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/test/cluster.hpp"
#include "djm/test/spend.hpp"
#include "djm/timetable.hpp"

/// Jobs by calendar and jobs that fail, from the builder to the messages, in whole clusters.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

job_builder job_of(const job_id& id, std::vector<item_id> items) {
  job_builder b(id);
  b.items(std::move(items)).thread_per_item();
  return b;
}

} // namespace

TEST_CASE("slots of a calendar run once each, on whichever node holds the item") {
  cluster c{3};
  std::map<item_id, std::vector<std::int64_t>> slots;
  c.register_job(job_of("report", {"a", "b", "c", "d"}).at(cron("*/5 * * * *")).run([&](job_context& ctx) {
    REQUIRE(ctx.slot());
    CHECK(ctx.due() == ctx.slot());
    CHECK(ctx.attempt() == 1);
    slots[ctx.items().front().id].push_back(slot_id(*ctx.slot()));
    ctx.sleep(10s);
  }));
  c.settle();
  c.advance(61min);
  REQUIRE(slots.size() == 4);
  for (const auto& [item, all] : slots) {
    REQUIRE(all.size() >= 12);
    for (std::size_t i = 1; i < all.size(); ++i) {
      CHECK(all[i] - all[i - 1] == 300'000);
    }
  }
  const auto gone = c.owner("report", "a");
  c.crash(gone);
  c.advance(61min);
  for (const auto& [item, all] : slots) {
    CHECK(std::set<std::int64_t>(all.begin(), all.end()).size() == all.size());
    CHECK(all.size() >= 23);
  }
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a run that fails is tried again as it says, and its history is there") {
  cluster c{1};
  std::vector<duration> attempts;
  const auto rule = retry{}.attempts(3).first(10s).factor(2).jitter(0);
  c.register_job(job_of("poll", {"a"}).at(aligned(1h)).retry(rule).run([&](job_context& ctx) {
    attempts.push_back(c.now());
    ctx.beat(ctx.attempt(), 3, "attempts");
    if (ctx.attempt() < 3) {
      throw std::runtime_error("no answer");
    }
  }));
  c.settle();
  c.advance(1h);
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[1] - attempts[0] >= 10s);
  CHECK(attempts[1] - attempts[0] < 11s);
  CHECK(attempts[2] - attempts[1] >= 20s);
  CHECK(attempts[2] - attempts[1] < 21s);

  const auto past = c.node(0).history({"poll", "a", {}, 10});
  REQUIRE(past);
  REQUIRE(past->runs.size() == 3);
  CHECK(past->runs[0].outcome == run_outcome::finished);
  CHECK(past->runs[0].attempt == 3);
  CHECK(past->runs[0].progress.done == 3);
  CHECK(past->runs[2].outcome == run_outcome::failed);
  CHECK(past->runs[2].error == "no answer");
  CHECK(past->runs[2].node == "n0");
  CHECK(past->runs[0].slot == past->runs[2].slot);
  CHECK(c.node(0).history({{}, {}, run_outcome::failed, 1})->runs.size() == 1);
  CHECK(c.node(0).history({{}, {}, {}, 0}).error().code == errc::invalid_config);
  CHECK(c.node(0).job("poll")->counters.retried == 2);
}

TEST_CASE("a poison item is parked while the others go on, until somebody releases it") {
  cluster c{1};
  bool mended = false;
  std::map<item_id, int> fine;
  c.register_job(job_of("poll", {"bad", "good"}).every(10s).park_item_after(3).run([&](job_context& ctx) {
    const auto& item = ctx.items().front().id;
    if (item == "bad" && !mended) {
      throw permanent_failure("poison");
    }
    ++fine[item];
  }));
  c.settle();
  c.advance(5min);
  const auto st = c.node(0).job("poll");
  REQUIRE(st->parked.size() == 1);
  CHECK(st->parked[0].item == "bad");
  CHECK(st->parked[0].what == "poison");
  CHECK(fine["good"] >= 25);
  CHECK(c.events_of<items_parked>().size() == 1);
  CHECK(c.node(0).release("poll", "good").error().code == errc::invalid_state);
  CHECK(c.node(0).release("none", "bad").error().code == errc::unknown_job);
  mended = true;
  CHECK(c.node(0).release("poll", "bad"));
  c.advance(1min);
  CHECK(fine["bad"] >= 5);
  CHECK(c.node(0).job("poll")->parked.empty());
  const auto problems = c.node(0).status()->problems;
  for (const auto& p : problems) {
    CHECK_MESSAGE(p.ended_ms != 0, p.text);
  }
}

TEST_CASE("a job of which everything fails pauses on its node, and goes on when somebody says so") {
  cluster c{1};
  bool mended = false;
  int runs = 0;
  c.register_job(job_of("poll", {"a"}).every(10s).pause_job_after(4).run([&](job_context&) {
    ++runs;
    if (!mended) {
      throw std::runtime_error("down");
    }
  }));
  c.settle();
  c.advance(10min);
  CHECK(runs == 4);
  CHECK(c.node(0).job("poll")->paused);
  CHECK(c.node(0).resume("none").error().code == errc::unknown_job);
  mended = true;
  CHECK(c.node(0).resume("poll"));
  c.advance(1min);
  CHECK(runs >= 9);
  CHECK(c.node(0).resume("poll").error().code == errc::invalid_state);
}

TEST_CASE("runs that take too long or fall silent are asked to stop, and nothing else is late") {
  cluster c{1};
  std::map<item_id, stop_reason> stopped;
  c.register_job(job_of("work", {"beats", "endless", "silent", "deaf"})
                   .at(aligned(10min))
                   .run_timeout(2min)
                   .beat_timeout(30s)
                   .run([&](job_context& ctx) {
                     const auto item = ctx.items().front().id;
                     if (item == "silent") {
                       ctx.sleep(1h);
                     } else if (item == "deaf") {
                       while (!ctx.stop_requested()) {
                         ctx.beat();
                         ctx.sleep(5s);
                       }
                       const auto until = c.now() + 5min;
                       while (c.now() < until) {
                         spend(1s);
                       }
                     } else {
                       for (int n = 0; item == "endless" || n < 10; ++n) {
                         ctx.beat();
                         if (!ctx.sleep(10s)) {
                           break;
                         }
                       }
                     }
                     stopped[item] = ctx.reason();
                   }));
  std::vector<duration> ticks;
  c.register_job(job_of("tick", {"t"}).at_fixed_rate(1s).run([&](job_context&) { ticks.push_back(c.now()); }));
  c.settle();
  c.advance(10min);
  CHECK(c.run_until([&] { return stopped.size() == 4; }, 20min));
  CHECK(stopped["beats"] == stop_reason::none);
  CHECK(stopped["silent"] == stop_reason::timed_out);
  CHECK(stopped["endless"] == stop_reason::timed_out);
  CHECK(stopped["deaf"] == stop_reason::timed_out);
  CHECK(c.events_of<run_overrun>().size() >= 1);
  CHECK(c.events_of<run_timed_out>().size() >= 3);
  duration most{};
  for (std::size_t i = 1; i < ticks.size(); ++i) {
    most = std::max(most, ticks[i] - ticks[i - 1]);
  }
  MESSAGE("figure: the longest pause of a job of one second beside runs that never end: " << format_duration(most));
}

TEST_CASE("a run is cancelled by its number, shows how far it is, and has not failed") {
  cluster c{1};
  c.register_job(job_of("work", {"a"}).at(aligned(1h)).retry(retry{}.attempts(5)).run([](job_context& ctx) {
    ctx.beat(3, 10, "rows");
    if (!ctx.sleep(30min)) {
      throw std::runtime_error("interrupted");
    }
  }));
  c.settle();
  REQUIRE(c.run_until([&] { return !c.running("work").empty(); }, 2h));
  c.advance(1s);
  const auto st = c.node(0).job("work");
  REQUIRE(st->runs.size() == 1);
  CHECK(st->runs[0].progress.done == 3);
  CHECK(st->runs[0].progress.total == 10);
  CHECK(st->runs[0].progress.text == "rows");
  CHECK(st->runs[0].slot);
  CHECK(c.node(0).cancel("work", 4711).error().code == errc::invalid_state);
  CHECK(c.node(0).cancel("work", st->runs[0].run));
  c.advance(5min);
  CHECK(c.running("work").empty());
  CHECK(c.runs("work").size() == 1);
  CHECK(c.node(0).job("work")->counters.cancelled == 1);
  CHECK(c.node(0).job("work")->counters.failed == 0);
  CHECK(c.node(0).history({"work", {}, run_outcome::cancelled, 10})->runs.size() == 1);
}

TEST_CASE("what is wrong with a calendar is said where the job is registered or set anew") {
  cluster c{1};
  job_definition def =
    job_of("work", {"a"}).at(cron("0 3 * * *").zone("Europe/Nowhere")).run([](job_context&) {}).build().value();
  const auto refused = c.node(0).register_job(def);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == errc::invalid_schedule);
  CHECK(refused.error().text.find("Europe/Nowhere") != std::string::npos);
  CHECK(c.node(0).register_job(job_of("work", {"a"}).every(1s).run([](job_context&) {})));
  c.settle();
  CHECK_FALSE(c.node(0).reschedule("work", schedule::by(cron("0 3 * * *").zone("Europe/Nowhere")).value()));
  CHECK(c.node(0).job("work")->schedule.kind == schedule_kind::fixed_delay);
  CHECK(c.node(0).reschedule("work", schedule::by(aligned(1h)).value()));
  c.advance(1s);
  CHECK(c.node(0).job("work")->schedule.calendar == "aligned 1h");
}
