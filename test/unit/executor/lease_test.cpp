#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <cstdio>

#include "actors/executor/thread_executor.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

run_lease ends_at(time_point deadline, duration grace = duration::zero(), std::uint64_t session = 1) {
  return {session, deadline, hours{1}, grace};
}

/// How late a thread is that does nothing but wait for a moment.
duration lateness_of_a_bare_timer(time_point at) {
  duration late{};
  std::thread{[&] {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock<std::mutex> lock{mutex};
    wait_until(lock, never, at, milliseconds{100}, [] { return false; });
    late = boot_now() - at;
  }}.join();
  return late;
}

double ms(duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

/// User code that blocks until the end of the test.
class wall {
public:
  void stand() { open_.reaches(1); }
  void open() { open_.add(); }

private:
  counter open_;
};

struct slow_to_die {
  wall& w;
  counter& dying;
  ~slow_to_die() {
    dying.add();
    w.stand();
  }
};

} // namespace

TEST_CASE("lease: runs are asked to stop and waiting ones dropped, whatever else hangs on the executor") {
  auto w = std::make_shared<wall>();
  auto o = patient();
  o.max_threads = 3;
  o.log = [w](const log_record&) { w->stand(); };
  results ended, waiting;
  counter started, dying, hanging, asked;
  const auto deadline = boot_now() + milliseconds{700};
  {
    thread_executor exec{o};
    // Calls, stop callbacks, the log and the destructor of a job stand still.
    for (int i = 0; i < 20; ++i) {
      exec.call([&] {
        hanging.add();
        w->stand();
      });
    }
    exec.start(order(1,
                     [&](job_context& ctx) {
                       std::vector<stop_subscription> all;
                       for (int i = 0; i < 20; ++i) {
                         all.push_back(ctx.on_stop([&](stop_reason) {
                           hanging.add();
                           w->stand();
                         }));
                       }
                       started.add();
                       CHECK(ctx.wait_for_stop(hours{1}));
                       CHECK(ctx.reason() == stop_reason::lease_expiring);
                       asked.add();
                     }),
               ended.done());
    exec.start(
      order(2, [&, held = std::shared_ptr<slow_to_die>{new slow_to_die{*w, dying}}](job_context&) { started.add(); }),
      ended.done());
    exec.start(order(3,
                     [&](job_context& ctx) {
                       started.add();
                       CHECK(ctx.wait_for_stop(hours{1}));
                       asked.add();
                     }),
               ended.done());
    REQUIRE(started.reaches(3));
    exec.start(order(4, [&, held = std::shared_ptr<slow_to_die>{new slow_to_die{*w, dying}}](job_context&) {}),
               waiting.done());
    exec.renew_lease(ends_at(deadline));
    const auto bare = lateness_of_a_bare_timer(deadline);
    CHECK(asked.reaches(2));
    CHECK(eventually([&] { return exec.stats().lease_stops >= 3; }));
    const auto late = exec.stats().lease_stop_lateness;
    CHECK(late >= duration::zero());
    CHECK(late < seconds{30});
    std::printf(
      "figure: stop request at the end of a lease, all else hanging: %.1f ms late, a bare timer thread %.1f ms\n",
      ms(late), ms(bare));
    w->open();
    CHECK(waiting.reach(1));
    CHECK(ended.reach(3));
  }
  REQUIRE(waiting.all().size() == 1);
  CHECK(waiting.all()[0].dropped);
  CHECK(no_thread_left());
}

TEST_CASE("lease: nothing begins from its end on, until it is renewed") {
  thread_executor exec{patient()};
  results r;
  std::atomic<int> ran{0};
  const auto now = boot_now();
  exec.renew_lease(ends_at(now + hours{1}, hours{1}));
  exec.start(order(1, [&](job_context&) { ++ran; }), r.done());
  REQUIRE(r.reach(1));
  CHECK(r.all()[0].dropped);
  exec.renew_lease(ends_at(now + hours{2}, hours{1}));
  auto eager = order(2, [&](job_context&) { ++ran; });
  eager.stop_grace = hours{2}; // its own grace is longer than what is left
  exec.start(eager, r.done());
  REQUIRE(r.reach(2));
  CHECK(r.all()[1].dropped);
  CHECK(ran == 0);
  exec.start(order(3, [&](job_context&) { ++ran; }), r.done());
  REQUIRE(r.reach(3));
  CHECK_FALSE(r.all()[2].dropped);
  CHECK(ran == 1);
  CHECK(exec.stats().dropped == 2);
}

TEST_CASE("waiting: a job with thousands of runs does not keep another's waiting, and a full pool is told") {
  auto o = patient();
  o.max_threads = 1;
  o.waits_long = milliseconds{50};
  counter told, release;
  std::mutex mutex;
  std::string line;
  o.log = [&](const log_record& record) {
    std::lock_guard<std::mutex> guard{mutex};
    line = record.text;
    told.add();
  };
  results batch, heartbeat;
  thread_executor exec{o};
  exec.start(order(1, [&](job_context&) { release.reaches(1); }), batch.done());
  std::atomic<int> before{0};
  for (run_id id = 2; id <= 2000; ++id) {
    exec.start(order(id, [&](job_context&) { ++before; }), batch.done());
  }
  int seen = -1;
  exec.start(order(
               9999, [&](job_context&) { seen = before; }, "heartbeat"),
             heartbeat.done());
  REQUIRE(told.reaches(1));
  CHECK(exec.stats().longest_wait >= milliseconds{50});
  {
    std::lock_guard<std::mutex> guard{mutex};
    CHECK(line.find(" wait for a thread, the longest for ") != std::string::npos);
    CHECK(line.find("; all 1 (max_threads) are busy") != std::string::npos);
  }
  release.add();
  REQUIRE(heartbeat.reach(1));
  CHECK(seen <= 1);
  CHECK(heartbeat.all()[0].waited > duration::zero());
  CHECK(batch.reach(2000));
}

TEST_CASE("lease: the close of its session ends it sooner, before anybody has renewed it") {
  thread_executor exec{patient()};
  results r;
  counter started;
  exec.renew_lease({7, boot_now() + hours{5}, hours{-1}, duration::zero()});
  exec.start(order(1,
                   [&](job_context& ctx) {
                     started.add();
                     CHECK(ctx.wait_for_stop(hours{1}));
                     CHECK(ctx.reason() == stop_reason::lease_expiring);
                   }),
             r.done());
  REQUIRE(started.reaches(1));
  exec.session_ends(7, boot_now());
  CHECK(r.reach(1));
}

TEST_CASE("lease: a run that has not ended at the deadline is told as an overrun, once, others are not") {
  auto o = patient();
  counter overruns, release, started;
  std::vector<run_id> ids;
  o.overrun = [&](const running_info& r) {
    ids.push_back(r.id);
    overruns.add();
  };
  results r;
  {
    thread_executor exec{o};
    exec.start(order(1,
                     [&](job_context&) {
                       started.add();
                       release.reaches(1);
                     }),
               r.done());
    exec.start(order(2,
                     [&](job_context& ctx) {
                       started.add();
                       ctx.wait_for_stop();
                     }),
               r.done());
    REQUIRE(started.reaches(2));
    exec.renew_lease(ends_at(boot_now() + milliseconds{300}, milliseconds{300}));
    REQUIRE(r.reach(1)); // the obedient one
    REQUIRE(overruns.reaches(1));
    release.add();
    REQUIRE(r.reach(2));
  }
  CHECK(ids == std::vector<run_id>{1});
}
