#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/failure_rules.hpp"
#include "djm/messages.hpp"
#include "djm/test/ask.hpp"
#include "djm/test/cluster.hpp"
#include "djm/test/spend.hpp"
#include "djm/timetable.hpp"
#include "jobs.hpp"

/// Failures of jobs whose slots are remembered, end to end: the rules in the builder, the messages to a node, and what
/// status, events and history say.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

struct start {
  std::int64_t slot = 0;
  std::uint32_t attempt = 0;
  duration at{};
};

job_builder tracked(const job_id& id, std::vector<item_id> items, const calendar& when) {
  job_builder b{id};
  b.items(std::move(items)).thread_per_item().at(when).remember(slots::tracked);
  return b;
}

/// When each attempt of each item starts where all of them fail at once, by a seed.
std::map<item_id, std::vector<start>> failing(std::uint64_t seed, const retry& rule) {
  std::map<item_id, std::vector<start>> all;
  cluster c{2, seed};
  c.register_job(tracked("poll", {"a", "b", "c"}, aligned(1h)).retry(rule).run([&](job_context& ctx) {
    all[ctx.items().front().id].push_back({slot_id(*ctx.slot()), ctx.attempt(), c.now()});
    throw std::runtime_error("no answer");
  }));
  c.settle();
  c.advance(150min);
  return all;
}

} // namespace

TEST_CASE("retries start after exactly the delays that their hash says, whatever the seed of the cluster") {
  const auto rule = retry{}.attempts(5).first(10s).factor(3).max(5min).jitter(0.5);
  const auto once = failing(1, rule);
  REQUIRE(once.size() == 3);
  std::int64_t most_ms = 0;
  for (const auto& [item, starts] : once) {
    REQUIRE(starts.size() == 10); // two slots
    for (std::size_t n = 1; n < starts.size(); ++n) {
      if (starts[n].slot != starts[n - 1].slot) {
        CHECK(starts[n].attempt == 1);
        continue;
      }
      CHECK(starts[n].attempt == starts[n - 1].attempt + 1);
      const auto expected = retry_delay(rule, "poll", item.str(), starts[n].slot, starts[n - 1].attempt);
      const auto late = duration_cast<milliseconds>(starts[n].at - starts[n - 1].at) - expected;
      CHECK(late >= 0ms);
      CHECK(late <= 20ms); // the claim of the attempt is written before it starts
      most_ms = std::max(most_ms, late.count());
    }
  }
  const auto again = failing(1, rule);
  const auto other = failing(2, rule);
  for (const auto& [item, starts] : once) {
    for (std::size_t n = 0; n < starts.size(); ++n) {
      CHECK(again.at(item).at(n).at == starts[n].at); // the same seed is the same history
      if (n % 5 > 0) {
        const auto pause = [n](const std::vector<start>& x) {
          return duration_cast<std::chrono::seconds>(x.at(n).at - x.at(n - 1).at + 20ms);
        };
        CHECK(pause(other.at(item)) - pause(starts) <= 1s);
        CHECK(pause(starts) - pause(other.at(item)) <= 1s);
      }
    }
  }
  std::cout << "figure: retries: 24 of 24 pauses as their hash says, for the claim at most " << most_ms << " ms more\n";
}

