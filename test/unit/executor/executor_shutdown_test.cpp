#include <doctest/doctest.h>

#include <atomic>

#include "actors/executor/thread_executor.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;

namespace {

executor_options impatient() {
  executor_options o;
  o.patience = duration::zero();
  return o;
}

/// What user code that may outlive the test refers to.
struct stubborn {
  counter started, release, ended;
};

} // namespace

TEST_CASE("shutdown: asks runs to stop, waits for them, drops the waiting, refuses new ones") {
  auto o = patient();
  o.max_threads = 1;
  counter started;
  results obedient, waiting, refused;
  thread_executor exec{o};
  exec.start(order(1,
                   [&](job_context& ctx) {
                     started.add();
                     CHECK(ctx.wait_for_stop(hours{1}));
                     CHECK(ctx.reason() == stop_reason::shutdown);
                     exec.start(order(3, [](auto&) {}), refused.done());
                     CHECK(refused.reach(1));
                   }),
             obedient.done());
  REQUIRE(started.reaches(1));
  exec.start(order(2, [](auto&) {}), waiting.done());
  CHECK(exec.shutdown(far()).empty());
  CHECK(obedient.all().size() == 1);
  REQUIRE(waiting.all().size() == 1);
  CHECK(waiting.all()[0].dropped);
  REQUIRE(refused.all().size() == 1);
  CHECK(refused.all()[0].failure == "run 3 of job 'mail' refused: the executor has been shut down");
  CHECK(exec.running({}).empty());
  CHECK(exec.stats().threads == 0);
  CHECK(exec.stats().reserved_threads == 0);
}

TEST_CASE("shutdown: nothing that waits begins while it is dropped, however long that takes") {
  auto o = patient();
  o.max_threads = 1;
  counter started;
  std::atomic<int> began{0};
  results obedient, waiting;
  thread_executor exec{o};
  exec.start(order(1,
                   [&](job_context& ctx) {
                     started.add();
                     CHECK(ctx.wait_for_stop(hours{1}));
                   }),
             obedient.done());
  REQUIRE(started.reaches(1));
  constexpr run_id many = 3000;
  for (run_id id = 2; id < 2 + many; ++id) {
    exec.start(order(id, [&](auto&) { ++began; }), waiting.done());
  }
  CHECK(exec.shutdown(far()).empty());
  CHECK(began == 0);
  CHECK(waiting.all().size() == many);
}

TEST_CASE("shutdown: everything after it is a no-op that lets go of what it was given") {
  thread_executor exec{patient()};
  exec.shutdown(far());
  auto handle = std::make_shared<int>(0);
  exec.start(order(1, [handle](auto&) {}), [handle](const run_result&) {});
  exec.call([handle] {});
  exec.request_stop(1, stop_reason::shutdown, {});
  exec.adopt("mail", [handle](const run_result&) {});
  CHECK(handle.use_count() == 1);
  CHECK(exec.running({}).empty());
  CHECK(exec.next_run_id() != 0);
  CHECK(exec.shutdown(far()).empty());
}

TEST_CASE("shutdown: a run that never ends is returned, left to itself, and its done let go without a call") {
  auto s = std::make_shared<stubborn>();
  auto handle = std::make_shared<int>(0);
  results r;
  std::weak_ptr<djm::job> code;
  {
    thread_executor exec{impatient()};
    auto o = order(5,
                   [s](job_context& ctx) {
                     auto subscription = ctx.on_stop([s](stop_reason) {});
                     s->started.add();
                     s->release.reaches(1);
                     CHECK(ctx.wait_for_stop(hours{1}));
                     s->ended.add();
                   },
                   "mail", {{"a", 17}});
    code = o.code;
    exec.start(std::move(o), [handle, done = r.done()](const run_result& x) { done(x); });
    REQUIRE(s->started.reaches(1));
    auto left = exec.shutdown(boot_now());
    REQUIRE(left.runs.size() == 1);
    CHECK(left.runs[0].id == 5);
    CHECK(left.runs[0].job == "mail");
    CHECK(left.runs[0].started);
    CHECK(left.runs[0].items == std::vector<work_item>{{"a", 17}});
    CHECK(handle.use_count() == 1);
    CHECK(exec.running("mail").size() == 1);
    CHECK(exec.shutdown(far()).runs.size() == 1);
  }
  // The executor is gone; the run goes on with its context and ends in peace.
  CHECK_FALSE(code.expired());
  s->release.add();
  CHECK(s->ended.reaches(1));
  CHECK(eventually([&] { return code.expired(); }));
  CHECK(r.all().empty());
}

TEST_CASE("shutdown: a call and a stop callback that hang are left behind, counted and muted") {
  auto s = std::make_shared<stubborn>();
  auto log_handle = std::make_shared<int>(0);
  counter logged;
  auto o = impatient();
  o.log = [&logged, log_handle](const log_record&) { logged.add(); };
  {
    thread_executor exec{o};
    o.log = nullptr;
    exec.call([s] {
      s->started.add();
      s->release.reaches(1);
      s->ended.add();
      throw 42;
    });
    exec.start(order(1,
                     [s](job_context& ctx) {
                       auto subscription = ctx.on_stop([s](stop_reason) {
                         s->started.add();
                         s->release.reaches(1);
                         s->ended.add();
                         throw 42;
                       });
                       s->started.add();
                       s->release.reaches(1);
                     }),
               nullptr);
    REQUIRE(s->started.reaches(2));
    exec.request_stop(1, stop_reason::disabled, {});
    REQUIRE(s->started.reaches(3));
    auto left = exec.shutdown(boot_now());
    CHECK(left.calls == 2);
    CHECK(left.runs.size() == 1);
    CHECK(log_handle.use_count() == 1);
  }
  s->release.add();
  CHECK(s->ended.reaches(2));
  CHECK(eventually([&] { return s.use_count() == 1; }));
  CHECK(logged.value() == 0);
}

