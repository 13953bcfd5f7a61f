// Properties of timetables: against a second statement of the rules that looks at every minute.
#include "djm/timetable.hpp"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "djm/local_time.hpp"
#include "test/unit/calendar/naive_cron.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Rules of the kinds that there are: northern and southern summers, half an hour, three hours, a winter that is the
/// exception, midnight. With them no test depends on the tz database of a machine.
const std::vector<std::string>& rules() {
  static const std::vector<std::string> result = {
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "EST5EDT,M3.2.0,M11.1.0",
    "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "IST-1GMT0,M10.5.0,M3.5.0/1",
    "<+00>0<+02>-2,M3.5.0/1,M10.5.0/3",
    "EET-2EEST,M3.5.0/0,M10.5.0/0",
    "<+0545>-5:45",
    "XXX3YYY0,J60/0,J300/23",
  };
  return result;
}

/// Days without a midnight, days twice, two changes within hours: what rules do not have.
time_zone odd_zone() {
  const auto at = [](const char* text) { return parse_instant(text).value(); };
  return time_zone::from_changes("Odd", -10h,
                                 {{at("2011-12-30T10:00:00Z"), 14h},
                                  {at("2012-03-10T10:00:00Z"), -10h},
                                  {at("2012-03-20T10:00:00Z"), -8h},
                                  {at("2012-03-20T11:30:00Z"), -10h},
                                  {at("2012-03-20T12:00:00Z"), -9h},
                                  {at("2012-04-01T00:00:00Z"), -9h - 15min}})
    .value();
}

time_zone zone_of(const std::string& rule) {
  return time_zone::from_rule(rule, rule).value();
}

timetable table_of(const std::string& expression, const time_zone& zone, dst_choice dst) {
  const auto c = cron(expression).zone("Test/Zone").dst(dst);
  return timetable::make(c, [&](std::string_view) { return expected<time_zone>{zone}; }).value();
}

std::int64_t seconds_of(wall_time t) {
  return std::chrono::duration_cast<std::chrono::seconds>(t.time_since_epoch()).count();
}

wall_time at_second(std::int64_t s) {
  return wall_time{std::chrono::seconds{s}};
}

/// Looks at every second, or every minute where the expression has none, after `from` and up to `to`.
std::vector<wall_time> scan(const naive_cron& c, const time_zone& zone, dst_choice dst, wall_time from, wall_time to) {
  const auto step = c.with_seconds ? 1 : 60;
  const auto local = [&](std::int64_t u) { return u + zone.offset_at(at_second(u)).count(); };
  const auto holds = [&](std::int64_t l) { return c.holds(civil_of(l)); };
  // What the clock showed before decides whether it shows something again.
  auto u = seconds_of(from) - 4 * 86'400;
  u -= u % step;
  auto shown = local(u);
  for (; at_second(u) <= from; u += step) {
    shown = std::max(shown, local(u));
  }
  std::vector<wall_time> result;
  for (; at_second(u) <= to; u += step) {
    const auto l = local(u);
    auto due = holds(l) && (l > shown || dst.overlap(c.interval_like()) == overlap_rule::both);
    for (auto passed = shown + step; passed < l && dst.gap(c.interval_like()) == gap_rule::run_after; passed += step) {
      due = due || holds(passed);
    }
    if (due) {
      result.push_back(at_second(u));
    }
    shown = std::max(shown, l);
  }
  return result;
}

dst_choice draw_dst(std::mt19937& random) {
  constexpr dst_choice choices[] = {dst_rule::cron, dst_rule::literal, dst_rule::once,
                                    dst_choice{gap_rule::skip, overlap_rule::first},
                                    dst_choice{gap_rule::run_after, overlap_rule::both}};
  return choices[random() % std::size(choices)];
}

void check_against_scan(const naive_cron& c, const time_zone& zone, dst_choice dst, wall_time from, duration width) {
  CAPTURE(c.text);
  CAPTURE(zone.name());
  CAPTURE(to_string(dst));
  CAPTURE(format_time(from));
  const auto table = table_of(c.text, zone, dst);
  const auto to = from + std::chrono::floor<std::chrono::milliseconds>(width);
  const auto want = scan(c, zone, dst, from, to);
  std::vector<wall_time> got;
  for (auto slot = table.next(from); slot && *slot <= to; slot = table.next(*slot)) {
    got.push_back(*slot);
  }
  CHECK(got == want);
  std::vector<wall_time> backward;
  for (auto slot = table.previous(to + 1ms); slot && *slot > from; slot = table.previous(*slot)) {
    backward.insert(backward.begin(), *slot);
  }
  CHECK(backward == want);
}

/// An instant near a change of the zone, or anywhere when there is none.
wall_time draw_instant(std::mt19937& random, const time_zone& zone) {
  const auto minutes = std::uniform_int_distribution<int>{0, 70'000'000}(random); // about 133 years from 1970
  const auto t = wall_time{std::chrono::minutes{minutes}};
  const auto change = zone.next_change(t);
  return change ? change->from - 26h + std::chrono::minutes{random() % 1500} : t;
}

} // namespace

TEST_CASE("calendar: slots around changed clocks are those that a scan of every minute finds") {
  std::mt19937 random{18};
  for (const auto& rule : rules()) {
    const auto zone = zone_of(rule);
    for (int i = 0; i < 40; ++i) {
      check_against_scan(draw_cron(random, variety::times), zone, draw_dst(random), draw_instant(random, zone), 50h);
    }
  }
}

