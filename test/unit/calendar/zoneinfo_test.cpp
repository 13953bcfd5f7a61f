// The zones of this machine, as we read them and as the C library does.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <random>

#include <doctest/doctest.h>

#include "djm/local_time.hpp"
#include "djm/time_zone.hpp"

using namespace djm;
namespace fs = std::filesystem;

namespace {

std::vector<std::string> zone_names() {
  std::vector<std::string> result;
  const fs::path root{system_time_zones};
  for (auto i = fs::recursive_directory_iterator{root}; i != fs::recursive_directory_iterator{}; ++i) {
    const auto name = fs::relative(i->path(), root).string();
    // Copies of the others, and zones that count leap seconds.
    if (name == "posix" || name == "right") {
      i.disable_recursion_pending();
    } else if (i->is_regular_file() && is_time_zone_name(name)) {
      result.push_back(name);
    }
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::chrono::seconds offset_of_c_library(std::int64_t second) {
  const auto t = static_cast<std::time_t>(second);
  std::tm local{};
  localtime_r(&t, &local);
  return std::chrono::seconds{local.tm_gmtoff};
}

} // namespace

TEST_CASE("time zone: every zone of this machine shows what the C library shows, from 1900 to 2500") {
  const auto zones = time_zones_in();
  const auto from = parse_instant("1900-01-01T00:00:00Z").value();
  const auto to = parse_instant("2500-01-01T00:00:00Z").value();
  std::mt19937_64 random{1900};
  std::uniform_int_distribution<std::int64_t> seconds{from.time_since_epoch().count() / 1000,
                                                      to.time_since_epoch().count() / 1000};
  int compared = 0;
  for (const auto& name : zone_names()) {
    const auto zone = zones(name);
    if (!zone) {
      // Other files lie there, too, such as tables.
      CHECK(zone.error().text.find("\"TZif\"") != std::string::npos);
      continue;
    }
    ++compared;
    setenv("TZ", name.c_str(), 1);
    tzset();
    CAPTURE(name);
    std::vector<std::int64_t> instants;
    for (int i = 0; i < 200; ++i) {
      instants.push_back(seconds(random));
    }
    // On both sides of every change of these centuries, and of a later one.
    for (auto change = zone->next_change(from); change && change->from < to; change = zone->next_change(change->from)) {
      const auto at = change->from.time_since_epoch().count() / 1000;
      instants.insert(instants.end(), {at - 1, at, at + 1});
    }
    for (const auto second : instants) {
      const auto t = wall_time{std::chrono::seconds{second}};
      if (zone->offset_at(t) != offset_of_c_library(second)) {
        FAIL_CHECK(name << " at " << format_time(t) << ": " << zone->offset_at(t).count() << " s, the C library "
                        << offset_of_c_library(second).count() << " s");
        break;
      }
    }
  }
  unsetenv("TZ");
  tzset();
  CHECK(compared > 300);
  const auto version = time_zones_version();
  std::printf("figure: %d zones of tz database %s as the C library shows them\n", compared,
              version ? version->c_str() : "?");
}