TEST_CASE("shutdown: a waiting call is destroyed, never made") {
  auto o = impatient();
  o.reserved_threads = o.max_reserved_threads = 1;
  auto s = std::make_shared<stubborn>();
  auto handle = std::make_shared<int>(0);
  thread_executor exec{o};
  exec.call([s] {
    s->started.add();
    s->release.reaches(1);
  });
  REQUIRE(s->started.reaches(1));
  exec.call([handle] { FAIL("made"); });
  CHECK(exec.shutdown(boot_now()).calls == 1);
  CHECK(handle.use_count() == 1);
  s->release.add();
  CHECK(eventually([&] { return s.use_count() == 1; }));
}

TEST_CASE("shutdown: a second request brings the deadline forward and returns the same") {
  auto s = std::make_shared<stubborn>();
  counter asked;
  thread_executor exec{impatient()};
  exec.start(order(1,
                   [s, &asked](job_context& ctx) {
                     s->started.add();
                     ctx.wait_for_stop(hours{1});
                     asked.add();
                     s->release.reaches(1);
                   }),
             nullptr);
  REQUIRE(s->started.reaches(1));
  executor_leftovers patient;
  std::thread first{[&] { patient = exec.shutdown(boot_now() + hours{10}); }};
  REQUIRE(asked.reaches(1));
  auto hurried = exec.shutdown(boot_now());
  first.join();
  CHECK(hurried.runs.size() == 1);
  CHECK(patient.runs.size() == 1);
  s->release.add();
  CHECK(eventually([&] { return s.use_count() == 1; }));
}

TEST_CASE("shutdown: no done is under way when it returns") {
  for (int round = 0; round < 50; ++round) {
    auto exec = std::make_unique<thread_executor>(impatient());
    auto flag = std::make_unique<std::atomic<int>>(0); // what a done that came late would write to
    for (int i = 0; i < 4; ++i) {
      exec->start(order(exec->next_run_id(), [](auto&) {}), [&](const run_result&) { ++*flag; });
    }
    exec->shutdown(boot_now());
    flag.reset();
    exec.reset();
  }
}

TEST_CASE("shutdown: waits for a done under way on a foreign thread, whatever the deadline") {
  int told = 0; // unsynchronised: shutdown orders it
  counter started, inside, release;
  auto o = patient();
  o.max_threads = 1;
  thread_executor exec{o};
  exec.start(order(1,
                   [&](job_context& ctx) {
                     started.add();
                     ctx.wait_for_stop(hours{1});
                   }),
             nullptr);
  REQUIRE(started.reaches(1));
  exec.start(order(2, [](auto&) {}), [&](const run_result& r) {
    CHECK(r.dropped);
    inside.add();
    release.reaches(1);
    told = 1;
  });
  std::thread stopper{[&] { exec.request_stop(2, stop_reason::disabled, {}); }};
  REQUIRE(inside.reaches(1));
  std::thread releaser{[&] {
    CHECK(eventually([&] { return exec.running({}).empty(); })); // run 1 has seen that shutdown is on
    release.add();
  }};
  exec.shutdown(boot_now());
  CHECK(told == 1);
  releaser.join();
  stopper.join();
}

TEST_CASE("shutdown: runs, dones and calls that ask for it while it waits for them do not block it") {
  counter started, calling;
  thread_executor exec{patient()};
  exec.call([&] {
    started.add();
    calling.reaches(1);
    exec.shutdown(boot_now() + hours{1});
  });
  exec.start(order(1,
                   [&](job_context& ctx) {
                     started.add();
                     ctx.wait_for_stop(hours{1});
                     calling.add();
                     exec.shutdown(boot_now() + hours{1});
                   }),
             [&](const run_result&) { exec.shutdown(boot_now() + hours{1}); });
  REQUIRE(started.reaches(2));
  CHECK(exec.shutdown(boot_now() + hours{1}).empty());
}

TEST_CASE("shutdown: a run, a done, a call and a stop callback may destroy their executor") {
  for (int where = 0; where < 4; ++where) {
    CAPTURE(where);
    auto exec = std::make_shared<thread_executor>(impatient());
    counter go, gone, started;
    auto destroy = [&] {
      go.reaches(1);
      exec = nullptr;
      gone.add();
    };
    auto finished = std::make_shared<counter>();
    switch (where) {
    case 0: exec->start(order(1, [&](auto&) { destroy(); }), nullptr); break;
    case 1: exec->start(order(1, [](auto&) {}), [&](const run_result&) { destroy(); }); break;
    case 2: exec->call(destroy); break;
    default:
      exec->start(order(1,
                        [&, finished](job_context& ctx) {
                          auto subscription = ctx.on_stop([&](stop_reason) { destroy(); });
                          started.add();
                          finished->reaches(1);
                        }),
                  nullptr);
      // The run is not obedient, so that its callback is what outlives the executor.
      REQUIRE(started.reaches(1));
      exec->request_stop(1, stop_reason::disabled, {});
      break;
    }
    go.add();
    CHECK(gone.reaches(1));
    finished->add();
    CHECK(no_thread_left());
  }
}

TEST_CASE("shutdown: 200 executors leave the number of threads as it was") {
  for (int i = 0; i < 200; ++i) {
    results r;
    thread_executor exec{patient()};
    for (int j = 0; j < 3; ++j) {
      exec.start(order(exec.next_run_id(), [](job_context& ctx) { ctx.wait_for_stop(hours{1}); }), r.done());
    }
    exec.call([] {});
    if (i % 2 == 0) {
      CHECK(exec.shutdown(far()).empty());
    }
  }
  CHECK(no_thread_left());
}
