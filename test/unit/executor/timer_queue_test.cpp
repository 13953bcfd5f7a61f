#include "actors/env/timer_queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <random>
#include <set>
#include <stdexcept>

#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

timer_queue::report_fn silent() {
  return [](const std::string&) {};
}

} // namespace

TEST_CASE("timers: fire once, not before their time, not within arm") {
  counter fired;
  timer_queue timers{silent()};
  auto due = boot_now() + milliseconds{20};
  time_point seen;
  std::thread::id where;
  auto id = timers.arm(due, [&] {
    seen = boot_now();
    where = std::this_thread::get_id();
    fired.add();
  });
  CHECK(id != 0);
  REQUIRE(fired.reaches(1));
  CHECK(seen >= due);
  CHECK(where != std::this_thread::get_id());
  CHECK(timers.pending() == 0);
  timers.stop();
  CHECK(fired.value() == 1);
}

TEST_CASE("timers: times in the past fire at once, the far future does not") {
  counter fired;
  timer_queue timers{silent()};
  timers.arm(time_point::max(), [] { FAIL("the end of time"); });
  timers.arm(boot_now() + hours{10000}, [] { FAIL("too early"); });
  timers.arm(time_point::min(), [&] { fired.add(); });
  timers.arm(boot_now() - hours{1}, [&] { fired.add(); });
  CHECK(fired.reaches(2));
  CHECK(timers.pending() == 2);
}

TEST_CASE("timers: fire in order of their time, equal ones in order of arming") {
  counter hold, fired;
  timer_queue timers{silent()};
  timers.arm(time_point{}, [&] { hold.reaches(1); });
  std::vector<int> order;
  auto base = boot_now();
  auto arm = [&](int n, duration after) {
    timers.arm(base + after, [&, n] {
      order.push_back(n);
      fired.add();
    });
  };
  arm(3, microseconds{2});
  arm(1, microseconds{1});
  arm(4, microseconds{2});
  arm(0, microseconds{0});
  arm(2, microseconds{1});
  arm(5, microseconds{2});
  hold.add();
  REQUIRE(fired.reaches(6));
  CHECK(order == std::vector<int>{0, 1, 2, 3, 4, 5});
}

TEST_CASE("timers: a cancelled timer does not start to fire and is let go; unknown ids are ignored") {
  timer_queue timers{silent()};
  auto owned = std::make_shared<int>(0);
  auto id = timers.arm(boot_now() + hours{1}, [owned] {});
  CHECK(owned.use_count() == 2);
  timers.cancel(id);
  CHECK(owned.use_count() == 1);
  CHECK(timers.pending() == 0);
  timers.cancel(id);
  timers.cancel(0);
  timers.cancel(4711);
  // Due, but another one is firing: still cancellable.
  counter inside, release, after;
  timers.arm(time_point{}, [&] {
    inside.add();
    release.reaches(1);
  });
  REQUIRE(inside.reaches(1));
  auto victim = timers.arm(time_point{}, [] { FAIL("cancelled"); });
  timers.arm(time_point{}, [&] { after.add(); });
  timers.cancel(victim);
  release.add();
  CHECK(after.reaches(1));
}

TEST_CASE("timers: cancel does not wait for the timer that is firing") {
  counter inside, release;
  timer_queue timers{silent()};
  auto id = timers.arm(time_point{}, [&] {
    inside.add();
    release.reaches(1);
  });
  REQUIRE(inside.reaches(1));
  timers.cancel(id);
  release.add();
}

TEST_CASE("timers: a timer may arm and cancel, also itself") {
  counter fired;
  std::atomic<timer_id> self{0};
  counter armed;
  timer_queue timers{silent()};
  self = timers.arm(time_point{}, [&] {
    armed.reaches(1);
    timers.cancel(self);
    auto other = timers.arm(boot_now() + hours{1}, [] { FAIL("cancelled"); });
    timers.cancel(other);
    timers.arm(boot_now(), [&] { fired.add(); });
  });
  armed.add();
  CHECK(fired.reaches(1));
  CHECK(timers.pending() == 0);
}

TEST_CASE("timers: an earlier timer armed later does not wait for the later one") {
  counter fired;
  timer_queue timers{silent()};
  timers.arm(boot_now() + hours{1}, [] { FAIL("too early"); });
  timers.arm(boot_now() + milliseconds{1}, [&] { fired.add(); });
  CHECK(fired.reaches(1));
}