TEST_CASE("a parked item stays parked on whichever node, and is released by a message") {
  cluster c{2};
  bool mended = false;
  std::map<item_id, int> runs;
  c.register_job(tracked("poll", {"bad", "good"}, aligned(1min)).park_item_after(3).run([&](job_context& ctx) {
    const auto& item = ctx.items().front().id;
    ++runs[item];
    if (item == "bad" && !mended) {
      throw permanent_failure("poison");
    }
  }));
  c.settle();
  c.advance(10min);
  CHECK(runs["bad"] == 3);
  CHECK(runs["good"] >= 9);
  const auto first = c.owner("poll", "bad");
  const auto st = djm::test::ask(c, first, get_job{"poll"});
  REQUIRE(st);
  REQUIRE(st->parked.size() == 1);
  CHECK(st->parked[0].what == "poison");
  CHECK(st->parked[0].failures == 3);
  CHECK(djm::test::ask(c, first, release_item{"poll", "good"}).error().code == errc::invalid_state);
  const auto past = djm::test::ask(c, first, get_history{"poll", "bad", {}, 10});
  REQUIRE(past);
  REQUIRE(past->runs.size() == 3);
  for (const auto& r : past->runs) {
    CHECK(r.outcome == run_outcome::failed_for_good);
    CHECK(r.slot);
  }

  c.crash(first);
  REQUIRE(c.run_until([&] { return !c.holder("poll", "bad").empty() && c.holder("poll", "bad") != first; }, 5min));
  c.advance(5min);
  CHECK(runs["bad"] == 3);
  const auto second = c.owner("poll", "bad");
  REQUIRE(second != first);
  CHECK(djm::test::ask(c, second, get_job{"poll"})->parked.size() == 1);
  mended = true;
  REQUIRE(djm::test::ask(c, second, release_item{"poll", "bad"}));
  c.advance(5min);
  CHECK(runs["bad"] >= 3 + 4);
  CHECK(runs["bad"] <= 3 + 6); // nothing of the time before
  CHECK(djm::test::ask(c, second, get_job{"poll"})->parked.empty());
  std::vector<bool> over;
  for (const auto& e : c.events_of<items_parked>(second)) {
    over.push_back(e.over);
  }
  CHECK(over == std::vector<bool>{false, true});
}

