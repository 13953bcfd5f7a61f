#include "djm/time_zone.hpp"

#include <fstream>
#include <random>

#include <doctest/doctest.h>

#include "djm/local_time.hpp"
#include "test/support/temp_dir.hpp"
#include "test/unit/calendar/tzif_bytes.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

wall_time wall(const char* text) {
  return parse_instant(text).value();
}

std::int64_t second(const char* text) {
  return wall(text).time_since_epoch().count() / 1000;
}

/// Berlin with the two changes of 2025 and what came long before.
tzif_file berlin() {
  tzif_file f;
  f.types = {{3208, false}, {3600, false}, {7200, true}};
  f.changes = {
    {second("1893-03-31T23:06:32Z"), 1}, {second("2025-03-30T01:00:00Z"), 2}, {second("2025-10-26T01:00:00Z"), 1}};
  f.footer = "CET-1CEST,M3.5.0,M10.5.0/3";
  return f;
}

std::string shown(const time_zone& zone, const char* utc) {
  return format_local_time(wall(utc), zone);
}

/// The first changes after an instant.
texts changes(const time_zone& zone, const char* from, int count) {
  texts result;
  auto t = wall(from);
  for (int i = 0; i < count; ++i) {
    const auto change = zone.next_change(t);
    if (!change) {
      break;
    }
    t = change->from;
    CHECK(zone.offset_at(t) == change->offset);
    CHECK(zone.offset_at(t - 1ms) != change->offset);
    result.push_back(format_local_time(t, zone));
  }
  return result;
}

texts changes(const char* rule, const char* from) {
  const auto zone = time_zone::from_rule("Ruled", rule);
  REQUIRE_MESSAGE(zone, zone.error().text);
  return changes(*zone, from, 2);
}

std::string refusal(std::string_view bytes) {
  const auto zone = time_zone::parse("Test/Zone", bytes);
  REQUIRE_FALSE(zone);
  CHECK(zone.error().code == errc::invalid_file);
  CHECK(zone.error().text.find("Test/Zone") != std::string::npos);
  return zone.error().text;
}

bool says(const std::string& text, const char* part) {
  return text.find(part) != text.npos;
}

} // namespace

TEST_CASE(
  "time zone: files of versions 2 to 4, fat or slim, are read to their end and go on with the rule of their footer") {
  for (const char version : {'2', '3', '4'}) {
    for (const bool fat : {false, true}) {
      auto f = berlin();
      f.version = version;
      f.fat = fat;
      const auto zone = time_zone::parse("Europe/Berlin", bytes_of(f));
      REQUIRE_MESSAGE(zone, zone.error().text);
      CHECK(zone->name() == "Europe/Berlin");
      CHECK(shown(*zone, "1850-01-01T00:00:00Z") == "1850-01-01T00:53:28+00:53:28");
      CHECK(shown(*zone, "1893-03-31T23:06:31Z") == "1893-03-31T23:59:59+00:53:28");
      CHECK(shown(*zone, "1893-03-31T23:06:32Z") == "1893-04-01T00:06:32+01:00");
      CHECK(shown(*zone, "2025-03-30T00:59:59Z") == "2025-03-30T01:59:59+01:00");
      CHECK(shown(*zone, "2025-03-30T01:00:00Z") == "2025-03-30T03:00:00+02:00");
      CHECK(shown(*zone, "2026-03-29T01:00:00Z") == "2026-03-29T03:00:00+02:00");
      CHECK(shown(*zone, "2026-10-25T01:00:00Z") == "2026-10-25T02:00:00+01:00");
      CHECK(shown(*zone, "2100-03-28T00:59:59Z") == "2100-03-28T01:59:59+01:00");
      CHECK(shown(*zone, "9998-03-29T01:00:00Z") == "9998-03-29T03:00:00+02:00");
    }
  }
}

TEST_CASE("time zone: a file of version 1 ends with its last change") {
  auto f = berlin();
  f.version = 0;
  f.changes.erase(f.changes.begin());
  const auto zone = time_zone::parse("Old", bytes_of(f));
  REQUIRE_MESSAGE(zone, zone.error().text);
  CHECK(shown(*zone, "2025-07-01T00:00:00Z") == "2025-07-01T02:00:00+02:00");
  CHECK(shown(*zone, "1969-07-01T00:00:00Z") == "1969-07-01T00:53:28+00:53:28");
  CHECK(shown(*zone, "2026-07-01T00:00:00Z") == "2026-07-01T01:00:00+01:00");
  CHECK_FALSE(zone->next_change(wall("2026-01-01T00:00:00Z")));
}

