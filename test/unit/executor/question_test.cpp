#include <doctest/doctest.h>

#include "support.hpp"

/// Answers to questions: runs to those who look for what holds items, and in nobody's way.
using namespace djm;
using namespace djm::test;
using std::chrono::milliseconds;

namespace {

run_order question(run_id id, std::function<void(job_context&)> f) {
  auto o = order(id, std::move(f));
  o.question = true;
  return o;
}

} // namespace

TEST_CASE("question: it has a thread while runs occupy all of theirs, and counts among none of them") {
  counter started, release;
  auto options = patient();
  options.max_threads = 1;
  thread_executor exec{options};
  results runs, questions;
  exec.start(order(1,
                   [&](job_context&) {
                     started.add();
                     release.reaches(1);
                   }),
             runs.done());
  exec.start(question(2,
                      [&](job_context& ctx) {
                        CHECK(ctx.items().front().token == 1);
                        started.add();
                        release.reaches(1);
                      }),
             questions.done());
  REQUIRE(started.reaches(2));
  CHECK(exec.running("mail").size() == 2);
  CHECK(exec.look(2)->question);
  CHECK(exec.stats().waiting == 0);
  CHECK(exec.stats().busy == 1);
  release.add();
  REQUIRE(questions.reach(1));
  REQUIRE(runs.reach(1));
  CHECK(questions.all().front().id == 2);
  CHECK(eventually([&] { return exec.running({}).empty(); }));
  CHECK(exec.stats().finished == 1);
}

TEST_CASE("question: however many hang, others are asked, and pool functions called") {
  counter hanging, release, asked, called;
  auto options = patient();
  options.overtaken_after = milliseconds{1};
  thread_executor exec{options};
  results done;
  for (run_id id = 1; id <= 30; ++id) {
    exec.start(question(id,
                        [&](job_context&) {
                          hanging.add();
                          release.reaches(1);
                        }),
               done.done());
  }
  REQUIRE(hanging.reaches(30));
  exec.start(question(31, [&](job_context&) { asked.add(); }), done.done());
  exec.call_user("pool", [&] { called.add(); });
  CHECK(asked.reaches(1));
  CHECK(called.reaches(1));
  release.add();
  CHECK(done.reach(31));
}

TEST_CASE("question: it is asked to stop as a run is, also by the end of the lease") {
  auto options = patient();
  thread_executor exec{options};
  results done;
  counter started;
  stop_reason why = stop_reason::none;
  exec.start(question(1,
                      [&](job_context& ctx) {
                        started.add();
                        ctx.wait_for_stop();
                        why = ctx.reason();
                      }),
             done.done());
  REQUIRE(started.reaches(1));
  SUBCASE("by its runner") {
    exec.request_stop(1, stop_reason::revoked, {});
    REQUIRE(done.reach(1));
    CHECK(why == stop_reason::revoked);
  }
  SUBCASE("by the end of the lease") {
    run_lease l;
    l.deadline = boot_now() + milliseconds{20};
    exec.renew_lease(l);
    REQUIRE(done.reach(1));
    CHECK(why == stop_reason::lease_expiring);
    // From then on none begins.
    exec.start(question(2, [](job_context&) { FAIL("called without a lease"); }), done.done());
    REQUIRE(done.reach(2));
    CHECK(done.all().back().dropped);
  }
}

TEST_CASE("question: what it throws is its failure") {
  thread_executor exec{patient()};
  results done;
  exec.start(question(1, [](job_context&) { throw std::runtime_error{"no idea"}; }), done.done());
  REQUIRE(done.reach(1));
  CHECK(done.all().front().failed);
  CHECK(done.all().front().failure.find("no idea") != std::string::npos);
  CHECK(exec.stats().failed == 0);
}

TEST_CASE("question: shutdown asks it to stop, waits for it, and names one that does not come back once") {
  auto started = std::make_shared<counter>();
  auto release = std::make_shared<counter>();
  executor_options options;
  options.patience = milliseconds{1};
  thread_executor exec{options};
  results done;
  SUBCASE("one that obeys") {
    exec.start(question(1,
                        [started](job_context& ctx) {
                          started->add();
                          ctx.wait_for_stop();
                        }),
               done.done());
    REQUIRE(started->reaches(1));
    CHECK(exec.shutdown(far()).empty());
    CHECK(done.all().size() == 1);
  }
  SUBCASE("one that does not") {
    exec.start(question(1,
                        [started, release](job_context&) {
                          started->add();
                          release->reaches(1);
                        }),
               done.done());
    REQUIRE(started->reaches(1));
    const auto left = exec.shutdown(boot_now() + milliseconds{1});
    REQUIRE(left.runs.size() == 1);
    CHECK(left.runs.front().question);
    CHECK(left.calls == 0);
    CHECK(done.all().empty());
    release->add();
  }
}
