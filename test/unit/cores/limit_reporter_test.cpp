#include <doctest/doctest.h>

#include "actors/store/last_lease.hpp"
#include "actors/store/limit_reporter.hpp"
#include "test/unit/cores/show.hpp"

namespace djm {

namespace {

using std::chrono::seconds;
using test::at;

store::session_limits limits() {
  store::session_limits l;
  l.operation_deadline = seconds{3};
  l.max_watches = 100;
  return l;
}

store::session_counters counters(std::size_t watches, std::uint64_t refused) {
  store::session_counters c;
  c.max_watches = 100;
  c.max_watch_bytes = 1000;
  c.watches = watches;
  c.watches_refused = refused;
  return c;
}

} // namespace

TEST_CASE("limits: refused watches are a problem until there has been room for a minute") {
  limit_reporter r{limits()};
  CHECK(r.look(counters(99, 0), true, at(0)).empty());
  const auto told = r.look(counters(100, 3), true, at(1));
  REQUIRE(told.size() == 1);
  CHECK(std::get<problem>(told.front()).about == "watch_limit");
  CHECK(r.look(counters(100, 3), true, at(100)).empty()); // full
  CHECK(r.look(counters(50, 3), true, at(60)).empty());   // not for a minute yet
  const auto over = r.look(counters(50, 3), true, at(62));
  REQUIRE(over.size() == 1);
  CHECK(std::get<problem_over>(over.front()).about == "watch_limit");
  CHECK(r.look(counters(50, 3), true, at(63)).empty());
  CHECK(r.look(counters(100, 4), true, at(64)).size() == 1);
}

TEST_CASE("limits: overdue answers are a problem until they have come in time for a while, over a connection") {
  limit_reporter r{limits()};
  auto c = counters(0, 0);
  c.overdue = 1;
  REQUIRE(r.look(c, true, at(0)).size() == 1);
  CHECK(r.look(c, true, at(15)).empty());
  CHECK(r.look(c, false, at(16)).empty());
  REQUIRE(r.look(c, true, at(17)).size() == 1);
  c.overdue = 2;
  CHECK(std::holds_alternative<problem>(r.look(c, true, at(18)).front()));
}

TEST_CASE("last lease: begins once, is over after the tolerance when nothing runs") {
  last_lease l;
  CHECK_FALSE(l.over(at(100), false));
  CHECK(l.begin(at(1), seconds{10}));
  CHECK_FALSE(l.begin(at(5), seconds{10}));
  CHECK_FALSE(l.over(at(10), false));
  CHECK_FALSE(l.over(at(11), true));
  CHECK(l.over(at(11), false));
}

} // namespace djm