TEST_CASE("time zone: without changes the footer says everything, without a footer the first type does") {
  auto f = berlin();
  f.changes.clear();
  const auto ruled = time_zone::parse("Ruled", bytes_of(f));
  REQUIRE(ruled);
  CHECK(shown(*ruled, "1500-07-01T00:00:00Z") == "1500-07-01T02:00:00+02:00");
  f.footer.clear();
  const auto fixed = time_zone::parse("Fixed", bytes_of(f));
  REQUIRE(fixed);
  CHECK(shown(*fixed, "2026-07-01T00:00:00Z") == "2026-07-01T00:53:28+00:53:28");
}

TEST_CASE("time zone: changes before the first year and after the last one do no harm") {
  auto f = berlin();
  f.changes = {
    {std::numeric_limits<std::int64_t>::min(), 2}, {-(1ll << 59), 1}, {std::numeric_limits<std::int64_t>::max(), 2}};
  const auto zone = time_zone::parse("Wide", bytes_of(f));
  REQUIRE(zone);
  CHECK(shown(*zone, "2026-07-01T00:00:00Z") == "2026-07-01T01:00:00+01:00");
  CHECK_FALSE(zone->next_change(wall("0000-01-01T00:00:00Z")));
}

TEST_CASE("time zone: rules of POSIX mean what they say") {
  CHECK(changes("EST5", "2026-01-01T00:00:00Z") == texts{});
  CHECK(changes("EST5EDT,M3.2.0,M11.1.0", "2026-01-01T00:00:00Z") ==
        texts{"2026-03-08T03:00:00-04:00", "2026-11-01T01:00:00-05:00"});
  // Without and with 29 February.
  CHECK(changes("AAA0BBB,J60/0,J365/24", "2024-01-01T00:00:00Z") ==
        texts{"2024-03-01T01:00:00+01:00", "2024-12-31T23:00:00+00:00"});
  CHECK(changes("AAA0BBB,J59/0,J60/0", "2023-01-01T00:00:00Z") ==
        texts{"2023-02-28T01:00:00+01:00", "2023-02-28T23:00:00+00:00"});
  CHECK(changes("AAA0BBB,59/0,60/0", "2024-01-01T00:00:00Z") ==
        texts{"2024-02-29T01:00:00+01:00", "2024-02-29T23:00:00+00:00"});
  CHECK(changes("AAA0BBB,59/0,60/0", "2023-01-01T00:00:00Z") ==
        texts{"2023-03-01T01:00:00+01:00", "2023-03-01T23:00:00+00:00"});
  // Times before the day and long after it.
  CHECK(changes("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-01-01T00:00:00Z") ==
        texts{"2026-03-29T00:00:00-01:00", "2026-10-24T23:00:00-02:00"});
  CHECK(changes("IST-2IDT,M3.4.4/26,M10.5.0", "2026-01-01T00:00:00Z") ==
        texts{"2026-03-27T03:00:00+03:00", "2026-10-25T01:00:00+02:00"});
  CHECK(changes("AAA0BBB,0/167,J365/-167", "2026-01-01T00:00:00Z") ==
        texts{"2026-01-08T00:00:00+01:00", "2026-12-24T00:00:00+00:00"});
  CHECK(changes("AAA0BBB,J365/167,J180", "2026-01-01T00:00:00Z") ==
        texts{"2026-01-07T00:00:00+01:00", "2026-06-29T01:00:00+00:00"});
  // Winter as the exception, half an hour, seconds, an offset that is not an hour.
  CHECK(changes("IST-1GMT0,M10.5.0,M3.5.0/1", "2026-01-01T00:00:00Z") ==
        texts{"2026-03-29T02:00:00+01:00", "2026-10-25T01:00:00+00:00"});
  CHECK(changes("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", "2026-01-01T00:00:00Z") ==
        texts{"2026-04-05T01:30:00+10:30", "2026-10-04T02:30:00+11:00"});
  CHECK(changes("AAA1:02:03BBB,M1.1.0/01:02:03,M2.1.0/1", "2026-01-01T12:00:00Z") ==
        texts{"2026-01-04T02:02:03-00:02:03", "2026-02-01T00:00:00-01:02:03"});
  // Daylight saving time all year, as files say it.
  CHECK(changes("XXX3EDT4,0/0,J365/23", "2026-01-01T00:00:00Z") == texts{});
  CHECK(shown(time_zone::from_rule("All year", "XXX3EDT4,0/0,J365/23").value(), "2026-12-31T23:59:59Z") ==
        "2026-12-31T19:59:59-04:00");
}