TEST_CASE("timers: what a timer throws is contained and reported") {
  std::vector<std::string> reports;
  counter fired;
  timer_queue timers{[&](const std::string& text) { reports.push_back(text); }};
  timers.arm(time_point{}, [] { throw std::runtime_error{"spring broke"}; });
  timers.arm(time_point{} + microseconds{1}, [] { throw 42; });
  timers.arm(boot_now(), [&] { fired.add(); });
  REQUIRE(fired.reaches(1));
  CHECK(reports == std::vector<std::string>{"a timer threw: spring broke", "a timer threw: exception of type int"});
}

TEST_CASE("timers: stop lets go of all timers; arm and cancel are no-ops afterwards") {
  timer_queue timers{silent()};
  auto owned = std::make_shared<int>(0);
  auto early = timers.arm(boot_now() + hours{1}, [owned] {});
  timers.stop();
  CHECK(owned.use_count() == 1);
  auto late = timers.arm(time_point{}, [owned] { FAIL("after stop"); });
  CHECK(late != 0);
  CHECK(late != early);
  CHECK(owned.use_count() == 1);
  timers.cancel(early);
  timers.cancel(late);
  timers.stop();
}

TEST_CASE("timers: stop waits for the timer that is firing") {
  int value = 0; // unsynchronised: stop orders it
  {
    counter inside;
    timer_queue timers{silent()};
    timers.arm(time_point{}, [&] {
      inside.add();
      std::this_thread::yield();
      value = 1;
    });
    REQUIRE(inside.reaches(1));
  }
  CHECK(value == 1);
}

TEST_CASE("timers: concurrent stops all wait for the timer that is firing") {
  int value = 0; // unsynchronised: each stop orders it
  counter inside, release;
  timer_queue timers{silent()};
  timers.arm(time_point{}, [&] {
    inside.add();
    release.reaches(1);
    value = 1;
  });
  REQUIRE(inside.reaches(1));
  std::vector<std::thread> stoppers;
  for (int i = 0; i < 3; ++i) {
    stoppers.emplace_back([&] {
      timers.stop();
      CHECK(value == 1);
    });
  }
  release.add();
  for (auto& t : stoppers) {
    t.join();
  }
}

TEST_CASE("timers: a timer may destroy its queue") {
  auto timers = std::make_unique<timer_queue>(silent());
  counter go, gone;
  auto owned = std::make_shared<int>(0);
  timers->arm(time_point{}, [&, owned] {
    go.reaches(1);
    timers = nullptr;
    gone.add();
  });
  timers->arm(boot_now(), [owned] { FAIL("after destruction"); });
  go.add();
  CHECK(gone.reaches(1));
  CHECK(no_thread_left());
  CHECK(owned.use_count() == 1);
}

TEST_CASE(
  "timers: stress of arming and cancelling from many threads; every timer fires or was cancelled, never both late") {
  constexpr int clients = 4;
  constexpr int each = 2000;
  auto seed = std::random_device{}();
  MESSAGE("seed ", seed);
  std::atomic<int> fired{0}, kept{0}, double_fired{0}, early{0};
  std::vector<std::thread> threads;
  timer_queue timers{silent()};
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&, c] {
      std::mt19937 rng{seed + static_cast<unsigned>(c)};
      for (int i = 0; i < each; ++i) {
        auto count = std::make_shared<std::atomic<int>>(0);
        auto due = boot_now() + microseconds{rng() % 500};
        auto id = timers.arm(due, [&, count, due] {
          if (boot_now() < due) {
            ++early;
          }
          if (++*count > 1) {
            ++double_fired;
          }
          ++fired;
        });
        if (rng() % 2 == 0) {
          timers.cancel(id);
          // It fires before cancel returns, or is firing at this moment, or never.
        } else {
          ++kept;
        }
      }
    });
  }
  for (auto& t : threads) {
    t.join();
  }
  CHECK(eventually([&] { return timers.pending() == 0 && fired >= kept; }));
  timers.stop();
  CHECK(fired >= kept);
  CHECK(fired <= clients * each);
  CHECK(double_fired == 0);
  CHECK(early == 0);
}
