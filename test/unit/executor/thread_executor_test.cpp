#include "actors/executor/thread_executor.hpp"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>

#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;

namespace {

// Executors are declared last, so that they wait for the runs that use what was declared before.
executor_options with_threads(std::uint32_t n) {
  auto o = patient();
  o.max_threads = n;
  return o;
}

} // namespace

TEST_CASE("executor: run ids are never 0 and never repeat") {
  std::set<run_id> ids;
  thread_executor exec{patient()};
  for (int i = 0; i < 1000; ++i) {
    ids.insert(exec.next_run_id());
  }
  CHECK(ids.size() == 1000);
  CHECK(ids.count(0) == 0);
}

TEST_CASE("executor: done comes once, outside start, when the run is out of the table and its code released") {
  counter may_run, done;
  std::thread::id starter = std::this_thread::get_id(), deliverer;
  bool listed = true, released = false;
  thread_executor exec{patient()};
  auto o = order(exec.next_run_id(), [&](auto&) { may_run.reaches(1); });
  std::weak_ptr<djm::job> code = o.code;
  exec.start(std::move(o), [&](const run_result& r) {
    deliverer = std::this_thread::get_id();
    listed = !exec.running({}).empty();
    released = code.expired();
    CHECK_FALSE(r.failed);
    CHECK_FALSE(r.dropped);
    done.add();
  });
  may_run.add();
  REQUIRE(done.reaches(1));
  CHECK(deliverer != starter);
  CHECK_FALSE(listed);
  CHECK(released);
  CHECK(exec.shutdown(far()).empty());
  CHECK(done.value() == 1);
}

TEST_CASE("executor: a run that throws is counted and says what it threw") {
  results r;
  thread_executor exec{patient()};
  exec.start(order(1, [](auto&) { throw std::runtime_error{"paper jam"}; }), r.done());
  exec.start(order(2, [](auto&) { throw 42; }), r.done());
  exec.start(order(3, [](auto&) {}), nullptr);
  REQUIRE(r.reach(2));
  REQUIRE(eventually([&] { return exec.stats().finished == 3; }));
  CHECK(exec.shutdown(far()).empty());
  std::set<std::string> texts;
  for (auto& x : r.all()) {
    CHECK(x.failed);
    texts.insert(x.failure);
  }
  CHECK(texts == std::set<std::string>{"paper jam", "exception of type int"});
  CHECK(exec.stats().finished == 3);
  CHECK(exec.stats().failed == 2);
}

TEST_CASE("executor: orders that make no sense are refused with a text that says why") {
  counter release;
  results busy, refused;
  thread_executor exec{patient()};
  exec.start(order(7, [&](auto&) { release.reaches(1); }), busy.done());
  exec.start(order(7, [](auto&) {}), refused.done());
  exec.start(order(0, [](auto&) {}), refused.done());
  exec.start({8, "mail", {{"a", 1}}, nullptr}, refused.done());
  exec.start(order(9, [](auto&) {}, "mail", {}), refused.done());
  REQUIRE(refused.reach(4));
  std::set<std::string> texts;
  for (auto& x : refused.all()) {
    CHECK(x.failed);
    texts.insert(x.failure);
  }
  CHECK(texts == std::set<std::string>{"run 7 of job 'mail' refused: a run with this id has not ended",
                                       "run of job 'mail' refused: run id 0 names no run",
                                       "run 8 of job 'mail' refused: no code",
                                       "run 9 of job 'mail' refused: no items"});
  CHECK(exec.running({}).size() == 1);
  release.add();
  CHECK(busy.reach(1));
}

