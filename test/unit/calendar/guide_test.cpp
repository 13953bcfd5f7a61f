// The C++ of the guide's page on calendars.
#include <doctest/doctest.h>

#include "djm/calendar.hpp"
#include "djm/jitter.hpp"
#include "djm/local_time.hpp"
#include "djm/timetable.hpp"

using namespace std::chrono_literals;

TEST_CASE("guide: a calendar is made, checked, shown and read") {
  const auto nightly =
    djm::cron("30 2 * * MON-FRI").zone("Europe/Berlin").dst(djm::dst_rule::cron).except(djm::cron("* * 24-26 12 *"));
  const auto extra = djm::once(djm::parse_instant("2026-12-31T18:00:00+01:00").value());
  const auto all = nightly | extra | djm::aligned(6h, 15min);
  CHECK(all.check());

  CHECK(djm::to_string(nightly) == "cron \"30 2 * * MON-FRI\" zone Europe/Berlin except cron \"* * 24-26 12 *\"");
  CHECK(djm::parse_calendar(djm::to_string(all)) == all);
}

TEST_CASE("guide: a timetable says when the next slot is") {
  const auto nightly = djm::cron("30 2 * * *").zone("Europe/Berlin");
  const auto table = djm::timetable::make(nightly, [](std::string_view name) {
    return djm::time_zone::from_rule(std::string{name}, "CET-1CEST,M3.5.0,M10.5.0/3");
  });
  REQUIRE(table);
  const auto slot = table->next(djm::parse_instant("2026-03-28T12:00:00Z").value());
  REQUIRE(slot);
  CHECK(djm::format_local_time(*slot, table->zone()) == "2026-03-29T03:00:00+02:00"); // 02:30 is in the gap
  CHECK(djm::slot_id(*slot) == 1774746000000);

  const auto start = djm::start_of(*slot, table->next(*slot), "report", "shop-1", 10min);
  CHECK(start - *slot == djm::jitter_of("report", "shop-1", 10min));
}

TEST_CASE("guide: what is refused is told with a hint") {
  CHECK(djm::cron("0 22-2 * * *").check().error().text ==
        "cron expression \"0 22-2 * * *\": hour \"22-2\": a range does not go backward; write 22-23,0-2");
}