TEST_CASE("calendar: slots of a zone with lost days, days twice and changes within hours are those of a scan") {
  std::mt19937 random{19};
  const auto zone = odd_zone();
  for (const auto* start :
       {"2011-12-29T00:00:00Z", "2012-03-09T00:00:00Z", "2012-03-19T20:00:00Z", "2012-03-31T00:00:00Z"}) {
    for (int i = 0; i < 60; ++i) {
      check_against_scan(draw_cron(random, variety::times), zone, draw_dst(random), parse_instant(start).value(), 60h);
    }
  }
}

TEST_CASE("calendar: slots of expressions of every kind are those of a scan") {
  std::mt19937 random{20};
  int accepted = 0;
  for (int i = 0; i < 150; ++i) {
    const auto c = draw_cron(random, variety::everything);
    if (!cron(c.text).check()) {
      continue;
    }
    ++accepted;
    const auto zone = zone_of(rules()[random() % rules().size()]);
    const auto from = draw_instant(random, zone) + std::chrono::hours{random() % 9000};
    check_against_scan(c, zone, draw_dst(random), from, c.with_seconds ? 3h : 24h * 20);
  }
  CHECK(accepted > 90);
}

TEST_CASE("calendar: an expression is refused for its dates exactly when no year has one") {
  std::mt19937 random{21};
  int refused = 0;
  for (int i = 0; i < 400 || refused < 3; ++i) {
    auto c = draw_cron(random, variety::everything);
    const auto accepted = cron(c.text).check().has_value();
    bool found = false;
    for (int year = 2000; year < 2400 && !found; ++year) {
      for (int month = 1; month <= 12 && !found; ++month) {
        for (int day = 1; day <= days_in(year, month) && !found; ++day) {
          auto only_date = c;
          only_date.with_seconds = false;
          only_date.minute.star = only_date.hour.star = true;
          found = only_date.holds({year, month, day, 0, 0, 0});
        }
      }
    }
    CAPTURE(c.text);
    CHECK(accepted == found);
    refused += accepted ? 0 : 1;
  }
}

TEST_CASE("calendar: next is after its argument, and the same for every instant up to it; previous is its inverse") {
  std::mt19937 random{22};
  for (int i = 0; i < 400; ++i) {
    const auto c = draw_cron(random, variety::everything);
    if (!cron(c.text).check()) {
      continue;
    }
    const auto zone = zone_of(rules()[random() % rules().size()]);
    const auto table = table_of(c.text, zone, draw_dst(random));
    const auto from = draw_instant(random, zone) + std::chrono::milliseconds{random() % 60'000};
    CAPTURE(c.text);
    CAPTURE(zone.name());
    CAPTURE(format_time(from));
    const auto slot = table.next(from);
    if (!slot) {
      continue;
    }
    CHECK(*slot > from);
    const auto width = (*slot - from).count();
    for (int k = 0; k < 20; ++k) {
      const auto between =
        from + std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{0, width - 1}(random)};
      CHECK(table.next(between) == slot);
    }
    const auto after = table.next(*slot);
    CHECK(table.previous(*slot + 1ms) == slot);
    if (after) {
      CHECK(table.previous(*after) == slot);
    }
    if (const auto before = table.previous(*slot)) {
      CHECK(*before <= from);
      CHECK(table.next(*before) == slot);
    }
  }
}

TEST_CASE("calendar: dates repeat after 400 years, and zones with them") {
  std::mt19937 random{23};
  const auto cycle = std::chrono::hours{24 * 146'097};
  for (const auto& rule : rules()) {
    const auto zone = zone_of(rule);
    const auto table = table_of("30 2 * * *", zone, dst_rule::cron);
    for (int i = 0; i < 20; ++i) {
      const auto t = draw_instant(random, zone);
      const auto slot = table.next(t);
      REQUIRE(slot);
      CHECK(table.next(t + cycle) == *slot + cycle);
      CHECK(table.next(t + 15 * cycle) == *slot + 15 * cycle);
      CHECK(table.previous(t + 15 * cycle) == *table.previous(t) + 15 * cycle);
    }
  }
}

TEST_CASE("calendar: whatever the instant, an answer comes") {
  for (const auto* expression : {"* * * * *", "0 0 29 2 +MON", "30 2 * 3 SUN#2", "0 0 0 1 1 * 1970"}) {
    const auto table = table_of(expression, zone_of("EST5EDT,M3.2.0,M11.1.0"), dst_rule::literal);
    for (const auto t :
         {wall_time::min(), wall_time::max(), wall_time{}, parse_time("9999-12-31T23:59:59.999Z").value(),
          parse_time("0000-01-01T00:00:00.000Z").value()}) {
      const auto slot = table.next(t);
      CHECK((!slot || *slot > t));
      const auto before = table.previous(t);
      CHECK((!before || *before < t));
    }
  }
  const auto every = table_of("* * * * *", time_zone{}, dst_rule::cron);
  CHECK(every.next(wall_time::min()) == parse_time("0000-01-01T00:00:00.000Z").value());
  CHECK(every.previous(wall_time::max()) == parse_time("9999-12-31T23:59:00.000Z").value());
  CHECK_FALSE(every.next(wall_time::max()));
  CHECK_FALSE(every.previous(wall_time::min()));
}
