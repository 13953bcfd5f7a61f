#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "actors/job_runner/rhythm.hpp"
#include "test/unit/cores/runner.hpp"

/// Schedules that survive restarts and moves.
using namespace djm;
using namespace djm::test;
using std::chrono::minutes;

namespace {

constexpr double hour = 3600;

/// A node with a wall clock of its own that holds one item for a while. Times are in seconds since the epoch.
struct holder {
  explicit holder(const schedule& s, double clock_error = 0, running_mode mode = running_mode::single_thread)
    : r(spec(s, mode)), error(clock_error) {}

  static job_spec spec(const schedule& s, running_mode mode) {
    auto x = runner::job(s);
    x.mode = mode;
    return x;
  }
  step now(double t) const { return {at(t), 7, std::llround((t + error) * 1000)}; }
  void starts(const job_runner_core::effects& fx, double t, std::vector<double>& all) {
    for (const auto& e : fx) {
      if (const auto* x = std::get_if<job_runner_core::start_run>(&e)) {
        all.push_back(t);
        auto more = r.core.on_run_done(x->id, {}, false, now(t));
        starts(more, t, all);
      }
    }
  }
  /// The moments at which it starts runs.
  std::vector<double> hold(double from, double to, const item_id& item = "a") {
    std::vector<double> all;
    starts(r.core.on_lease(at(9e9), at(9e9), now(from)), from, all);
    starts(r.core.on_granted({{item, 1}}, now(from)), from, all);
    go_on(from, to, all);
    return all;
  }
  void go_on(double from, double to, std::vector<double>& all) {
    for (double t = from; r.wakes() >= 0 && r.wakes() < to;) {
      t = std::max(t, r.wakes());
      // Doubles of this size are good for microseconds only: a little late rather than early.
      starts(r.core.on_wake(now(t + 0.002)), t, all);
    }
  }

  runner r;
  double error;
};

bool near(const std::vector<double>& all, double t) {
  return all.size() == 1 && std::abs(all.front() - t) < 0.01;
}

void append(std::vector<double>& all, const std::vector<double>& more) {
  all.insert(all.end(), more.begin(), more.end());
}

} // namespace

