#include "test/sim/slot_book.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "djm/calendar.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

namespace {

/// A job with a slot each minute, and what a process tells of it.
struct story {
  story() { book.expect("job", timetable::make(aligned(1min), {}).value(), true); }

  void told(const event& what) {
    book.told(1, what, now, [this](const char* invariant, const std::string&) { broken.emplace_back(invariant); });
  }
  void granted() { told(items_granted{"job", {{"x", 1}}}); }
  void starts(std::int64_t minute, std::uint32_t attempt = 1) {
    told(run_started{"job", 1, {{"x", 1}}, base + minute * 60'000, attempt});
  }
  void skips(std::int64_t first, std::int64_t last, std::uint64_t count) {
    told(slots_skipped{"job", "x", count, base + first * 60'000, base + last * 60'000, skip_reason::backlog});
  }

  static constexpr std::int64_t base = 1'700'006'400'000;
  std::int64_t now = base;
  slot_book book;
  std::vector<std::string> broken;
};

using promises = std::vector<std::string>;

} // namespace

TEST_CASE("slots in their order, attempts that count up, and slots that are told of are fine") {
  story s;
  s.granted();
  s.starts(3);
  s.starts(3, 2);
  s.starts(4);
  s.skips(5, 9, 5);
  s.starts(4, 2); // another attempt, while what came meanwhile was left out
  s.starts(10);
  s.granted(); // another turn begins anew
  s.starts(10);
  CHECK(s.broken.empty());
  CHECK(s.book.starts() == 6);
  CHECK(s.book.skips() == 1);
}

TEST_CASE("a slot that starts twice is seen, and one that comes after a later one") {
  story s;
  s.granted();
  s.starts(3);
  s.starts(3);
  CHECK(s.broken == promises{"S2"});
  s.starts(2);
  CHECK(s.broken == promises{"S2", "S1"});
}

TEST_CASE("attempts that do not count up are seen") {
  story s;
  s.granted();
  s.starts(3);
  s.starts(3, 3);
  s.starts(2, 2);
  CHECK(s.broken == promises{"S2", "S2"});
}

TEST_CASE("a slot that is silently missing is seen, and so are wrong figures") {
  story s;
  s.granted();
  s.starts(3);
  s.starts(5);
  CHECK(s.broken == promises{"S4"});
  s.skips(6, 8, 2);
  CHECK(s.broken == promises{"S4", "S4"});
  s.skips(10, 10, 1);
  CHECK(s.broken == promises{"S4", "S4", "S4"});
  s.skips(10, 11, 2);
  CHECK(s.broken.back() == "S1"); // told of twice
}

TEST_CASE("what starts for a slot of long before its grant is seen") {
  story s;
  s.granted();
  s.starts(-90);
  CHECK(s.broken == promises{"S1"});
}

TEST_CASE("a clock that is set back by days lets slots begin anew, one that is set back by hours does not") {
  story s;
  s.granted();
  s.starts(3);
  s.book.clock_set(1, s.base - 3'600'000);
  s.starts(2);
  CHECK(s.broken == promises{"S1"});
  s.book.clock_set(1, s.base - 48 * 3'600'000);
  s.starts(-1000);
  s.starts(-999);
  CHECK(s.broken == promises{"S1"});
}
