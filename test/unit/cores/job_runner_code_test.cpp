#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

namespace {

job_spec custom() {
  auto spec = runner::job();
  spec.mode = running_mode::custom;
  return spec;
}

} // namespace

TEST_CASE("runner: a custom cut makes one lane of each part and no run of an empty one") {
  runner r{custom()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}, {"c", 3}}) == "cut 1? a b c");
  CHECK(r.cut(1, 1, {{"a", "c"}, {}, {"b"}}) == "start 1: a#1 c#3; start 2: b#2");
  CHECK(r.core.status(at(1)).lanes == 2);
}

TEST_CASE("runner: items that the cut leaves out are not run") {
  runner r{custom()};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.cut(1, 1, {{"b"}}) == "start 1: b#2");
  CHECK(r.cut(2, 1, {{"a"}}) == "");
}

TEST_CASE("runner: an answer to an older cut is ignored") {
  runner r{custom()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "cut 1? a");
  CHECK(r.granted(0, {{"b", 2}}) == "cut 2? a b");
  CHECK(r.cut(1, 1, {{"a"}}) == "");
  CHECK(r.cut(2, 2, {{"a"}, {"b"}}) == "start 1: a#1; start 2: b#2");
}

TEST_CASE("runner: a new cut keeps the schedule of the lanes it continues") {
  runner r{custom()};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.cut(0, 1, {{"a", "b"}}) == "start 1: a#1 b#2");
  CHECK(r.done(5, 1) == "");
  CHECK(r.granted(6, {{"c", 3}}) == "cut 2? a b c");
  CHECK(r.cut(7, 2, {{"a"}, {"b"}, {"c"}}) == "start 2: c#3");
  CHECK(r.wake(15) == "start 3: a#1; start 4: b#2");
}

TEST_CASE("runner: an item revoked while the cut is made is in no run") {
  runner r{custom()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "cut 1? a b");
  CHECK(r.revoked(1, {"a"}) == "released a; cut 2? b");
  CHECK(r.cut(2, 1, {{"a", "b"}}) == "");
  CHECK(r.cut(3, 2, {{"b"}}) == "start 1: b#2");
  CHECK(r.revoked(4, {"b"}) == "stop 1 revoked: b");
  CHECK(r.core.status(at(4)).lanes == 0);
}

TEST_CASE("runner: a cut that breaks the rules is reported and the share runs in one piece") {
  struct bad {
    std::vector<std::vector<item_id>> parts;
    std::string complaint;
  };
  for (const auto& x : {bad{{{"a"}, {"a", "b"}}, "item \\\"a\\\" is in two parts"},
                        bad{{{"a", "b"}, {"zzz"}}, "item \\\"zzz\\\" is not in the share"}}) {
    runner r{custom()};
    r.leased(0);
    r.granted(0, {{"a", 1}, {"b", 2}});
    CHECK(r.cut(1, 1, x.parts) == "start 1: a#1 b#2");
    CHECK_MESSAGE(r.seen.find(x.complaint) != std::string::npos, r.seen);
    CHECK(r.seen.find("invalid_running_strategy") != std::string::npos);
    CHECK(r.core.status(at(1)).counters.cut_failures == 1);
  }
}

TEST_CASE("runner: a running strategy that fails is reported and the share runs in one piece") {
  runner r{custom()};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.take(r.core.on_cut(1, fail(errc::user_code_failed, "boom"), when(1))) == "start 1: a#1 b#2");
  CHECK(r.seen.find("boom") != std::string::npos);
}

TEST_CASE("runner: a running strategy that fails is asked again although the share stays as it is") {
  runner r{custom()};
  r.leased(0);
  r.granted(0, {{"a", 1}, {"b", 2}});
  CHECK(r.take(r.core.on_cut(1, fail(errc::user_code_failed, "boom"), when(1))) == "start 1: a#1 b#2");
  REQUIRE(r.wakes() > 1);
  CHECK(r.wakes() <= 6);
  CHECK(r.wake(6) == "cut 2? a b");
  CHECK(r.done(6, 1) == "");
  CHECK(r.cut(7, 2, {{"a"}, {"b"}}) == "");
  CHECK(r.core.status(at(7)).lanes == 2);
  CHECK(r.wakes() == 16); // the schedule again
}