TEST_CASE("rhythm: the first moment at or after a time") {
  using std::chrono::seconds;
  CHECK(moment_from(seconds{0}, seconds{10}, seconds{3}) == seconds{3});
  CHECK(moment_from(seconds{3}, seconds{10}, seconds{3}) == seconds{3});
  CHECK(moment_from(seconds{4}, seconds{10}, seconds{3}) == seconds{13});
  CHECK(moment_from(seconds{1'700'000'000}, seconds{86400}, seconds{0}) == seconds{1'700'006'400});
  CHECK(since_epoch(-5) == duration::zero());
  CHECK(since_epoch(std::numeric_limits<std::int64_t>::max()) + max_schedule_duration + max_schedule_duration >
        since_epoch(std::numeric_limits<std::int64_t>::max()));
}

TEST_CASE("rhythm: phases are spread over the period, and stay what they are") {
  const auto day = schedule::fixed_rate(hours{24});
  CHECK(phase_of(day.at(hours{3}), "job", "item") == hours{3});
  CHECK(phase_of(day, "ab", "c") != phase_of(day, "a", "bc"));
  std::map<std::int64_t, int> buckets;
  for (int n = 0; n < 2400; ++n) {
    const auto p = phase_of(day, "job", item_id{"item-" + std::to_string(n)});
    CHECK(p >= duration::zero());
    CHECK(p < day.period);
    ++buckets[p / hours{1}];
  }
  CHECK(buckets.size() == 24);
  for (const auto& [h, n] : buckets) {
    CHECK(n > 60);
    CHECK(n < 150);
  }
}

TEST_CASE("rhythm: an item of a long interval runs once in each of its periods, however often its nodes restart") {
  for (const auto& s :
       {schedule::fixed_rate(hours{24}), schedule::fixed_delay(hours{24}), schedule::fixed_rate(hours{24}, hours{24}),
        schedule::fixed_delay(hours{24}, hours{7}), schedule::fixed_rate(hours{24}).at(hours{5})}) {
    for (double life : {0.7, 6.0, 20.0, 24.0, 31.0}) {
      std::vector<double> all;
      const double begin = 1.7e9;
      const double end = begin + 100 * 24 * hour;
      for (int n = 0; begin + n * life * hour < end; ++n) {
        const double t = begin + n * life * hour;
        append(all, holder{s}.hold(t, std::min(end, t + life * hour)));
      }
      CHECK(all.size() >= 99);
      CHECK(all.size() <= 101);
      for (std::size_t i = 1; i < all.size(); ++i) {
        CHECK(all[i] - all[i - 1] >= 23.9 * hour);
        CHECK(all[i] - all[i - 1] <= 48.1 * hour); // a delay may begin anew just before its next run
      }
    }
  }
}

TEST_CASE("rhythm: a moment at which nobody holds the item is skipped") {
  const auto s = schedule::fixed_rate(hours{1}).at(minutes{30});
  const double begin = 1.7e9 - std::fmod(1.7e9, hour);
  holder first{s};
  CHECK(first.hold(begin, begin + 0.45 * hour).empty());
  holder second{s};
  CHECK(near(second.hold(begin + 0.55 * hour, begin + 2 * hour), begin + 1.5 * hour));
}

TEST_CASE("rhythm: the items of a share start together, those with a run each at their own times") {
  const auto s = schedule::fixed_rate(hours{1});
  const double begin = 1.7e9;
  const auto one = holder{s}.hold(begin, begin + hour, "a");
  CHECK(holder{s}.hold(begin, begin + hour, "b") == one);
  const auto own = holder{s, 0, running_mode::thread_per_item}.hold(begin, begin + hour, "a");
  CHECK(holder{s, 0, running_mode::thread_per_item}.hold(begin + 60, begin + hour, "a") == own);
  CHECK(holder{s, 0, running_mode::thread_per_item}.hold(begin, begin + hour, "b") != own);
}

TEST_CASE("rhythm: below a minute the first run comes at once, unless a phase is given") {
  const double begin = 1.7e9;
  CHECK(near(holder{schedule::fixed_rate(seconds{59})}.hold(begin, begin + 1), begin));
  CHECK(near(holder{schedule::fixed_delay(seconds{59})}.hold(begin, begin + 1), begin));
  CHECK(near(holder{schedule::fixed_delay(seconds{20}, seconds{5})}.hold(begin, begin + 6), begin + 5));
  const auto on_grid = holder{schedule::fixed_rate(seconds{20}).at(seconds{7})}.hold(begin, begin + 60);
  REQUIRE(on_grid.size() == 3);
  CHECK(std::fmod(on_grid[0], 20) == doctest::Approx(7));
}

TEST_CASE("rhythm: a wall clock that is wrong makes a node early or late by as much, and no more") {
  const auto s = schedule::fixed_rate(hours{1}).at(minutes{0});
  const double begin = 1.7e9 - std::fmod(1.7e9, hour) + 600;
  CHECK(near(holder{s, 300}.hold(begin, begin + hour), begin - 600 + hour - 300));
  CHECK(near(holder{s, -300}.hold(begin, begin + hour), begin - 600 + hour + 300));
}

TEST_CASE(
  "rhythm: a wall clock that is set is followed at once; it neither repeats a moment nor puts one off without bound") {
  const auto s = schedule::fixed_rate(hours{1}).at(minutes{0});
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  for (double jump :
       {-10 * 365 * 24 * hour, -30 * hour, -1.2 * hour, -300.0, 300.0, 1.2 * hour, 30 * hour, 10 * 365 * 24 * hour}) {
    for (double when : {0.02, 0.3, 0.9, 0.98}) {
      holder h{s};
      auto all = h.hold(base + 0.5 * hour, base + hour + when * hour);
      REQUIRE(all.size() == 1);
      h.error += jump;
      const double t = base + hour + when * hour;
      h.starts(h.r.core.on_wake(h.now(t)), t, all);
      h.go_on(t, t + 20 * hour, all);
      for (std::size_t i = 1; i < all.size(); ++i) {
        CHECK(all[i] - all[i - 1] >= 0.5 * hour);
        CHECK(all[i] - all[i - 1] <= 1.5 * hour + 1);
      }
      CHECK(all.size() >= 19);
      CHECK(std::fmod(all.back() + h.error + 0.01, hour) < 1); // in the new rhythm
    }
  }
}

TEST_CASE("rhythm: a clock that runs faster than the wall's starts nothing before its moment") {
  runner r{runner::job(schedule::fixed_rate(hours{1}).at(minutes{0}))};
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  const auto now = [&](double wall) { return step{at(wall * 1.02), 7, std::llround(wall * 1000)}; };
  r.core.on_lease(at(9e9), at(9e9), now(base + 10));
  r.core.on_granted({{"a", 1}}, now(base + 10));
  double wall = base + 10;
  for (int n = 0; n < 1000; ++n) {
    wall = r.wakes() / 1.02 + 0.001;
    if (!r.take(r.core.on_wake(now(wall))).empty()) {
      break;
    }
  }
  CHECK(wall >= base + hour);
  CHECK(wall < base + hour + 1);
}

TEST_CASE("rhythm: a moment between two milliseconds is met exactly, where the wall clock is exact") {
  for (const int fraction : {1, 1'000, 999'999}) {
    for (const bool coarse : {false, true}) {
      runner r{runner::job(schedule::fixed_rate(hours{1}).at(minutes{1} + std::chrono::nanoseconds{fraction}))};
      const auto zero = at(0);
      const auto now = [&](time_point t) {
        const auto ms = std::chrono::floor<milliseconds>(t - zero);
        return step{t, 7, ms.count(), coarse ? duration::zero() : t - zero - ms};
      };
      r.core.on_lease(zero + hours{9}, zero + hours{9}, now(zero));
      r.core.on_granted({{"a", 1}}, now(zero));
      auto t = zero;
      int wakes = 0;
      do {
        REQUIRE(wakes < 20);
        ++wakes;
        t = r.core.wake_at().value();
      } while (first<job_runner_core::start_run>(r.core.on_wake(now(t))) == nullptr);
      const auto late = t - zero - minutes{1} - std::chrono::nanoseconds{fraction};
      CHECK(late >= duration::zero());
      CHECK(late <= (coarse ? duration{milliseconds{2}} : duration::zero()));
      CHECK((coarse || wakes == 1));
    }
  }
}

TEST_CASE("rhythm: missed moments of a rate are made up for once, and counted") {
  holder h{schedule::fixed_rate(hours{1}).at(minutes{0})};
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  h.r.core.on_lease(at(9e9), at(9e9), h.now(base + 10));
  h.r.core.on_granted({{"a", 1}}, h.now(base + 10));
  auto fx = h.r.core.on_wake(h.now(base + hour));
  REQUIRE(first<job_runner_core::start_run>(fx) != nullptr);
  const auto run = first<job_runner_core::start_run>(fx)->id;
  // The run goes on over three more of them.
  fx = h.r.core.on_run_done(run, {}, false, h.now(base + 4.5 * hour));
  REQUIRE(first<job_runner_core::start_run>(fx) != nullptr);
  CHECK(h.r.core.status(at(base + 4.5 * hour)).counters.skipped == 2);
  fx = h.r.core.on_run_done(first<job_runner_core::start_run>(fx)->id, {}, false, h.now(base + 4.6 * hour));
  CHECK(h.r.wakes() == doctest::Approx(base + 5 * hour));
}

TEST_CASE("rhythm: what joins a share after a moment has no part in a late start for it") {
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  for (const auto& s :
       {schedule::fixed_rate(hours{1}).at(minutes{0}), schedule::fixed_delay(hours{1}).at(minutes{0})}) {
    holder h{s};
    auto& core = h.r.core;
    const auto items = [](const job_runner_core::effects& fx) {
      std::vector<item_id> all;
      if (const auto* x = first<job_runner_core::start_run>(fx)) {
        for (const auto& w : x->items) {
          all.push_back(w.id);
        }
      }
      return all;
    };
    core.on_lease(at(base + 1000), at(base + 1005), h.now(base + 10));
    core.on_granted({{"a", 1}}, h.now(base + 10));
    // The lease is over at the moment. Another node runs b meanwhile, and loses it to this one.
    core.on_wake(h.now(base + hour));
    core.on_granted({{"b", 2}}, h.now(base + hour + 60));
    auto fx = core.on_lease(at(9e9), at(9e9), h.now(base + hour + 100));
    CHECK(items(fx) == std::vector<item_id>{"a"});
    // Both have the next one.
    core.on_run_done(first<job_runner_core::start_run>(fx)->id, {}, false, h.now(base + hour + 100));
    CHECK(h.r.wakes() == doctest::Approx(base + 2 * hour).epsilon(1e-7));
    fx = core.on_wake(h.now(base + 2 * hour + 101));
    CHECK(items(fx) == std::vector<item_id>{"a", "b"});
  }
}

TEST_CASE("rhythm: what joins a share after a moment of the grid has no part in it, by whoever's clock") {
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  holder h{schedule::fixed_rate(hours{1}).at(minutes{0})};
  auto& core = h.r.core;
  core.on_lease(at(9e9), at(9e9), h.now(base + 10));
  core.on_granted({{"a", 1}}, h.now(base + 10));
  // Until then our clock loses 50 ms: by the wall's the moment is over before our timer is due.
  h.error = 0.05;
  core.on_granted({{"b", 2}}, h.now(base + hour - 0.02));
  const auto fx = core.on_wake(h.now(base + hour + 0.002));
  const auto* run = first<job_runner_core::start_run>(fx);
  REQUIRE(run != nullptr);
  REQUIRE(run->items.size() == 1);
  CHECK(run->items[0].id == "a");
}

TEST_CASE("rhythm: a moment that is over for all who were held at it is skipped, and counted") {
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  for (const auto& s :
       {schedule::fixed_rate(hours{1}).at(minutes{0}), schedule::fixed_delay(hours{1}).at(minutes{0})}) {
    holder h{s};
    auto& core = h.r.core;
    core.on_lease(at(base + 1000), at(base + 1005), h.now(base + 10));
    core.on_granted({{"a", 1}}, h.now(base + 10));
    core.on_wake(h.now(base + hour));
    core.on_granted({{"b", 2}}, h.now(base + hour + 60));
    core.on_revoked({"a"}, stop_reason::revoked, h.now(base + hour + 61));
    const auto fx = core.on_lease(at(9e9), at(9e9), h.now(base + hour + 100));
    CHECK(first<job_runner_core::start_run>(fx) == nullptr);
    CHECK(h.r.wakes() == doctest::Approx(base + 2 * hour).epsilon(1e-7));
    CHECK(core.status(at(base + hour + 100)).counters.skipped == (s.kind == schedule_kind::fixed_rate ? 1 : 0));
    CHECK(first<job_runner_core::start_run>(core.on_wake(h.now(base + 2 * hour + 1))) != nullptr);
  }
}

TEST_CASE("rhythm: another long schedule starts at its own next moment") {
  holder h{schedule::fixed_rate(hours{24}).at(minutes{0})};
  const double base = 1.7e9 - std::fmod(1.7e9, hour);
  h.hold(base + 10, base + 11);
  auto fx = h.r.core.on_schedule(schedule::fixed_rate(hours{1}).at(minutes{10}), h.now(base + 20));
  CHECK(h.r.wakes() == doctest::Approx(base + 600));
  fx = h.r.core.on_schedule(schedule::fixed_delay(hours{2}).at(minutes{20}), h.now(base + 30));
  CHECK(std::fmod(h.r.wakes(), 2 * hour) == doctest::Approx(1200));
}
