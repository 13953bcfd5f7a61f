// Calendars as texts, and cron expressions. Input: the text itself.
#include "djm/calendar.hpp"

#include <chrono>
#include <string>

#include "djm/timetable.hpp"
#include "test/fuzz/fuzz.hpp"

namespace {

using namespace djm;
using djm::fuzz::require;

void check_refusal(const error& e) {
  require(e.code == errc::invalid_schedule, "a refusal is invalid_schedule");
  require(fuzz::is_one_line(e.text), "a refusal is one line");
  require(e.text.size() < 4000, "a refusal is short, however long the text");
}

/// Every zone has a rule, so that no file is read.
expected<time_zone> rule_of(std::string_view name) {
  return time_zone::from_rule(std::string{name}, name.size() % 2 == 0 ? "CET-1CEST,M3.5.0,M10.5.0/3"
                                                                      : "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
}

void check_slots(const timetable& table, wall_time t) {
  using std::chrono::milliseconds;
  for (int i = 0; i < 3; ++i) {
    const auto slot = table.next(t);
    if (!slot) {
      return;
    }
    require(*slot > t, "the next slot is later");
    require(table.next(*slot - milliseconds{1}) == slot, "it is the next one up to itself");
    require(table.next(t + (*slot - t) / 2) == slot, "and from halfway");
    require(table.previous(*slot + milliseconds{1}) == slot, "and the previous one behind itself");
    t = *slot;
  }
}

void check_calendar(const calendar& c) {
  const auto text = to_string(c);
  const auto again = parse_calendar(text);
  require(again && *again == c, "a calendar that is written reads as the same");
  require(to_string(*again) == text, "and is written as the same");
  for (const auto rule : {dst_rule::cron, dst_rule::literal, dst_rule::once}) {
    const auto table = timetable::make(c.zone("Some/Zone").dst(rule), rule_of);
    if (!table) {
      check_refusal(table.error());
      continue;
    }
    check_slots(*table, wall_time{std::chrono::hours{24 * 20'500}}); // 2026
    check_slots(*table, wall_time{std::chrono::hours{24 * 20'541}}); // the spring of that year
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto expression = cron(text);
  if (const auto ok = expression.check(); !ok) {
    check_refusal(ok.error());
    require(to_string(expression).empty(), "what is refused has no text");
  } else {
    check_calendar(expression);
  }
  if (const auto c = parse_calendar(text)) {
    check_calendar(*c);
  } else {
    check_refusal(c.error());
  }
  return 0;
}