TEST_CASE("executor: beyond the maximum runs wait, visibly, and start in order") {
  counter started, release;
  results r;
  std::mutex mutex;
  std::vector<run_id> order_of_start;
  thread_executor exec{with_threads(2)};
  for (int i = 0; i < 5; ++i) {
    exec.start(order(exec.next_run_id(),
                     [&](job_context& ctx) {
                       {
                         std::lock_guard<std::mutex> guard{mutex};
                         order_of_start.push_back(ctx.run());
                       }
                       started.add();
                       release.reaches(1);
                     },
                     job_id{i % 2 == 0 ? "even" : "odd"}, {{"b", 2}, {"a", 1}}),
               r.done());
  }
  REQUIRE(started.reaches(2));
  auto s = exec.stats();
  CHECK(s.threads == 2);
  CHECK(s.max_threads == 2);
  CHECK(s.busy == 2);
  CHECK(s.waiting == 3);
  auto even = exec.running("even");
  REQUIRE(even.size() == 3);
  CHECK(even[0].id == 1);
  CHECK(even[0].started);
  CHECK(even[0].items == std::vector<work_item>{{"a", 1}, {"b", 2}});
  CHECK_FALSE(even[2].started);
  CHECK(exec.running({}).size() == 5);
  CHECK(exec.running("none").empty());
  release.add();
  REQUIRE(r.reach(5));
  // Two threads: the next run to start is one of the two that are next in the queue.
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(order_of_start[i] <= i + 2);
  }
}

TEST_CASE("executor: stopping a waiting run drops it; its code is never called") {
  counter started, release;
  results busy, waiting;
  bool ran = false;
  thread_executor exec{with_threads(1)};
  exec.start(order(1,
                   [&](auto&) {
                     started.add();
                     release.reaches(1);
                   }),
             busy.done());
  REQUIRE(started.reaches(1));
  exec.start(order(2, [&](auto&) { ran = true; }), waiting.done());
  exec.request_stop(2, stop_reason::disabled, {});
  REQUIRE(waiting.reach(1));
  CHECK(waiting.all()[0].id == 2);
  CHECK(waiting.all()[0].dropped);
  CHECK_FALSE(waiting.all()[0].failed);
  CHECK(exec.running({}).size() == 1);
  CHECK(exec.stats().dropped == 1);
  CHECK(exec.stats().waiting == 0);
  exec.request_stop(2, stop_reason::disabled, {});
  exec.request_stop(4711, stop_reason::disabled, {});
  release.add();
  CHECK(exec.shutdown(far()).empty());
  CHECK_FALSE(ran);
  CHECK(waiting.all().size() == 1);
  CHECK(exec.stats().finished == 1);
}

TEST_CASE("executor: a stop request reaches poll, wait and callback of a run, with reason and revoked items") {
  counter waiting, called, looked;
  results r;
  thread_executor exec{patient()};
  exec.start(order(1,
                   [&](job_context& ctx) {
                     auto runner = std::this_thread::get_id();
                     auto subscription = ctx.on_stop([&, runner](stop_reason why) {
                       CHECK(why == stop_reason::revoked);
                       CHECK(std::this_thread::get_id() != runner);
                       called.add();
                     });
                     CHECK_FALSE(ctx.stop_requested());
                     waiting.add();
                     CHECK(ctx.wait_for_stop(hours{1}));
                     CHECK(ctx.stop_requested());
                     CHECK(ctx.reason() == stop_reason::revoked);
                     CHECK(ctx.revoked_items() == std::vector<item_id>{"a"});
                     looked.add(); // only now may more be revoked
                     called.reaches(1);
                     CHECK(eventually([&] { return ctx.revoked_items().size() == 2; }));
                   },
                   "mail", {{"a", 1}, {"b", 2}}),
             r.done());
  REQUIRE(waiting.reaches(1));
  exec.request_stop(1, stop_reason::revoked, {"a"});
  REQUIRE(called.reaches(1));
  REQUIRE(looked.reaches(1));
  exec.request_stop(1, stop_reason::shutdown, {"b"});
  REQUIRE(r.reach(1));
  CHECK(called.value() == 1);
}

TEST_CASE("executor: a full pool blocks neither calls nor stop callbacks") {
  counter started, stopped, call, release;
  thread_executor exec{with_threads(2)};
  for (run_id id = 1; id <= 4; ++id) {
    exec.start(order(id,
                     [&](job_context& ctx) {
                       auto subscription = ctx.on_stop([&](stop_reason) { stopped.add(); });
                       started.add();
                       release.reaches(1);
                     }),
               nullptr);
  }
  REQUIRE(started.reaches(2));
  exec.call([&] { call.add(); });
  CHECK(call.reaches(1));
  exec.request_stop(1, stop_reason::disabled, {});
  CHECK(stopped.reaches(1));
  release.add();
}