TEST_CASE("runner: a running strategy that hangs is reported, and the share runs in one piece meanwhile") {
  runner r{custom()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "cut 1? a b");
  CHECK(r.wakes() <= 30);
  CHECK(r.wake(29) == "");
  CHECK(r.wake(30) == "start 1: a#1 b#2");
  CHECK(r.seen.find("user_code_hangs") != std::string::npos);
  CHECK(r.seen.find("the function that cuts the share has not come back after 30s") != std::string::npos);
  const auto st = r.core.status(at(31));
  CHECK(st.counters.cut_failures == 1);
  CHECK(st.last_failure == "running strategy: the function that cuts the share has not come back after 30s");
  CHECK(r.done(31, 1) == "");
  SUBCASE("its answer counts all the same") {
    CHECK(r.cut(35, 1, {{"a"}, {"b"}}) == "");
    CHECK(r.wake(41) == "start 2: a#1; start 3: b#2");
    CHECK(r.core.status(at(42)).last_failure == "");
  }
  SUBCASE("the share changes meanwhile: it is asked again when it has come back, and only then") {
    CHECK(r.granted(35, {{"c", 3}}) == "");
    CHECK(r.wake(41) == "start 2: a#1 b#2 c#3");
    CHECK(r.granted(42, {{"d", 4}}) == "");
    CHECK(r.cut(50, 1, {{"a"}, {"b"}}) == "cut 2? a b c d");
    CHECK(r.done(50, 2) == "");
    CHECK(r.cut(50, 2, {{"a", "b"}, {"c", "d"}}) == "");
    CHECK(r.wake(60) == "start 3: a#1 b#2; start 4: c#3 d#4");
    CHECK(r.core.status(at(60)).counters.cut_failures == 1);
  }
}

TEST_CASE("runner: calls that wait behind each other are each given their time to come back") {
  runner r{custom()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "cut 1? a");
  CHECK(r.granted(20, {{"b", 2}}) == "cut 2? a b");
  CHECK(r.cut(29, 1, {{"a"}}) == ""); // slow, but it came back
  CHECK(r.wake(31) == "");
  CHECK(r.wake(59) == "start 1: a#1 b#2");
  CHECK(r.core.status(at(59)).counters.cut_failures == 1);
}

TEST_CASE("runner: nobody waits for a call to cut the share whose place a later one has taken") {
  runner r{custom()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "cut 1? a");
  CHECK(r.granted(1, {{"b", 2}}) == "cut 2? a b"); // waits behind the first, and is never made
  CHECK(r.granted(2, {{"c", 3}}) == "cut 3? a b c");
  CHECK(r.cut(3, 1, {{"a"}}) == "");
  CHECK(r.cut(4, 3, {{"a"}, {"b", "c"}}) == "start 1: a#1; start 2: b#2 c#3");
  r.done(5, 1);
  r.done(5, 2);
  CHECK(r.wake(40) == "start 3: a#1; start 4: b#2 c#3"); // still in two pieces
  CHECK(r.core.status(at(40)).counters.cut_failures == 0);
  SUBCASE("also when the share was empty in between") {
    r.done(41, 3);
    r.done(41, 4);
    CHECK(r.granted(42, {{"d", 4}}) == "cut 4? a b c d");
    CHECK(r.revoked(43, {"a", "b", "c", "d"}) == "released a b c d");
    CHECK(r.cut(44, 4, {{"a", "b"}, {"c", "d"}}) == "");
    CHECK(r.wake(90) == "");
    CHECK(r.core.status(at(90)).counters.cut_failures == 0);
  }
}

TEST_CASE("runner: the pool is asked at the start, and again only where a period is set") {
  runner once{runner::job()};
  CHECK(once.take(once.core.on_start(when(0))) == "pool 1?");
  CHECK(once.pool(1, 1, {"b", "a", "b"}) == "pool = a b");
  CHECK(once.wakes() == -1);

  auto spec = runner::job();
  spec.pool_check_period = seconds{60};
  runner often{spec};
  CHECK(often.take(often.core.on_start(when(0))) == "pool 1?");
  CHECK(often.pool(5, 1, {"a"}) == "pool = a");
  CHECK(often.wakes() == 65);
  CHECK(often.wake(65) == "pool 2?");
  CHECK(often.wake(66) == "");
}

