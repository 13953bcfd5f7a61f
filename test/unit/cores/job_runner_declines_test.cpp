#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

/// Items that a run declines, or that have failed here too often: they go back to the worker, which refuses them.
using namespace djm;
using namespace djm::test;
using std::chrono::minutes;

namespace {

job_spec job_with(failure_rules f, running_mode mode = running_mode::single_thread) {
  auto spec = runner::job(schedule::fixed_delay(seconds{10}));
  spec.mode = mode;
  spec.failures = f;
  return spec;
}

failure_rules declining(std::uint32_t after) {
  failure_rules f;
  f.decline_item_after = after;
  f.refused_for = minutes{1};
  return f;
}

} // namespace

TEST_CASE("declines: an item that its run declines goes back at once, the run goes on with the others") {
  runner r{job_with(declining(0))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1 b#2");
  CHECK(r.run_declined(1, 1, {"a"}, "no device") == "declined a for 1min: no device");
  CHECK(r.seen.find("items_declined") != std::string::npos);
  CHECK(r.seen.find("items_released") != std::string::npos);
  CHECK(r.done(2, 1).empty());
  CHECK(r.seen.find("run_failed") == std::string::npos);
  CHECK(r.wake(12) == "start 2: b#2");
}

TEST_CASE("declines: what a run does not have any more is ignored") {
  runner r{job_with(declining(0))};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  r.run_declined(1, 1, {"a"}, "no device");
  CHECK(r.run_declined(1, 1, {"a"}, "no device").empty());
  CHECK(r.run_declined(1, 1, {"x"}, "no device").empty());
  r.done(2, 1);
  CHECK(r.run_declined(3, 1, {"b"}, "no device").empty());
}

TEST_CASE("declines: an item that was taken away meanwhile is declined all the same, and released once") {
  runner r{job_with(declining(0))};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  r.revoked(1, {"a"});
  CHECK(r.run_declined(1.5, 1, {"a"}, "no device") == "declined a for 1min: no device");
  CHECK(r.done(2, 1).empty());
}

TEST_CASE("declines: an item of which too many slots in a row have failed here is refused, the others stay") {
  runner r{job_with(declining(3), running_mode::thread_per_item)};
  r.leased(0);
  CHECK(r.granted(0, {{"bad", 1}, {"good", 2}}) == "start 1: bad#1; start 2: good#2");
  run_id next = 1;
  for (int n = 0; n < 2; ++n) {
    CHECK(r.failed(n * 10, next, "poison").empty());
    r.done(n * 10, next + 1);
    next += 2;
    r.wake(n * 10 + 10);
  }
  CHECK(r.failed(20, next, "poison") == "declined bad for 1min: poison");
  CHECK(r.seen.find("items_declined") != std::string::npos);
  r.done(20, next + 1);
  CHECK(r.wake(30) == "start 7: good#2");
}

TEST_CASE("declines: a slot that succeeds begins the count anew") {
  runner r{job_with(declining(2), running_mode::thread_per_item)};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.failed(0, 1, "poison");
  r.wake(10);
  r.done(10, 2);
  r.wake(20);
  CHECK(r.failed(20, 3, "poison").empty());
}

TEST_CASE("declines: an item that is to be parked as well is parked, and stays") {
  auto f = declining(2);
  f.park_item_after = 2;
  runner r{job_with(f, running_mode::thread_per_item)};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.failed(0, 1, "poison");
  r.wake(10);
  CHECK(r.failed(10, 2, "poison").empty());
  CHECK(r.seen.find("items_parked") != std::string::npos);
}

TEST_CASE("declines: an item that a question is about goes when that is answered, and starts nothing meanwhile") {
  runner r{job_with(declining(1), running_mode::thread_per_item)};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  CHECK(r.asks(1, "a", seconds{100}) == "ask 2: a#1");
  CHECK(r.failed(2, 1, "poison").empty());
  CHECK(r.wake(40) == "");
  CHECK(r.done(41, 2).find("declined a for 1min: poison") != std::string::npos);
  CHECK(r.wake(80).empty());
}

TEST_CASE("declines: an item that its run declines while a question is about it goes at once, and the answer is told") {
  runner r{job_with(declining(0))};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.asks(1, "a") == "ask 2: a#1");
  CHECK(r.run_declined(1, 1, {"a"}, "no device") == "declined a for 1min: no device");
  const auto released = r.seen.find("items_released");
  CHECK(r.done(2, 2) == "answer 2");
  CHECK(r.seen.find("items_released", released + 1) == std::string::npos); // once
  r.done(3, 1);
  CHECK(r.wake(15) == "start 3: b#2");
}

TEST_CASE("declines: a share goes on while an item of it that is to go waits for the answer to a question") {
  runner r{job_with(declining(1))};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.asks(1, "a", seconds{100}) == "ask 2: a#1");
  job_runner_core::run_end end;
  end.failed = true;
  end.items = {item_id{"a"}};
  r.ended(2, 1, end);
  CHECK(r.wake(12).find("start 3") != std::string::npos);
  r.ended(13, 3, end);
  CHECK(r.done(14, 2).find("declined a") != std::string::npos);
  CHECK(r.wake(24) == "start 4: b#2");
}
