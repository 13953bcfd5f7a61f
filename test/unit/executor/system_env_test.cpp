#include "actors/env/system_env.hpp"

#include <doctest/doctest.h>

#include <time.h>

#include <set>
#include <stdexcept>

#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

struct no_store final : store::session_factory {
  expected<std::unique_ptr<store::session_port>> open(const store::session_options&, store::event_sink) override {
    return nullptr;
  }
};

system_env_options env_options() {
  system_env_options o;
  o.node = "n1";
  o.sessions = std::make_shared<no_store>();
  o.log = [](const log_record&) {};
  o.threads = patient();
  return o;
}

} // namespace

TEST_CASE("env: now is the boot clock and never goes back, wall_now the calendar") {
  system_env env{env_options()};
  timespec boot{};
  clock_gettime(CLOCK_BOOTTIME, &boot);
  auto first = env.now();
  CHECK(first.time_since_epoch() >= seconds{boot.tv_sec});
  CHECK(first.time_since_epoch() < seconds{boot.tv_sec} + patience);
  CHECK(env.now() >= first);
  auto wall = std::chrono::system_clock::now();
  CHECK(env.wall_now() >= std::chrono::time_point_cast<milliseconds>(wall) - patience);
  CHECK(env.wall_now() <= wall + patience);
}

TEST_CASE("env: random repeats with a seed and differs without") {
  auto o = env_options();
  o.seed = 42;
  system_env one{o}, two{o};
  // SplitMix64 with seed 42.
  CHECK(one.random() == 13679457532755275413u);
  two.random();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    auto x = one.random();
    CHECK(x == two.random());
    seen.insert(x);
  }
  CHECK(seen.size() == 1000);
  system_env three{env_options()}, four{env_options()};
  CHECK(three.random() != four.random());
}

TEST_CASE("env: a missing session factory is refused with a text that names it") {
  auto o = env_options();
  auto factory = o.sessions;
  {
    system_env env{o};
    CHECK(&env.sessions() == factory.get());
  }
  o.sessions = nullptr;
  CHECK_THROWS_WITH_AS(system_env{o}, "system_env: options.sessions is null; a session factory is needed",
                       std::invalid_argument);
}

TEST_CASE("env: timers fire and can be cancelled") {
  counter fired;
  system_env env{env_options()};
  auto id = env.arm(env.now() + hours{1}, [] { FAIL("cancelled"); });
  env.arm(env.now(), [&] { fired.add(); });
  CHECK(fired.reaches(1));
  env.cancel(id);
}

TEST_CASE("env: the log sink gets every record, with the node's name filled in, and may throw") {
  auto o = env_options();
  std::mutex mutex;
  std::vector<log_record> log;
  counter logged;
  o.log = [&](const log_record& r) {
    {
      std::lock_guard<std::mutex> guard{mutex};
      log.push_back(r);
    }
    logged.add();
    throw std::runtime_error{"disk full"};
  };
  system_env env{o};
  env.log({log_level::info, "", "worker", "hello", {{"items", "3"}}});
  env.log({log_level::info, "n2", "worker", "hello", {}});
  env.exec().call([] { throw std::runtime_error{"no pool"}; });
  REQUIRE(logged.reaches(3));
  env.arm(env.now(), [] { throw std::runtime_error{"spring broke"}; });
  REQUIRE(logged.reaches(4));
  std::lock_guard<std::mutex> guard{mutex};
  CHECK(log[0].node == "n1");
  CHECK(log[0].fields.size() == 1);
  CHECK(log[1].node == "n2");
  CHECK(log[2].node == "n1");
  CHECK(log[2].component == "executor");
  CHECK(log[3].component == "timer");
  CHECK(log[3].text == "a timer threw: spring broke");
}

