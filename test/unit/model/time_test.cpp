#include "djm/time.hpp"

#include <limits>

#include <doctest/doctest.h>

using namespace djm;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

TEST_CASE("a duration prints in the largest unit that is exact") {
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(250ms) == "250ms");
  CHECK(format_duration(1000ms) == "1s");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(120s) == "2min");
  CHECK(format_duration(60min) == "1h");
  CHECK(format_duration(24h) == "24h");
  CHECK(format_duration(1500us) == "1500us");
  CHECK(format_duration(1ns) == "1ns");
  CHECK(format_duration(1s + 1ns) == "1000000001ns");
  CHECK(format_duration(-5s) == "-5s");
  CHECK(format_duration(duration::max()) == "9223372036854775807ns");
  CHECK(format_duration(duration::min()) == "-9223372036854775808ns");
}

TEST_CASE("what prints can be read") {
  for (const auto d : {duration{0}, duration{1}, duration{-1}, duration{999}, duration{1ms}, duration{15min},
                       duration{-3h}, duration::max(), duration::min()}) {
    const auto back = parse_duration(format_duration(d));
    REQUIRE(back);
    CHECK(*back == d);
  }
  CHECK(parse_duration("007s") == duration{7s});
  CHECK(parse_duration("2562047h") == duration{2562047h});
}

TEST_CASE("a text that is no duration is refused with the text") {
  for (const auto* text : {"", "s", "10", "10 s", " 10s", "10s ", "1.5s", "+1s", "--1s", "10S", "10sec", "10m", "10d",
                           "0x1s", "1e3s", "10ss", "ten s", "10s\n"}) {
    const auto result = parse_duration(text);
    CAPTURE(text);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == errc::invalid_config);
    CHECK(result.error().text.find("is not an integer followed by ns, us, ms, s, min or h") != std::string::npos);
  }
  CHECK(parse_duration("10 s").error().text.find("\"10 s\"") != std::string::npos);
  CHECK_FALSE(parse_duration(std::string_view{"1s\0", 3}));
}

TEST_CASE("a duration that overflows is refused, not wrapped") {
  for (const auto* text :
       {"9223372036854775808ns", "9223372037s", "2562048h", "-2562048h", "99999999999999999999999h"}) {
    const auto result = parse_duration(text);
    CAPTURE(text);
    REQUIRE_FALSE(result);
    CHECK(result.error().text.find("too long to be represented") != std::string::npos);
  }
}

TEST_CASE("times print in UTC with milliseconds and can be read") {
  const auto at = [](std::int64_t ms) { return format_time(wall_time{milliseconds{ms}}); };
  CHECK(at(0) == "1970-01-01T00:00:00.000Z");
  CHECK(at(1'000'000'000'123) == "2001-09-09T01:46:40.123Z");
  CHECK(at(951'782'400'000) == "2000-02-29T00:00:00.000Z");
  CHECK(at(951'868'799'999) == "2000-02-29T23:59:59.999Z");
  CHECK(at(4'107'542'400'000) == "2100-03-01T00:00:00.000Z"); // 2100 is no leap year
  CHECK(at(-1) == "1969-12-31T23:59:59.999Z");
  CHECK(at(std::numeric_limits<std::int64_t>::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(at(std::numeric_limits<std::int64_t>::min()) == "0000-01-01T00:00:00.000Z");
  for (std::int64_t ms = -62'000'000'000'000; ms < 250'000'000'000'000; ms += 777'777'777'777) {
    const auto back = parse_time(at(ms));
    REQUIRE(back);
    CHECK(back->time_since_epoch().count() == ms);
  }
}

TEST_CASE("a text that is no time is refused") {
  for (const auto* text :
       {"", "2001-09-09", "2001-09-09T01:46:40Z", "2001-02-29T00:00:00.000Z", "2001-13-01T00:00:00.000Z",
        "2001-00-10T00:00:00.000Z", "2001-01-01T24:00:00.000Z", "2001-01-01T00:60:00.000Z", "2001-01-01T00:00:60.000Z",
        "2001-01-01 00:00:00.000Z", "x001-01-01T00:00:00.000Z"}) {
    CHECK_FALSE_MESSAGE(parse_time(text), text);
  }
}

TEST_CASE("time: what is too long for nanoseconds saturates instead of wrapping round") {
  CHECK(saturate(std::chrono::hours{5124096}) == duration::max());
  CHECK(saturate(std::chrono::hours{-5124096}) == duration::min());
  CHECK(saturate(std::chrono::hours::max()) == duration::max());
  CHECK(saturate(std::chrono::hours::min()) == duration::min());
  CHECK(saturate(duration::max()) == duration::max());
  CHECK(saturate(std::chrono::duration<double>{1e300}) == duration::max());
  CHECK(saturate(std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()}) == duration::zero());
  CHECK(saturate(std::chrono::hours{24 * 3650}) == duration{std::chrono::hours{24 * 3650}});
  CHECK(saturate(1500ms) == duration{1500ms});
  CHECK(duration{any_duration{std::chrono::hours::max()}} == duration::max());
  any_duration x;
  CHECK(x == 0s);
  x = std::chrono::hours::min();
  CHECK(x == duration::min());
  optional_duration y;
  CHECK_FALSE(y.has_value());
  y = std::chrono::hours::max();
  CHECK(y == optional_duration{duration::max()});
  y = std::nullopt;
  CHECK(y == optional_duration{});
}

TEST_CASE("time: a duration in a message can be read by people") {
  CHECK(describe_duration(0s) == "0s");
  CHECK(describe_duration(1500ms) == "1500ms");
  CHECK(describe_duration(1s + 1ns) == "1000000001ns");
  CHECK(describe_duration(1h + 1ns) == "3600000000001ns"); // what is close to a bound is told exactly
  CHECK(describe_duration(std::chrono::hours{24 * 3650}) == "87600h");
  CHECK(describe_duration(std::chrono::hours{24 * 3650} + 1ns) == "about 3650 days");
  CHECK(describe_duration(std::chrono::hours{-24 * 300} - 1ns) == "about -300 days");
  CHECK(describe_duration(duration::max()) == "292 years or more");
  CHECK(describe_duration(duration::min()) == "292 years or more below zero");
}
