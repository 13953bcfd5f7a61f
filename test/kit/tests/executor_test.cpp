#include <doctest/doctest.h>

#include <stdexcept>

#include "djm/job.hpp"
#include "djm/test/spend.hpp"
#include "testkit/lockstep_executor.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A process that does nothing but run user code, without actors.
struct rig : sim::run_observer {
  explicit rig(std::uint32_t threads = 4) {
    exec = std::make_unique<lockstep_executor>(
      line, p, threads_of, *this, 1, threads, [this](const std::string& text) { reports.push_back(text); },
      [](const running_info&) {});
  }
  ~rig() override { p.die(); }

  void run_began(const sim::process&, const running_info& r) override { note("begins", r.id); }
  void stop_asked(const sim::process&, run_id run, stop_reason) override { note("is asked to stop", run); }
  void run_ended(const sim::process&, const run_result& r) override { note("ends", r.id); }
  void note(const std::string& what, run_id run) {
    trace.push_back(std::to_string(run) + ' ' + what + " at " +
                    format_duration(std::chrono::duration_cast<std::chrono::seconds>(line.now.time_since_epoch())));
  }

  void start(run_id id, std::function<void(job_context&)> f) {
    auto d = job_builder("mail").items({"a"}).every(1s).run(std::move(f)).build();
    exec->start({id, "mail", {{"a", 1}}, d->code}, [this](const run_result& r) { results.push_back(r); });
  }
  void pass(duration d) {
    const auto end = line.now + d;
    for (auto next = line.events.next(); next && *next <= end; next = line.events.next()) {
      line.now = *next;
      line.events.pop()();
    }
    line.now = end;
  }

  sim::timeline line;
  sim::process p{line, 1, 0, "n0", {}};
  lockstep threads_of{30s};
  std::unique_ptr<lockstep_executor> exec;
  std::vector<std::string> trace, reports;
  std::vector<run_result> results;
};

/// Ends the threads before what they refer to goes.
struct closing {
  ~closing() {
    r.p.die();
    r.threads_of.close();
  }
  rig& r;
};

} // namespace

TEST_CASE("executor: runs wait, are stopped and are told in virtual time") {
  rig r;
  const closing c{r};
  r.start(1, [](job_context& ctx) { ctx.sleep(5s); });
  r.start(2, [](job_context& ctx) { ctx.wait_for_stop(1h); });
  r.pass(3s);
  r.exec->request_stop(2, stop_reason::revoked, {"a"});
  r.pass(3s);
  CHECK(r.trace == std::vector<std::string>{"1 begins at 0s", "2 begins at 0s", "2 is asked to stop at 3s",
                                            "2 ends at 3s", "1 ends at 5s"});
  CHECK(r.results.size() == 2);
  CHECK(r.exec->running({}).empty());
  CHECK(r.exec->stats().finished == 2);
}

TEST_CASE("executor: a run that waits for a thread is dropped by a stop request, and nobody calls its code") {
  rig r{1};
  const closing c{r};
  bool called = false;
  r.start(1, [](job_context& ctx) { ctx.sleep(5s); });
  r.start(2, [&](job_context&) { called = true; });
  r.pass(1s);
  CHECK(r.exec->stats().waiting == 1);
  r.exec->request_stop(2, stop_reason::disabled, {});
  r.exec->request_stop(4711, stop_reason::disabled, {});
  r.pass(10s);
  CHECK_FALSE(called);
  REQUIRE(r.results.size() == 2);
  CHECK(r.results[0].dropped);
  CHECK(r.exec->stats().dropped == 1);
}

TEST_CASE("executor: orders that make no sense are refused with a text") {
  rig r;
  const closing c{r};
  r.start(1, [](job_context& ctx) { ctx.sleep(5s); });
  r.start(1, [](job_context&) {});
  r.exec->start({2, "mail", {{"a", 1}}, nullptr}, [&](const run_result& x) { r.results.push_back(x); });
  r.pass(1s);
  REQUIRE(r.results.size() == 2);
  for (const auto& x : r.results) {
    CHECK(x.failed);
    CHECK(x.failure.find("refused") != std::string::npos);
  }
  r.exec->shut();
  r.start(3, [](job_context&) {});
  r.pass(1s);
  CHECK(r.results.back().failure.find("shut down") != std::string::npos);
}

TEST_CASE("executor: exceptions of runs, calls and callbacks are contained and told") {
  rig r;
  const closing c{r};
  r.start(1, [](job_context& ctx) {
    const auto on = ctx.on_stop([](stop_reason) { throw std::runtime_error("callback"); });
    ctx.wait_for_stop(1h);
    spend(1s);
    throw std::runtime_error("run");
  });
  r.exec->call([] { throw std::runtime_error("call"); });
  r.pass(1s);
  r.exec->request_stop(1, stop_reason::revoked, {});
  r.pass(2s);
  REQUIRE(r.results.size() == 1);
  CHECK(r.results[0].failure == "run");
  CHECK(r.reports.size() == 2);
  CHECK(r.exec->stats().contained == 2);
}

TEST_CASE("executor: a rebuilt owner of runs adopts them") {
  rig r;
  const closing c{r};
  bool adopted = false;
  r.start(1, [](job_context& ctx) { ctx.sleep(5s); });
  r.exec->adopt("mail", [&](const run_result&) { adopted = true; });
  CHECK(r.exec->running("mail").size() == 1);
  CHECK(r.exec->running("fax").empty());
  r.pass(6s);
  CHECK(adopted);
  CHECK(r.results.empty());
}

TEST_CASE("executor: nothing goes on while the process is paused, and what was missed comes after") {
  rig r;
  const closing c{r};
  r.start(1, [](job_context& ctx) { ctx.sleep(5s); });
  r.pass(1s);
  r.p.pause();
  r.pass(1h);
  CHECK(r.trace.size() == 1);
  r.p.resume([](std::uint64_t) { return 0; });
  r.pass(1s);
  CHECK(r.trace.size() == 2);
}

TEST_CASE(
  "executor: a stop request that comes before the thread does is seen by the run, and told after its beginning") {
  rig r;
  const closing c{r};
  bool seen = false;
  r.start(1, [&](job_context& ctx) { seen = ctx.stop_requested(); });
  r.exec->request_stop(1, stop_reason::shutdown, {});
  r.pass(1s);
  CHECK(seen);
  CHECK(r.trace.at(0) == "1 is asked to stop at 0s");
  CHECK(r.trace.at(1) == "1 begins at 0s");
  CHECK(r.trace.at(2) == "1 is asked to stop at 0s");
}

TEST_CASE("executor: code of a dead process never goes on") {
  rig r;
  bool went_on = false;
  {
    const closing c{r};
    r.start(1, [&](job_context& ctx) {
      ctx.sleep(1s);
      went_on = true;
    });
    r.pass(500ms);
    r.p.die();
    r.pass(1h);
  }
  CHECK_FALSE(went_on);
  CHECK(r.trace.size() == 1);
}
