#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

/// Takes its runs over and keeps them, unless it is told what to do with them.
class open_job final : public job {
public:
  std::vector<item_id> work_pool() override { return {}; }
  void run(job_context&) override { called.add(); }
  bool begin(const std::shared_ptr<open_run>& run) override {
    if (taking) {
      return taking(run);
    }
    std::lock_guard<std::mutex> guard{mutex_};
    held_.push_back(run);
    begun.add();
    return true;
  }

  std::vector<std::shared_ptr<open_run>> take() {
    std::lock_guard<std::mutex> guard{mutex_};
    return std::exchange(held_, {});
  }

  std::function<bool(const std::shared_ptr<open_run>&)> taking;
  counter begun, called;

private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<open_run>> held_;
};

run_order open_order(run_id id, std::shared_ptr<job> code) {
  return {id, "mail", {{"a", 7}}, std::move(code)};
}

/// Writes down what it hears.
class scribe final : public lease_follower {
public:
  void lease_changed(time_point deadline) override {
    std::lock_guard<std::mutex> guard{mutex_};
    heard_.push_back(deadline);
  }
  void settle(time_point until) override {
    CHECK(until > boot_now() - hours{1});
    settled.add();
    may_settle.reaches(1);
  }
  std::vector<time_point> heard() const {
    std::lock_guard<std::mutex> guard{mutex_};
    return heard_;
  }

  counter settled, may_settle;

private:
  mutable std::mutex mutex_;
  std::vector<time_point> heard_;
};

} // namespace

TEST_CASE("open runs: ten of them go on beside each other on one thread, which then runs others") {
  results r;
  auto code = std::make_shared<open_job>();
  auto o = patient();
  o.max_threads = 1;
  thread_executor exec{o};
  for (run_id id = 1; id <= 10; ++id) {
    exec.start(open_order(id, code), r.done());
  }
  REQUIRE(code->begun.reaches(10));
  results other;
  exec.start(order(11, [](job_context&) {}), other.done());
  CHECK(other.reach(1));
  CHECK(exec.running({}).size() == 10);
  REQUIRE(eventually([&] { return exec.stats().busy == 0; }));
  CHECK(r.all().empty());
  for (auto& run : code->take()) {
    CHECK(run->context().token("a") == 7);
    run->finish();
    run->finish(std::make_exception_ptr(std::runtime_error{"too late to fail"}));
  }
  CHECK(r.reach(10));
  for (auto& x : r.all()) {
    CHECK_FALSE(x.failed);
    CHECK(x.ended);
  }
  CHECK(code->called.value() == 0);
  CHECK(exec.running({}).empty());
  CHECK(exec.shutdown(far()).empty());
}

TEST_CASE("open runs: they end as runs do that return or throw") {
  results r;
  auto code = std::make_shared<open_job>();
  thread_executor exec{patient()};
  const auto end_with = [&](run_id id, const std::function<void(open_run&)>& end) {
    exec.start(open_order(id, code), r.done());
    REQUIRE(code->begun.reaches(id));
    end(*code->take().at(0));
    REQUIRE(r.reach(id));
    return r.all().back();
  };
  auto x = end_with(1, [](open_run& run) { run.finish(std::make_exception_ptr(std::runtime_error{"paper jam"})); });
  CHECK(x.failed);
  CHECK(x.failure == "paper jam");
  x = end_with(2, [](open_run& run) { run.finish(std::make_exception_ptr(permanent_failure{"no paper"})); });
  CHECK(x.for_good);
  x = end_with(3, [](open_run& run) { run.finish(std::make_exception_ptr(retry_later{milliseconds{5}})); });
  CHECK_FALSE(x.failed);
  CHECK(x.again_in == milliseconds{5});
  x = end_with(4, [](open_run& run) {
    run.context().fail_item("a", "torn");
    run.finish();
  });
  CHECK(x.failed_items == std::vector<item_id>{"a"});
  x = end_with(5, [](open_run&) {}); // and lets go of it
  CHECK(x.failed);
  CHECK(x.failure.find("without finishing it") != std::string::npos);
}

TEST_CASE("open runs: what ends or throws before it is taken over ends on its thread, what is not taken is run") {
  results r;
  auto code = std::make_shared<open_job>();
  thread_executor exec{patient()};
  code->taking = [&](const std::shared_ptr<open_run>& run) {
    switch (run->context().run()) {
    case 1: run->finish(std::make_exception_ptr(std::runtime_error{"at once"})); return true;
    case 2: throw std::runtime_error{"cannot begin"};
    case 3: run->finish(); return false;
    default: return false;
    }
  };
  for (run_id id = 1; id <= 4; ++id) {
    exec.start(open_order(id, code), r.done());
    REQUIRE(r.reach(id));
  }
  CHECK(r.all()[0].failure == "at once");
  CHECK(r.all()[1].failure == "cannot begin");
  CHECK_FALSE(r.all()[2].failed);
  CHECK_FALSE(r.all()[3].failed);
  CHECK(code->called.value() == 2);
}