TEST_CASE("a job that operators pause starts nothing, and nothing of that time when it goes on") {
  cluster c{2};
  std::map<item_id, std::set<std::int64_t>> started;
  c.register_job(tracked("poll", numbered("i", 6), aligned(1min)).run([&](job_context& ctx) {
    CHECK(started[ctx.items().front().id].insert(slot_id(*ctx.slot())).second);
  }));
  c.settle();
  c.advance(5min);
  REQUIRE(djm::test::ask(c, "n0", pause_job{"poll"}));
  c.advance(5s);
  const auto before = started;
  c.advance(20min);
  CHECK(started == before);
  const auto resumed = c.now();
  REQUIRE(djm::test::ask(c, "n1", resume_job{"poll"}));
  c.advance(5min);
  for (const auto& [item, all] : started) {
    const auto since = all.size() - before.at(item).size();
    CHECK_MESSAGE(since >= 4, item);
    CHECK_MESSAGE(since <= 6, item);
    const auto gap = *std::next(all.find(*before.at(item).rbegin())) - *before.at(item).rbegin();
    CHECK_MESSAGE(gap >= 20 * 60'000, item);
  }
  CHECK(c.now() - resumed >= 5min);
}

TEST_CASE("a job that paused itself on its node goes on by a message, and says so") {
  cluster c{1};
  bool mended = false;
  int runs = 0;
  c.register_job(tracked("poll", {"a"}, aligned(1min)).pause_job_after(4).run([&](job_context&) {
    ++runs;
    if (!mended) {
      throw std::runtime_error("down");
    }
  }));
  c.settle();
  c.advance(10min);
  CHECK(runs == 4);
  CHECK(djm::test::ask(c, "n0", get_job{"poll"})->paused);
  mended = true;
  CHECK(djm::test::ask(c, "n0", resume_here{"poll"}));
  c.advance(5min);
  CHECK(runs >= 8);
  CHECK(runs <= 10);
  CHECK(djm::test::ask(c, "n0", resume_here{"poll"}).error().code == errc::invalid_state);
  const auto told = c.events_of<job_paused>();
  REQUIRE(told.size() == 2);
  CHECK_FALSE(told[0].over);
  CHECK(told[1].over);
}

TEST_CASE("a run that is cancelled by a message starts no more for its slot, not even after a crash") {
  cluster c{2};
  std::map<std::int64_t, int> started;
  c.register_job(tracked("work", {"a"}, aligned(1h)).retry(retry{}.attempts(5).first(1s)).run([&](job_context& ctx) {
    ++started[slot_id(*ctx.slot())];
    if (!ctx.sleep(30min)) {
      throw std::runtime_error("interrupted");
    }
  }));
  c.settle();
  REQUIRE(c.run_until([&] { return !c.running("work").empty(); }, 2h));
  c.advance(1s);
  const auto on = c.owner("work", "a");
  const auto st = djm::test::ask(c, on, get_job{"work"});
  REQUIRE(st);
  REQUIRE(st->runs.size() == 1);
  CHECK(djm::test::ask(c, on, cancel_run{"work", 4711}).error().code == errc::invalid_state);
  REQUIRE(djm::test::ask(c, on, cancel_run{"work", st->runs[0].run}));
  c.advance(10s);
  CHECK(c.running("work").empty());
  CHECK(djm::test::ask(c, on, get_job{"work"})->counters.cancelled == 1);
  CHECK(djm::test::ask(c, on, get_job{"work"})->counters.failed == 0);
  CHECK(djm::test::ask(c, on, get_history{"work", "a", run_outcome::cancelled, 10})->runs.size() == 1);
  c.crash(on);
  c.advance(20min);
  CHECK(started.size() == 1);
  CHECK(started.begin()->second == 1);
  c.advance(1h);
  CHECK(started.size() == 2);
}

TEST_CASE(
  "runs that never end delay nothing else: other items of their job, other jobs, their own next slots are told") {
  cluster_options o;
  o.nodes = 1;
  o.config.max_threads = 64;
  cluster c{o};
  duration latest{};
  auto names = numbered("endless-", 3);
  for (const auto& x : numbered("fine-", 3)) {
    names.push_back(x);
  }
  std::map<item_id, std::vector<duration>> starts;
  c.register_job(tracked("work", names, aligned(1min))
                   .overlap(djm::overlap::skip)
                   .run_timeout(90s)
                   .beat_timeout(30s)
                   .run([&](job_context& ctx) {
                     const auto& item = ctx.items().front().id;
                     starts[item].push_back(c.now());
                     for (int n = 0; item.str().rfind("endless-", 0) == 0; ++n) { // deaf, for ever
                       if (n < 30) {
                         ctx.beat();
                       }
                       spend(1s);
                     }
                   }));
  c.register_job(tracked("other", numbered("o-", 10), aligned(10s)).least_claim_gap(10s).run([&](job_context& ctx) {
    starts[ctx.items().front().id].push_back(c.now());
  }));
  c.settle();
  c.advance(30min);
  std::size_t looked_at = 0;
  for (const auto& [item, all] : starts) {
    if (item.str().rfind("endless-", 0) == 0) {
      CHECK_MESSAGE(all.size() == 1, item);
      continue;
    }
    const auto gap = item.str().rfind("fine-", 0) == 0 ? duration{1min} : duration{10s};
    CHECK_MESSAGE(all.size() >= static_cast<std::size_t>(30min / gap) - 2, item);
    for (std::size_t n = 1; n < all.size(); ++n) {
      const auto off = all[n] - all[n - 1] - gap;
      latest = std::max(latest, std::max(off, -off));
      ++looked_at;
    }
  }
  CHECK(latest <= 50ms); // the claims are written in that time
  const auto st = djm::test::ask(c, "n0", get_job{"work"});
  REQUIRE(st);
  CHECK(st->active_runs == 3);
  CHECK(st->counters.overruns == 3);
  CHECK(st->counters.timed_out == 3);
  for (const auto& r : st->runs) {
    CHECK(r.stopping == stop_reason::timed_out);
  }
  std::uint64_t told = 0;
  for (const auto& e : c.events_of<slots_skipped>()) {
    CHECK(e.item.str().rfind("endless-", 0) == 0);
    CHECK(e.reason == skip_reason::overlap);
    told += e.count;
  }
  CHECK(told >= 3 * 25);
  CHECK(c.events_of<run_overrun>().size() == 3);
  std::cout << "figure: beside three runs that never end: of " << looked_at << " starts of others none more than "
            << duration_cast<milliseconds>(latest).count() << " ms beside its slot, " << told
            << " slots of theirs told as overlapped\n";
}