TEST_CASE("runner: an empty pool is an answer, a failed pool function is none") {
  auto spec = runner::job();
  spec.pool_check_period = seconds{60};
  runner r{spec};
  r.take(r.core.on_start(when(0)));
  CHECK(r.pool(1, 1, {}) == "pool = ");
  CHECK(r.wake(61) == "pool 2?");
  CHECK(r.take(r.core.on_pool(2, fail(errc::user_code_failed, "no database"), when(62))) == "");
  CHECK(r.seen == "pool_problem(job=\"j\", code=user_code_failed, text=\"no database\")");
  CHECK(r.core.status(at(62)).pool_failure == "no database");
  CHECK(r.wakes() == 122);
  CHECK(r.wake(122) == "pool 3?");
  CHECK(r.pool(123, 3, {"a"}) == "pool = a");
  CHECK(r.core.status(at(123)).pool_failure == "");
  CHECK(r.seen == "problem_over(component=\"job_runner\", about=\"pool function of job \\\"j\\\"\")");
}

TEST_CASE("runner: a pool function that fails before its first answer is asked again until it answers, then no more") {
  runner r{runner::job()};
  r.take(r.core.on_start(when(0)));
  double t = 1;
  for (std::uint64_t request = 1; request < 20; ++request) {
    CHECK(r.take(r.core.on_pool(request, fail(errc::user_code_failed, "no database"), when(t))) == "");
    CHECK(r.seen == "pool_problem(job=\"j\", code=user_code_failed, text=\"no database\")");
    CHECK(r.core.status(at(t)).pool_failure == "no database");
    REQUIRE(r.wakes() > t);
    CHECK(r.wakes() <= t + 5); // the longest back-off
    t = r.wakes();
    CHECK(r.wake(t) == "pool " + std::to_string(request + 1) + "?");
  }
  CHECK(r.pool(t, 20, {"a"}) == "pool = a");
  CHECK(r.core.status(at(t)).pool_failure == "");
  CHECK(r.wakes() == -1);
}

TEST_CASE("runner: a first answer is not waited for until the next check of the pool") {
  auto spec = runner::job();
  spec.pool_check_period = seconds{3600};
  runner r{spec};
  r.take(r.core.on_start(when(0)));
  r.take(r.core.on_pool(1, fail(errc::user_code_failed, "no database"), when(0)));
  CHECK(r.wakes() <= 5);
  CHECK(r.wake(5) == "pool 2?");
  CHECK(r.pool(5, 2, {"a"}) == "pool = a");
  CHECK(r.wakes() == 3605);
  // A failure later on leaves the pool as it was: the period counts.
  CHECK(r.wake(3605) == "pool 3?");
  r.take(r.core.on_pool(3, fail(errc::user_code_failed, "no database"), when(3605)));
  CHECK(r.wakes() == 7205);
}

TEST_CASE("runner: a runner that stops does not ask a failing pool function again") {
  runner r{runner::job()};
  r.take(r.core.on_start(when(0)));
  r.stop(1);
  r.take(r.core.on_pool(1, fail(errc::user_code_failed, "no database"), when(2)));
  CHECK(r.wakes() == -1);
}

TEST_CASE("runner: invalid items of the pool are refused one by one and the valid ones stay") {
  runner r{runner::job()};
  r.take(r.core.on_start(when(0)));
  CHECK(r.pool(1, 1, {"good", "a/b", "", "..", "also.good"}) == "pool = also.good good");
  std::size_t problems = 0;
  for (auto i = r.seen.find("pool_problem"); i != std::string::npos; i = r.seen.find("pool_problem", i + 1)) {
    ++problems;
  }
  CHECK(problems == 3);
  CHECK(r.seen.find("a/b") != std::string::npos);
}

TEST_CASE("runner: a pool function that hangs is reported once and not called a second time beside itself") {
  auto spec = runner::job();
  spec.pool_check_period = seconds{60};
  spec.pool_timeout = seconds{30};
  runner r{spec};
  r.take(r.core.on_start(when(0)));
  CHECK(r.wakes() == 30);
  CHECK(r.wake(30) == "");
  CHECK(r.seen.find("pool_problem(job=\"j\", code=user_code_hangs") == 0);
  CHECK(r.wake(100) == "");
  CHECK(r.seen == "");
  CHECK(r.wakes() == -1);
  CHECK(r.pool(200, 1, {"a"}) == "pool = a"); // late, but true
  CHECK(r.wake(260) == "pool 2?");
}

TEST_CASE("runner: an answer nobody asked for is no pool") {
  runner r{runner::job()};
  r.take(r.core.on_start(when(0)));
  CHECK(r.pool(1, 9, {"x"}) == "");
  CHECK(r.pool(2, 1, {"a"}) == "pool = a");
  CHECK(r.pool(3, 1, {"b"}) == "");
}