TEST_CASE("executor: calls that hang block neither other calls nor stop callbacks, and are seen") {
  auto o = patient();
  o.reserved_threads = 2;
  o.max_reserved_threads = 5;
  o.stuck_after = duration::zero();
  counter hanging, release, call, started, stopped;
  thread_executor exec{o};
  CHECK(exec.stats().reserved_threads == 4); // two for calls, one for users' functions, one for stop callbacks
  for (int i = 0; i < 4; ++i) {
    exec.call([&] {
      hanging.add();
      release.reaches(1);
    });
  }
  REQUIRE(hanging.reaches(4));
  exec.call([&] { call.add(); });
  CHECK(call.reaches(1));
  // The last thread hangs too: at the stated maximum calls wait, visibly.
  exec.call([&] {
    hanging.add();
    release.reaches(1);
  });
  REQUIRE(hanging.reaches(5));
  exec.call([&] { call.add(); });
  auto s = exec.stats();
  CHECK(s.reserved_threads == 7);
  CHECK(s.reserved_busy == 5);
  CHECK(s.reserved_waiting == 1);
  CHECK(s.reserved_stuck == 5);
  exec.start(order(1,
                   [&](job_context& ctx) {
                     auto subscription = ctx.on_stop([&](stop_reason) { stopped.add(); });
                     started.add();
                     CHECK(stopped.reaches(1));
                   }),
             nullptr);
  REQUIRE(started.reaches(1));
  exec.request_stop(1, stop_reason::disabled, {});
  CHECK(stopped.reaches(1));
  CHECK(call.value() == 1);
  release.add();
  CHECK(call.reaches(2));
}

TEST_CASE(
  "executor: what calls and stop callbacks throw is contained, counted and logged; a log that throws is ignored") {
  auto o = patient();
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
  counter started, release;
  thread_executor exec{o};
  exec.call([] { throw std::runtime_error{"no pool"}; });
  REQUIRE(logged.reaches(1));
  exec.start(order(2,
                   [&](job_context& ctx) {
                     auto subscription = ctx.on_stop([](stop_reason) { throw 42; });
                     started.add();
                     release.reaches(1);
                   }),
             nullptr);
  REQUIRE(started.reaches(1));
  exec.request_stop(2, stop_reason::disabled, {});
  REQUIRE(logged.reaches(2));
  release.add();
  exec.shutdown(far());
  CHECK(exec.stats().contained == 2);
  std::lock_guard<std::mutex> guard{mutex};
  CHECK(log[0].level == log_level::error);
  CHECK(log[0].component == "executor");
  CHECK(log[0].text == "a call of user code threw: no pool");
  CHECK(log[1].text == "a stop callback of run 2 of job mail threw: exception of type int");
}

TEST_CASE("executor: adopt replaces done of the unfinished runs of that job only") {
  counter started, release;
  results former, other, adopted;
  thread_executor exec{with_threads(2)};
  auto block = [&](auto&) {
    started.add();
    release.reaches(1);
  };
  exec.start(order(1, block, "mail"), former.done());
  exec.start(order(2, block, "wiki"), other.done());
  exec.start(order(3, block, "mail"), former.done());
  REQUIRE(started.reaches(2));
  exec.adopt("mail", adopted.done());
  CHECK(exec.running("mail").size() == 2);
  release.add();
  REQUIRE(adopted.reach(2));
  REQUIRE(other.reach(1));
  CHECK(former.all().empty());
}

TEST_CASE("executor: adopt releases the former done") {
  counter started, release;
  thread_executor exec{patient()};
  auto handle = std::make_shared<int>(0);
  exec.start(order(1,
                   [&](auto&) {
                     started.add();
                     release.reaches(1);
                   }),
             [handle](const run_result&) {});
  REQUIRE(started.reaches(1));
  CHECK(handle.use_count() == 2);
  exec.adopt("mail", nullptr);
  CHECK(handle.use_count() == 1);
  release.add();
}

TEST_CASE("executor: a done that throws is contained") {
  results r;
  thread_executor exec{patient()};
  exec.start(order(1, [](auto&) {}), [](const run_result&) { throw std::runtime_error{"no"}; });
  exec.start(order(2, [](auto&) {}), r.done());
  CHECK(r.reach(1));
  CHECK(exec.shutdown(far()).empty());
  CHECK(exec.stats().contained == 1);
}