TEST_CASE("time zone: a text that is no rule of POSIX is refused") {
  for (const auto* rule : {"",
                           "E",
                           "ES5",
                           "EST",
                           "EST5EDT",
                           "EST5EDT4",
                           "EST5EDT,",
                           "EST5EDT,M3.2.0",
                           "EST5EDT,M3.2.0,",
                           "EST5EDT,M3.2.0,M11.1.0,",
                           "EST5EDT,M3.2.0,M11.1.0x",
                           "EST25",
                           "EST5:60",
                           "EST5:00:60",
                           "EST5:",
                           "EST5EDT,M0.2.0,M11.1.0",
                           "EST5EDT,M13.2.0,M11.1.0",
                           "EST5EDT,M3.0.0,M11.1.0",
                           "EST5EDT,M3.6.0,M11.1.0",
                           "EST5EDT,M3.2.7,M11.1.0",
                           "EST5EDT,M3.2,M11.1.0",
                           "EST5EDT,J0,J1",
                           "EST5EDT,J366,J1",
                           "EST5EDT,366,1",
                           "EST5EDT,M3.2.0/168,M11.1.0",
                           "EST5EDT,M3.2.0/-168,M11.1.0",
                           "<EST5",
                           "<E>5",
                           "E_T5",
                           "EST+-5",
                           "EST 5",
                           ":Europe/Berlin",
                           "EST5EDT,M3.2.0;M11.1.0",
                           "EST5EDT,M3-2-0,M11.1.0"}) {
    const auto zone = time_zone::from_rule("Ruled", rule);
    CAPTURE(rule);
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == errc::invalid_schedule);
    CHECK(says(zone.error().text, "none of POSIX"));
  }
}

TEST_CASE("time zone: bytes that are no TZif file are refused with what is wrong") {
  CHECK(says(refusal(""), "ends too early"));
  CHECK(says(refusal("TZi"), "ends too early"));
  CHECK(says(refusal("TZIF2" + std::string(100, '\0')), "does not begin with"));
  auto f = berlin();
  f.version = '5';
  CHECK(says(refusal(bytes_of(f)), "version"));
  f = berlin();
  f.version = 0;
  f.types.clear();
  f.changes.clear();
  CHECK(says(refusal(bytes_of(f)), "no type of local time"));
  f = berlin();
  f.leaps = 1;
  CHECK(says(refusal(bytes_of(f)), "leap seconds"));
  f = berlin();
  f.types[1].offset = 26 * 3600 + 1;
  CHECK(says(refusal(bytes_of(f)), "offset"));
  f.types[1].offset = -26 * 3600 - 1;
  CHECK(says(refusal(bytes_of(f)), "offset"));
  f = berlin();
  f.changes[2].first = f.changes[1].first;
  CHECK(says(refusal(bytes_of(f)), "order of time"));
  f = berlin();
  f.changes[1].second = 3;
  CHECK(says(refusal(bytes_of(f)), "type of local time that is not there"));
  f = berlin();
  f.footer = "CET-1CEST";
  CHECK(says(refusal(bytes_of(f)), "footer is no rule"));
  CHECK(says(refusal(bytes_of(berlin()).substr(0, bytes_of(berlin()).size() - 1)), "between new lines"));
}