TEST_CASE("env: after shutdown timers are no-ops and the executor refuses") {
  system_env env{env_options()};
  auto owned = std::make_shared<int>(0);
  env.arm(env.now() + hours{1}, [owned] {});
  CHECK(env.shutdown(far()).empty());
  CHECK(owned.use_count() == 1);
  auto id = env.arm(env.now(), [owned] { FAIL("after shutdown"); });
  CHECK(id != 0);
  env.cancel(id);
  env.exec().start(order(1, [](auto&) { FAIL("after shutdown"); }), nullptr);
  env.log({});
  CHECK(owned.use_count() == 1);
  CHECK(env.shutdown(far()).empty());
}

TEST_CASE("env: close returns at once and tells when nothing more will be called; done may destroy the environment") {
  counter asked, release, closed;
  auto owned = std::make_shared<int>(0);
  auto env = std::make_shared<system_env>(env_options());
  env->arm(env->now() + hours{1}, [owned] {});
  env->exec().start(order(1,
                          [&](job_context& ctx) {
                            ctx.wait_for_stop(hours{1});
                            asked.add();
                            release.reaches(1);
                          }),
                    [owned](const run_result&) {});
  std::weak_ptr<system_env> weak = env;
  env->close([&, env]() mutable {
    CHECK(owned.use_count() == 1);
    CHECK(env->exec().running({}).empty());
    env = nullptr;
    closed.add();
  });
  CHECK(closed.value() == 0);
  env = nullptr;
  release.add();
  CHECK(closed.reaches(1));
  CHECK(weak.expired());
  CHECK(no_thread_left());
}

TEST_CASE("env: destruction while closing waits, and done is still called") {
  counter closed, release;
  {
    system_env env{env_options()};
    env.exec().start(order(1, [&](job_context& ctx) { ctx.wait_for_stop(hours{1}); }), nullptr);
    env.arm(env.now(), [&] { release.add(); });
    CHECK(release.reaches(1));
    env.close([&] { closed.add(); });
  }
  CHECK(closed.reaches(1));
  CHECK(no_thread_left());
}

TEST_CASE("env: close says which runs it left behind") {
  auto release = std::make_shared<counter>();
  auto started = std::make_shared<counter>();
  auto o = env_options();
  o.threads.patience = duration::zero();
  std::vector<std::string> log;
  o.log = [&](const log_record& r) { log.push_back(r.text); };
  counter closed;
  system_env env{o};
  env.exec().start(order(7,
                         [release, started](auto&) {
                           started->add();
                           release->reaches(1);
                         }),
                   nullptr);
  REQUIRE(started->reaches(1));
  env.close([&] { closed.add(); });
  REQUIRE(closed.reaches(1));
  CHECK(log == std::vector<std::string>{"run 7 of job 'mail' did not end and is left behind; items: 1"});
  release->add();
  CHECK(eventually([&] { return release.use_count() == 1; }));
}

TEST_CASE("env: a timer and a run may destroy their environment") {
  for (bool by_timer : {true, false}) {
    auto env = std::make_shared<system_env>(env_options());
    counter go, gone;
    auto destroy = [&] {
      go.reaches(1);
      env = nullptr;
      gone.add();
    };
    if (by_timer) {
      env->arm(env->now(), destroy);
    } else {
      env->exec().start(order(1, [&](auto&) { destroy(); }), nullptr);
    }
    go.add();
    CHECK(gone.reaches(1));
    CHECK(no_thread_left());
  }
}

TEST_CASE("env: 200 environments, several at a time, leave the number of threads as it was") {
  for (int i = 0; i < 100; ++i) {
    system_env one{env_options()}, two{env_options()};
    results r;
    one.exec().start(order(1, [](job_context& ctx) { ctx.wait_for_stop(hours{1}); }), r.done());
    two.arm(two.now(), [&] { one.exec().request_stop(1, stop_reason::disabled, {}); });
    CHECK(r.reach(1));
    one.arm(one.now() + hours{1}, [] {});
  }
  CHECK(no_thread_left());
}
