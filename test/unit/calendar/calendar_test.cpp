#include "djm/calendar.hpp"

#include <doctest/doctest.h>

#include "djm/local_time.hpp"
#include "djm/timetable.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

wall_time at(const char* text) {
  return parse_instant(text).value();
}

expected<time_zone> two_zones(std::string_view name) {
  if (name == "Europe/Berlin") {
    return time_zone::from_rule("Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3");
  }
  if (name == "America/New_York") {
    return time_zone::from_rule("America/New_York", "EST5EDT,M3.2.0,M11.1.0");
  }
  return fail(errc::invalid_schedule, "no zone " + std::string{name});
}

std::vector<std::string> slots(const calendar& c, const char* from, std::size_t count) {
  const auto table = timetable::make(c, two_zones);
  REQUIRE_MESSAGE(table, table.error().text);
  std::vector<std::string> result;
  for (const auto slot : table->next(at(from), count)) {
    result.push_back(format_local_time(slot, table->zone()));
  }
  return result;
}

using texts = std::vector<std::string>;

void check_text(const calendar& c, const std::string& text) {
  CHECK(to_string(c) == text);
  const auto again = parse_calendar(text);
  REQUIRE_MESSAGE(again, again.error().text);
  CHECK(*again == c);
  CHECK(to_string(*again) == text);
}

std::string refusal(const calendar& c) {
  const auto ok = c.check();
  REQUIRE_FALSE(ok);
  CHECK(ok.error().code == errc::invalid_schedule);
  return ok.error().text;
}