TEST_CASE("time zone: a file that is cut anywhere is refused, and changed bytes never end badly") {
  const auto good = bytes_of(berlin());
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(time_zone::parse("Cut", std::string_view{good}.substr(0, size)));
  }
  std::mt19937 random{5};
  for (int i = 0; i < 3000; ++i) {
    auto bytes = good;
    for (int n = 1 + static_cast<int>(random() % 4); n > 0; --n) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (const auto zone = time_zone::parse("Changed", bytes)) {
      const auto t = wall_time{std::chrono::seconds{random()}};
      const auto change = zone->next_change(t);
      CHECK((!change || (change->from > t && zone->offset_at(change->from) == change->offset)));
    }
  }
}

TEST_CASE("time zone: made up by hand, changes are in order and in whole seconds") {
  const auto zone = time_zone::from_changes(
    "Mine", 1h,
    {{wall("2026-01-01T00:00:00Z"), 2h}, {wall("2026-01-02T00:00:00Z"), 2h}, {wall("2026-01-03T00:00:00Z"), -30min}});
  REQUIRE(zone);
  CHECK(zone->name() == "Mine");
  CHECK(changes(*zone, "2025-01-01T00:00:00Z", 5) == texts{"2026-01-01T02:00:00+02:00", "2026-01-02T23:30:00-00:30"});
  CHECK_FALSE(time_zone::from_changes("Mine", 27h, {}));
  CHECK_FALSE(time_zone::from_changes("Mine", 1h, {{wall("2026-01-01T00:00:00Z"), -27h}}));
  CHECK_FALSE(time_zone::from_changes("Mine", 1h, {{wall("2026-01-01T00:00:00.001Z"), 2h}}));
  CHECK_FALSE(
    time_zone::from_changes("Mine", 1h, {{wall("2026-01-01T00:00:00Z"), 2h}, {wall("2026-01-01T00:00:00Z"), 3h}}));
  CHECK(time_zone{}.name() == "UTC");
  CHECK(time_zone{}.offset_at(wall_time::max()) == 0s);
  CHECK_FALSE(time_zone{}.next_change(wall_time::min()));
}

TEST_CASE("time zone: names are parts of letters, digits and a few marks") {
  for (const auto* name :
       {"UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "America/Port-au-Prince", "EST5EDT"}) {
    CHECK(is_time_zone_name(name));
  }
  for (const auto* name : {"", "/", "/etc/passwd", "Europe/", "Europe//Berlin", "..", "../x", "a/..", "a/./b", "a b",
                           "a\nb", "a\\b", "\xc3\xa4"}) {
    CAPTURE(name);
    CHECK_FALSE(is_time_zone_name(name));
  }
  CHECK(is_time_zone_name(std::string(120, 'a')));
  CHECK_FALSE(is_time_zone_name(std::string(121, 'a')));
}

TEST_CASE("time zone: a folder of files is a source of zones") {
  const temp_dir folder;
  const auto write = [&](const char* name, const std::string& bytes) {
    std::ofstream{folder.path() / name, std::ios::binary} << bytes;
  };
  write("Berlin", bytes_of(berlin()));
  write("Broken", "TZif");
  write("Large", std::string((1 << 20) + 1, 'x'));
  std::filesystem::create_directory(folder.path() / "Folder");
  const auto zones = time_zones_in(folder.path().string());
  const auto zone = zones("Berlin");
  REQUIRE(zone);
  CHECK(zone->name() == "Berlin");
  CHECK(shown(*zone, "2026-07-01T00:00:00Z") == "2026-07-01T02:00:00+02:00");
  CHECK(zones("UTC"));
  CHECK(zones("Nowhere").error().code == errc::invalid_schedule);
  CHECK(zones("../Berlin").error().code == errc::invalid_schedule);
  CHECK(zones("Broken").error().code == errc::invalid_file);
  CHECK(zones("Folder").error().code == errc::invalid_file);
  CHECK(says(zones("Large").error().text, "1 MiB"));
  CHECK(time_zones_version(folder.path().string()).error().code == errc::invalid_file);
  write("tzdata.zi", "# version 2025b\n# ...\n");
  CHECK(time_zones_version(folder.path().string()) == std::string{"2025b"});
  write("+VERSION", "2026a\n");
  CHECK(time_zones_version(folder.path().string()) == std::string{"2026a"});
  write("+VERSION", "what?\n");
  CHECK(time_zones_version(folder.path().string()) == std::string{"2025b"});
}