TEST_CASE("open runs: they hear of a stop request, and shutdown waits for them or names them") {
  results r;
  auto code = std::make_shared<open_job>();
  counter asked;
  std::vector<stop_subscription> kept;
  std::vector<std::shared_ptr<open_run>> held;
  {
    thread_executor exec{patient()};
    exec.start(open_order(1, code), r.done());
    REQUIRE(code->begun.reaches(1));
    held = code->take();
    kept.push_back(held[0]->context().on_stop([&](stop_reason why) {
      CHECK(why == stop_reason::shutdown);
      asked.add();
    }));
    std::thread ends{[&] {
      CHECK(asked.reaches(1));
      held[0]->finish();
    }};
    CHECK(exec.shutdown(far()).empty());
    ends.join();
    CHECK(r.reach(1));
  }
  {
    thread_executor exec{patient()};
    exec.start(open_order(2, code), r.done());
    REQUIRE(code->begun.reaches(2));
    const auto left = exec.shutdown(boot_now());
    REQUIRE(left.runs.size() == 1);
    CHECK(left.runs[0].id == 2);
  }
  held = code->take();
  held[0]->finish(); // nobody is told any more
  kept.clear();
  held.clear();
  CHECK(r.all().size() == 1);
  CHECK(no_thread_left());
}

TEST_CASE("open runs: who follows the lease hears each change, and a shorter one waits until it is settled") {
  results r;
  auto code = std::make_shared<open_job>();
  auto follower = std::make_shared<scribe>();
  follower->may_settle.add();
  thread_executor exec{patient()};
  exec.start(open_order(1, code), r.done());
  REQUIRE(code->begun.reaches(1));
  const auto run = code->take().at(0);
  run->follow_lease(follower);
  CHECK(follower->heard() == std::vector<time_point>{time_point::max()});
  const auto now = boot_now();
  run_lease l;
  l.session = 3;
  l.deadline = now + hours{2};
  l.after_close = hours{1};
  exec.renew_lease(l); // shorter than none at all
  CHECK(follower->settled.value() == 1);
  l.deadline = now + hours{3};
  exec.renew_lease(l);
  CHECK(follower->settled.value() == 1);
  exec.session_ends(3, now);
  CHECK(follower->settled.value() == 2);
  l.deadline = now + hours{4}; // a late contact of that session
  exec.renew_lease(l);
  CHECK(follower->settled.value() == 2);
  l.session = 4;
  exec.renew_lease(l);
  CHECK(follower->heard() == std::vector<time_point>{time_point::max(), now + hours{2}, now + hours{3}, now + hours{1},
                                                     now + hours{1}, now + hours{4}});
  run->finish();
  REQUIRE(r.reach(1));
  exec.session_ends(4, now);
  CHECK(follower->settled.value() == 2);
  CHECK(follower->heard().size() == 6);
}

TEST_CASE("open runs: the end of a session is not said to be safe before the followers have settled") {
  results r;
  auto code = std::make_shared<open_job>();
  auto follower = std::make_shared<scribe>();
  thread_executor exec{patient()};
  run_lease l;
  l.session = 1;
  l.deadline = boot_now() + hours{2};
  exec.renew_lease(l);
  exec.start(open_order(1, code), r.done());
  REQUIRE(code->begun.reaches(1));
  const auto run = code->take().at(0);
  run->follow_lease(follower);
  std::atomic<bool> safe{false};
  std::thread closes{[&] {
    exec.session_ends(1, boot_now());
    safe = true;
  }};
  REQUIRE(follower->settled.reaches(1));
  CHECK_FALSE(safe);
  CHECK(exec.running({}).size() == 1); // the table can be asked meanwhile
  follower->may_settle.add();
  closes.join();
  CHECK(safe);
  run->finish();
  CHECK(r.reach(1));
}

TEST_CASE("open runs: a follower that throws keeps neither the lease nor the others from going on") {
  class thrower final : public lease_follower {
    void lease_changed(time_point) override { throw std::runtime_error{"on purpose"}; }
    void settle(time_point) override { throw std::runtime_error{"on purpose"}; }
  };
  results r;
  auto code = std::make_shared<open_job>();
  auto bad = std::make_shared<thrower>();
  auto good = std::make_shared<scribe>();
  good->may_settle.add();
  thread_executor exec{patient()};
  exec.start(open_order(1, code), r.done());
  exec.start(open_order(2, code), r.done());
  REQUIRE(code->begun.reaches(2));
  const auto runs = code->take();
  runs.at(0)->follow_lease(bad);
  runs.at(1)->follow_lease(good);
  run_lease l;
  l.session = 1;
  l.deadline = boot_now() + hours{2};
  exec.renew_lease(l);
  CHECK(good->settled.value() == 1);
  CHECK(good->heard().back() == l.deadline);
  runs.at(0)->finish();
  runs.at(1)->finish();
  CHECK(r.reach(2));
}