bool has(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("calendar: exceptions take out days as the clock shows them") {
  const auto nightly = cron("30 2 * * MON-FRI").zone("Europe/Berlin").except(cron("* * 24-26 12 *"));
  CHECK(slots(nightly, "2026-12-22T12:00:00+01:00", 4) ==
        texts{"2026-12-23T02:30:00+01:00", "2026-12-28T02:30:00+01:00", "2026-12-29T02:30:00+01:00",
              "2026-12-30T02:30:00+01:00"});
  // The day of Berlin, not that of UTC: at 00:30 it is still the 23rd there.
  CHECK(slots(cron("30 0 * * *").zone("Europe/Berlin").except(cron("* * 24 12 *")), "2026-12-22T12:00:00Z", 2) ==
        texts{"2026-12-23T00:30:00+01:00", "2026-12-25T00:30:00+01:00"});
  // Unless the exception says another zone.
  CHECK(slots(cron("30 0 * * *").zone("Europe/Berlin").except(cron("* * 24 12 *").zone("UTC")), "2026-12-23T12:00:00Z",
              2) == texts{"2026-12-24T00:30:00+01:00", "2026-12-26T00:30:00+01:00"});
}

TEST_CASE("calendar: an exception without seconds covers whole minutes, one with seconds covers seconds") {
  CHECK(slots(cron("*/20 * * * * *").except(cron("1 0 * * *")), "2026-01-01T00:00:40Z", 2) ==
        texts{"2026-01-01T00:02:00+00:00", "2026-01-01T00:02:20+00:00"});
  CHECK(slots(cron("*/20 * * * * *").except(cron("20 1 0 * * *")), "2026-01-01T00:00:40Z", 2) ==
        texts{"2026-01-01T00:01:00+00:00", "2026-01-01T00:01:40+00:00"});
  CHECK(slots(aligned(1500ms).except(cron("3 0 0 * * *")), "2026-01-01T00:00:00Z", 2) ==
        texts{"2026-01-01T00:00:01.500+00:00", "2026-01-01T00:00:04.500+00:00"});
}

TEST_CASE("calendar: a run that a gap moved is excepted by what the clock shows when it runs") {
  const auto moved = cron("30 2 * * *").zone("Europe/Berlin");
  CHECK(slots(moved.except(cron("* 3 * * *")), "2026-03-28T12:00:00Z", 1) == texts{"2026-03-30T02:30:00+02:00"});
  CHECK(slots(moved.except(cron("* 2 29 3 *")), "2026-03-28T12:00:00Z", 1) == texts{"2026-03-29T03:00:00+02:00"});
}

TEST_CASE("calendar: both passes of an overlap are excepted alike") {
  const auto hourly = cron("0 * * * *").zone("Europe/Berlin").except(cron("0 2 * * *"));
  CHECK(slots(hourly, "2026-10-25T01:00:00+02:00", 2) ==
        texts{"2026-10-25T03:00:00+01:00", "2026-10-25T04:00:00+01:00"});
}

TEST_CASE("calendar: exceptions may be grids and instants") {
  CHECK(slots(cron("*/5 * * * *").except(aligned(10min)), "2026-01-01T00:00:00Z", 2) ==
        texts{"2026-01-01T00:05:00+00:00", "2026-01-01T00:15:00+00:00"});
  CHECK(slots(cron("*/5 * * * *").except(once(at("2026-01-01T00:10:00Z"))), "2026-01-01T00:05:00Z", 1) ==
        texts{"2026-01-01T00:15:00+00:00"});
}

TEST_CASE("calendar: exceptions are skipped backward as well") {
  const auto table =
    timetable::make(cron("0 0 * * *").except(cron("* * 24-26 12 *")) | once(at("2026-12-25T12:00:00Z")), two_zones);
  REQUIRE(table);
  CHECK(table->previous(at("2026-12-27T00:00:00Z")) == at("2026-12-25T12:00:00Z"));
  CHECK(table->previous(at("2026-12-25T12:00:00Z")) == at("2026-12-23T00:00:00Z"));
}

TEST_CASE("calendar: long exceptions are leapt over, and a part that they leave nothing of is refused") {
  CHECK(slots(cron("* * * * * *").except(cron("* * * 1-11 *")), "2026-01-01T00:00:00Z", 1) ==
        texts{"2026-12-01T00:00:00+00:00"});
  // Halves of hours and of minutes that cover months together.
  CHECK(slots(cron("* * * * * *").except(cron("0-29 * * 1-11 *") | cron("30-59 * * 1-11 *")), "2026-01-01T00:00:00Z",
              1) == texts{"2026-12-01T00:00:00+00:00"});
  CHECK(slots(cron("* * * * * *").except(cron("0-29 * * * 1 *") | cron("30-59 * * * 1 *")), "2026-01-01T00:00:00Z",
              1) == texts{"2026-02-01T00:00:00+00:00"});
  for (const auto& nothing :
       {cron("0 0 25 12 *").except(cron("* * 24-26 12 *")), cron("* * * * *").except(cron("* * * * *")),
        aligned(1h).except(aligned(30min)), once(at("2026-01-01T00:00:00Z")).except(cron("0 0 1 1 *")),
        cron("*/2 * * * *").except(cron("*/2 * * * *"))}) {
    const auto table = timetable::make(nothing, two_zones);
    REQUIRE_FALSE(table);
    CHECK(table.error().code == errc::invalid_schedule);
    CHECK(has(table.error().text, "leave nothing"));
  }
}

TEST_CASE("calendar: a union has the slots of all its parts, each once") {
  const auto both = cron("0 9 * * MON-FRI").zone("Europe/Berlin") | cron("0 * * * SAT").zone("America/New_York") |
                    once(at("2026-01-05T08:00:00Z")) | aligned(24h, 9h);
  CHECK(slots(both, "2026-01-03T21:30:00-05:00", 6) == texts{"2026-01-04T04:00:00+01:00", "2026-01-04T05:00:00+01:00",
                                                             "2026-01-04T10:00:00+01:00", "2026-01-05T09:00:00+01:00",
                                                             "2026-01-05T10:00:00+01:00", "2026-01-06T09:00:00+01:00"});
}

TEST_CASE("calendar: a grid is counted from 1970 in UTC") {
  CHECK(slots(aligned(5min, 30s), "2026-01-01T00:00:30Z", 2) ==
        texts{"2026-01-01T00:05:30+00:00", "2026-01-01T00:10:30+00:00"});
  const auto table = timetable::make(aligned(7h, 1h), two_zones);
  REQUIRE(table);
  CHECK(table->next(wall_time{}) == wall_time{1h});
  CHECK(table->previous(wall_time{1h}) == wall_time{-6h});
  CHECK(table->next(wall_time{-6h}) == wall_time{1h});
}

TEST_CASE("calendar: an instant is due once") {
  const auto c = once(at("2026-03-01T00:00:00.250Z"));
  const auto table = timetable::make(c, nullptr);
  REQUIRE(table);
  CHECK(table->next(at("2026-03-01T00:00:00.249Z")) == at("2026-03-01T00:00:00.250Z"));
  CHECK_FALSE(table->next(at("2026-03-01T00:00:00.250Z")));
  CHECK(table->previous(at("2026-03-01T00:00:00.251Z")) == at("2026-03-01T00:00:00.250Z"));
  CHECK_FALSE(table->previous(at("2026-03-01T00:00:00.250Z")));
}

TEST_CASE("calendar: the two half past one of an overlap are two slots with ids of their own") {
  const auto table = timetable::make(cron("30 1 * * *").zone("America/New_York").dst(dst_rule::literal), two_zones);
  REQUIRE(table);
  const auto first = table->next(at("2026-11-01T00:00:00-04:00"));
  REQUIRE(first);
  const auto second = table->next(*first);
  REQUIRE(second);
  CHECK(slot_id(*first) == at("2026-11-01T01:30:00-04:00").time_since_epoch().count());
  CHECK(slot_id(*second) == slot_id(*first) + 3'600'000);
}

TEST_CASE("calendar: leap days come after eight years where a century has none") {
  CHECK(slots(cron("0 0 29 2 *"), "2096-02-29T00:00:00Z", 2) ==
        texts{"2104-02-29T00:00:00+00:00", "2108-02-29T00:00:00+00:00"});
  // A Sunday, and the next one is forty years later.
  CHECK(slots(cron("0 0 29 2 +SUN"), "2072-03-01T00:00:00Z", 2) ==
        texts{"2088-02-29T00:00:00+00:00", "2128-02-29T00:00:00+00:00"});
}

TEST_CASE("calendar: zone and rule are set where there is none yet") {
  CHECK(cron("CRON_TZ=America/New_York 0 9 * * *").zone("Europe/Berlin") == cron("0 9 * * *").zone("America/New_York"));
  CHECK(cron("0 9 * * *").zone("America/New_York").zone("Europe/Berlin") == cron("0 9 * * *").zone("America/New_York"));
  const auto both = (cron("0 9 * * *").zone("America/New_York") | cron("0 10 * * *")).zone("Europe/Berlin");
  CHECK(both == (cron("0 9 * * *").zone("America/New_York") | cron("0 10 * * *").zone("Europe/Berlin")));
  CHECK(cron("0 9 * * *").dst(dst_rule::once).dst(dst_rule::literal) == cron("0 9 * * *").dst(dst_rule::once));
  CHECK(cron("0 9 * * *").zone("UTC") == cron("0 9 * * *"));
  // A grid has no zone, its exceptions have.
  CHECK(aligned(1h).except(cron("0 9 * * *")).zone("Europe/Berlin") ==
        aligned(1h).except(cron("0 9 * * *").zone("Europe/Berlin")));
}

TEST_CASE("calendar: names and numbers are the same, other fields, zones, rules and exceptions are not") {
  CHECK(cron("0 0 1 jan MON") == cron("00 0 1 1 1"));
  CHECK(cron("@daily") == cron("0 0 * * *"));
  CHECK(cron("0 0 * * ?") == cron("0 0 * * *"));
  CHECK(cron("0-59 0-23 * * *") != cron("* * * * *")); // the second one follows the clock
  const auto c = cron("0 0 * * *");
  CHECK(c != cron("0 0 0 * * *")); // covers seconds as an exception
  CHECK(c != cron("0 1 * * *"));
  CHECK(c != c.zone("Europe/Berlin"));
  CHECK(c != c.dst(dst_rule::once));
  CHECK(c != c.except(cron("* * 1 1 *")));
  CHECK(c != (c | c));
  CHECK(c != aligned(24h));
  CHECK(aligned(24h) != aligned(24h, 1h));
  CHECK(once(wall_time{}) != once(wall_time{1ms}));
  CHECK(c.dst({gap_rule::skip, overlap_rule::both}) == c.dst(dst_rule::literal));
  CHECK(c.dst({gap_rule::run_after, overlap_rule::first}) == c.dst(dst_rule::once));
}

TEST_CASE("calendar: texts are read as what was written") {
  check_text(cron(" 030  2 * * mon-fri ").zone("Europe/Berlin"), "cron \"30 2 * * MON-FRI\" zone Europe/Berlin");
  check_text(cron("@hourly").zone("UTC").dst(dst_rule::cron), "cron \"0 * * * *\"");
  check_text(cron("0 0 ? * +mon#2").dst(dst_rule::literal), "cron \"0 0 * * +MON#2\" dst literal");
  check_text(cron("0 0 l-3w * *").dst({gap_rule::skip, overlap_rule::first}), "cron \"0 0 L-3W * *\" dst skip+first");
  check_text(cron("00 00 00 1 1 * 2030,2040"), "cron \"0 0 0 1 1 * 2030,2040\"");
  check_text(aligned(5min, 30s), "aligned 5min phase 30s");
  check_text(aligned(24h * 366), "aligned 8784h");
  check_text(once(at("2026-01-31T08:00:00.001Z")), "once 2026-01-31T08:00:00.001Z");
  check_text((cron("0 9 * * *") | aligned(1h)).zone("Europe/Berlin").except(cron("* * 25 12 *") | once(wall_time{})),
             "cron \"0 9 * * *\" zone Europe/Berlin except cron \"* * 25 12 *\" except once 1970-01-01T00:00:00.000Z "
             "or aligned 1h except cron \"* * 25 12 *\" except once 1970-01-01T00:00:00.000Z");
  check_text(cron("0 9 * * *").zone("Europe/Berlin").except(cron("* * 25 12 *").zone("UTC")),
             "cron \"0 9 * * *\" zone Europe/Berlin except cron \"* * 25 12 *\" zone UTC");
}

TEST_CASE("calendar: texts that nobody writes are refused with what is wrong") {
  const std::pair<const char*, const char*> cases[] = {
    {"", "neither cron, aligned nor once"},
    {"cron", "quotation marks"},
    {"cron \"0 0 * * *", "quotation marks"},
    {"cron \"0 0 * * *\"zone UTC", "quotation marks"},
    {"cron 0 0 * * *", "quotation marks"},
    {"cron \"0 0 * *\"", "there are 5, 6 or 7 fields"},
    {"cron \"0 0 * * *\" ", "one blank"},
    {"cron \"0 0 * * *\"  zone UTC", "one blank"},
    {"cron \"0 0 * * *\" zone", "the zone is missing"},
    {"cron \"0 0 * * *\" zone ../etc/passwd", "is no name of the tz database"},
    {"cron \"0 0 * * *\" dst sometimes", "is no rule"},
    {"cron \"0 0 * * *\" dst skip+", "is no rule"},
    {"cron \"0 0 * * *\" and", "neither or nor except"},
    {"cron \"0 0 * * *\" or", "neither cron, aligned nor once"},
    {"aligned", "the interval is missing"},
    {"aligned 5m", "5m"},
    {"aligned 5min phase 5min", "the phase is 5min"},
    {"aligned 5min phase -1s", "the phase is -1s"},
    {"aligned 999ms", "the interval is 999ms"},
    {"aligned 1000500us", "whole milliseconds"},
    {"aligned 8785h", "the interval"},
    {"once 2026-01-31", "2026-01-31"},
    {"once 2026-01-31T08:00:00Z", "milliseconds"},
  };
  for (const auto& [text, why] : cases) {
    const auto c = parse_calendar(text);
    const auto& logged = text;
    CAPTURE(logged);
    REQUIRE_FALSE(c);
    CHECK(c.error().code == errc::invalid_schedule);
    CHECK_MESSAGE(has(c.error().text, why), c.error().text);
  }
}

TEST_CASE("calendar: the first thing that was refused is kept through a chain of calls") {
  const auto bad = cron("61 * * * *").zone("Europe/Berlin").except(cron("x")).dst(dst_rule::once) | cron("y");
  CHECK(has(refusal(bad), "61"));
  CHECK(has(refusal(cron("* * * * *").except(cron("x"))), "\"x\""));
  CHECK(has(refusal(cron("* * * * *") | cron("y")), "\"y\""));
  CHECK(has(refusal(cron("* * * * *").zone("/etc/passwd")), "/etc/passwd"));
  CHECK(has(refusal(cron("* * * * *").except(cron("0 * * * *").except(cron("0 0 * * *")))), "exceptions itself"));
  CHECK(has(refusal(calendar{}), "without any part"));
  CHECK(has(refusal(cron("* * * * *").except(calendar{})), "without any part"));
  CHECK(has(refusal(once(wall_time::max())), "years 0000 to 9999"));
  CHECK(has(refusal(once(wall_time::min())), "years 0000 to 9999"));
  auto large = cron("* * * * *");
  for (int i = 0; i < 8; ++i) {
    const auto half = large;
    large = half | large;
  }
  CHECK(large.check());
  CHECK(parse_calendar(to_string(large)));
  CHECK(has(refusal(large | once(wall_time{})), "257 parts"));
  CHECK(has(refusal(large.except(once(wall_time{}))), "512 parts"));
}

TEST_CASE("calendar: a zone that is not there is refused when it is asked for") {
  const auto table = timetable::make(cron("0 0 * * *").zone("Mars/Olympus"), two_zones);
  REQUIRE_FALSE(table);
  CHECK(has(table.error().text, "Mars/Olympus"));
  CHECK_FALSE(timetable::make(cron("0 0 * * *").except(cron("0 0 1 * *").zone("Mars/Olympus")), two_zones));
  CHECK_FALSE(timetable::make(cron("0 0 * * *").zone("Europe/Berlin"), nullptr));
  CHECK(timetable::make(cron("0 0 * * *"), nullptr));
  CHECK_FALSE(timetable::make(calendar{}, two_zones));
}

TEST_CASE("calendar: rules for changed clocks have names") {
  for (const auto* name : {"cron", "literal", "once", "skip+first", "run_after+both"}) {
    const auto choice = dst_choice_of(name);
    REQUIRE(choice);
    CHECK(to_string(*choice) == name);
  }
  CHECK(to_string(dst_choice_of("skip+both").value()) == "literal");
  CHECK(to_string(dst_choice_of("run_after+first").value()) == "once");
  for (const auto* name : {"", "+", "skip", "skip+", "+both", "both+skip", "Cron", "skip+both+"}) {
    CHECK_FALSE(dst_choice_of(name));
  }
}
