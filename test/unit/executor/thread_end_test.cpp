#include <doctest/doctest.h>

#include <pthread.h>

#include "actors/executor/thread_executor.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;

namespace {

/// ThreadSanitizer follows no thread that unwinds because of pthread_exit or cancellation: what it locks from then on
/// does not count, and the plainest counter behind a mutex is reported.
#ifdef __SANITIZE_THREAD__
constexpr bool is_not_followed = true;
#else
constexpr bool is_not_followed = false;
#endif

} // namespace

TEST_CASE("thread end: a run that ends its thread counts as failed, is named, and the pool goes on" *
          doctest::skip(is_not_followed)) {
  results r;
  {
    auto o = patient();
    o.max_threads = 1;
    thread_executor exec{o};
    exec.start(order(1, [](job_context&) { pthread_exit(nullptr); }), r.done());
    exec.start(order(2, [](job_context&) {}), r.done());
    REQUIRE(r.reach(2));
    CHECK(exec.stats().failed == 1);
    CHECK(exec.running({}).empty());
  }
  CHECK(r.all()[0].id == 1);
  CHECK(r.all()[0].failed);
  CHECK(r.all()[0].failure == "its thread was ended (pthread_exit or cancellation)");
  CHECK_FALSE(r.all()[1].failed);
  CHECK(no_thread_left());
}

TEST_CASE(
  "thread end: cancellation within a run is passed on, what is on its stack is destroyed, callbacks are waited for" *
  doctest::skip(is_not_followed)) {
  results r;
  counter started;
  auto held = std::make_shared<int>(0);
  pthread_t thread{};
  {
    thread_executor exec{patient()};
    exec.start(order(1,
                     [&, copy = held](job_context& ctx) {
                       const std::vector<std::shared_ptr<int>> on_stack(1, copy);
                       const auto subscription = ctx.on_stop([copy](stop_reason) {});
                       thread = pthread_self();
                       started.add();
                       for (;;) {
                         pause(); // a cancellation point
                       }
                     }),
               r.done());
    REQUIRE(started.reaches(1));
    pthread_cancel(thread);
    REQUIRE(r.reach(1));
  }
  CHECK(r.all()[0].failed);
  CHECK(held.use_count() == 1);
  CHECK(no_thread_left());
}

TEST_CASE("thread end: calls and stop callbacks that end their thread leave the others theirs" *
          doctest::skip(is_not_followed)) {
  results r;
  counter called, started;
  std::mutex mutex;
  std::vector<std::string> lines;
  {
    auto o = patient();
    o.reserved_threads = o.max_reserved_threads = 1;
    o.log = [&](const log_record& record) {
      std::lock_guard<std::mutex> guard{mutex};
      lines.push_back(record.text);
    };
    thread_executor exec{o};
    exec.call([] { pthread_exit(nullptr); });
    exec.call([&] { called.add(); });
    CHECK(called.reaches(1));
    exec.start(order(1,
                     [&](job_context& ctx) {
                       const auto one = ctx.on_stop([](stop_reason) { pthread_exit(nullptr); });
                       const auto two = ctx.on_stop([&](stop_reason) { called.add(); });
                       started.add();
                       CHECK(ctx.wait_for_stop(hours{1}));
                       CHECK(called.reaches(2));
                     }),
               r.done());
    REQUIRE(started.reaches(1));
    exec.request_stop(1, stop_reason::revoked, {});
    CHECK(r.reach(1));
  }
  std::lock_guard<std::mutex> guard{mutex};
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "a call of user code has ended its thread (pthread_exit or cancellation)");
  CHECK(lines[1] == "a stop callback of run 1 of job mail ended its thread");
}
