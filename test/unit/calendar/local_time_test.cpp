#include "djm/local_time.hpp"

#include <doctest/doctest.h>

using namespace djm;
using namespace std::chrono_literals;

TEST_CASE("local time: instants are shown as the zone's clocks show them") {
  const auto zone =
    time_zone::from_changes("Z", 53min + 28s, {{wall_time{}, -3h - 30min}, {wall_time{1h}, 14h}}).value();
  CHECK(format_local_time(wall_time{-1ms}, zone) == "1970-01-01T00:53:27.999+00:53:28");
  CHECK(format_local_time(wall_time{}, zone) == "1969-12-31T20:30:00-03:30");
  CHECK(format_local_time(wall_time{1h}, zone) == "1970-01-01T15:00:00+14:00");
  CHECK(format_local_time(wall_time{1h + 5ms}, zone) == "1970-01-01T15:00:00.005+14:00");
  CHECK(format_local_time(wall_time{}, time_zone{}) == "1970-01-01T00:00:00+00:00");
  CHECK(format_local_time(wall_time::max(), zone).substr(0, 10) == "9999-12-31");
  CHECK(format_local_time(wall_time::min(), zone).substr(0, 10) == "0000-01-01");
}

TEST_CASE("local time: instants are read in the forms that people write") {
  const auto want = wall_time{1'774'746'000s}; // 2026-03-29T01:00:00Z
  for (const auto* text :
       {"2026-03-29T01:00:00Z", "2026-03-29T01:00Z", "2026-03-29 01:00:00Z", "2026-03-29T03:00:00+02:00",
        "2026-03-29T03:00:00+0200", "2026-03-29T03:00+02", "2026-03-28T21:30:00-03:30", "2026-03-29T01:53:28+00:53:28",
        "2026-03-29T01:00:00.000Z", "2026-03-29T01:00:00.0Z"}) {
    CAPTURE(text);
    CHECK(parse_instant(text) == want);
  }
  CHECK(parse_instant("2026-03-29T01:00:00.5Z") == want + 500ms);
  CHECK(parse_instant("2026-03-29T01:00:00.25Z") == want + 250ms);
  CHECK(parse_instant("2026-03-29T01:00:00.125+00:00") == want + 125ms);
}

TEST_CASE("local time: a text that is no instant is refused with the text") {
  for (const auto* text : {"",
                           "now",
                           "2026-03-29",
                           "2026-03-29T01:00:00",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-03-32T00:00:00Z",
                           "2026-03-29T24:00:00Z",
                           "2026-03-29T00:60:00Z",
                           "2026-03-29T00:00:60Z",
                           "2026-03-29T00:00:00.Z",
                           "2026-03-29T00:00:00.1234Z",
                           "2026-03-29T00:00:00Zx",
                           "2026-03-29T00:00:00+",
                           "2026-03-29T00:00:00+2",
                           "2026-03-29T00:00:00+27:00",
                           "2026-03-29T00:00:00+02:60",
                           "2026-3-29T00:00:00Z",
                           "26-03-29T00:00:00Z",
                           "2026-03-29t00:00:00Z",
                           "2026-03-29T00:00:00+02:00:"}) {
    CAPTURE(text);
    const auto t = parse_instant(text);
    REQUIRE_FALSE(t);
    CHECK(t.error().code == errc::invalid_config);
  }
}
