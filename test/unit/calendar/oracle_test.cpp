// Every row of cron.tsv, through the library and through the command.
#include <doctest/doctest.h>

#include <sstream>

#include "djm/calendar.hpp"
#include "djm/local_time.hpp"
#include "djm/timetable.hpp"
#include "test/support/child_process.hpp"
#include "test/unit/calendar/oracle_rows.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

struct answer {
  int exit_code = 0;
  std::vector<std::string> lines;
};

answer expected_of(const oracle_row& row) {
  return {row.refused ? 2 : row.expected.empty() ? 3 : 0, row.expected};
}

std::size_t count_of(const oracle_row& row) {
  return std::max<std::size_t>(row.expected.size(), 1);
}

expected<timetable> timetable_of(const oracle_row& row) {
  return timetable::make(cron(row.expression).zone(row.zone).dst(*enum_value<dst_rule>(row.dst)), time_zones_in());
}

answer from_library(const oracle_row& row) {
  const auto slots = timetable_of(row);
  if (!slots) {
    return {2, {}};
  }
  answer result;
  for (const auto slot : slots->next(parse_instant(row.start).value(), count_of(row))) {
    result.lines.push_back(format_local_time(slot, slots->zone()));
  }
  result.exit_code = result.lines.empty() ? 3 : 0;
  return result;
}

void check(const oracle_row& row, const answer& got) {
  const auto want = expected_of(row);
  const auto same = got.exit_code == want.exit_code && got.lines == want.lines;
  if (!same && may_move(row) && !same_tz_database()) {
    MESSAGE(row.text() << ": another tz database says otherwise");
    return;
  }
  CAPTURE(row.text());
  CHECK(got.exit_code == want.exit_code);
  CHECK(got.lines == want.lines);
}

} // namespace

TEST_CASE("calendar: every row of the oracle holds") {
  const auto rows = read_oracle_rows();
  CHECK(rows.size() == 839);
  for (const auto& row : rows) {
    check(row, from_library(row));
  }
}

TEST_CASE("calendar: the slots of the oracle are found backward, too") {
  for (const auto& row : read_oracle_rows()) {
    const auto slots = timetable_of(row);
    if (!slots || row.expected.empty()) {
      continue;
    }
    CAPTURE(row.text());
    const auto forward = slots->next(parse_instant(row.start).value(), count_of(row));
    for (std::size_t i = 1; i < forward.size(); ++i) {
      CHECK(slots->previous(forward[i]) == forward[i - 1]);
    }
    CHECK(slots->previous(forward.front() + 1ms) == forward.front());
  }
}

TEST_CASE("calendar: what the oracle accepts can be written and read") {
  for (const auto& row : read_oracle_rows()) {
    const auto c = cron(row.expression).zone(row.zone).dst(*enum_value<dst_rule>(row.dst));
    if (!c.check()) {
      CHECK(to_string(c).empty());
      continue;
    }
    CAPTURE(row.text());
    const auto again = parse_calendar(to_string(c));
    REQUIRE(again);
    CHECK(*again == c);
    CHECK(to_string(*again) == to_string(c));
  }
}

#ifdef DJM_TOOL
TEST_CASE("djm cron next: every row of the oracle holds, in a process") {
  for (const auto& row : read_oracle_rows()) {
    process_options options;
    options.arguments = {DJM_TOOL, "cron",  "next",   row.expression, "--zone",  row.zone,
                         "--dst",  row.dst, "--from", row.start,      "--count", std::to_string(count_of(row))};
    options.error_file = "/dev/null";
    child_process child{options};
    std::istringstream out{child.read_rest(60s)};
    answer got;
    for (std::string line; std::getline(out, line);) {
      got.lines.push_back(line);
    }
    got.exit_code = child.wait(60s).value_or(-1);
    check(row, got);
  }
}
#endif
