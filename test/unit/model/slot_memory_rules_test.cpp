#include <doctest/doctest.h>

#include "djm/calendar.hpp"
#include "djm/job_spec.hpp"
#include "djm/local_time.hpp"
#include "djm/timetable.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

job_spec by_calendar(const calendar& c, std::optional<slots> rule = {}) {
  job_spec s;
  s.id = "j";
  s.schedule = schedule::by(c).value();
  s.mode = running_mode::thread_per_item;
  s.slots.remember = rule;
  return s;
}

} // namespace

TEST_CASE("the memory of slots: calendars with ten minutes between their slots are remembered by default") {
  CHECK(memory_of(by_calendar(cron("30 2 * * *").zone("Europe/Berlin"))) == slots::finished);
  CHECK(memory_of(by_calendar(aligned(10min))) == slots::finished);
  CHECK(memory_of(by_calendar(aligned(9min))) == slots::forget);
  CHECK(memory_of(by_calendar(cron("0 * * * *") | cron("5 0 1 * *"))) == slots::forget);
  CHECK(memory_of(by_calendar(aligned(9min), slots::tracked)) == slots::tracked);
  auto share = by_calendar(aligned(1h));
  share.mode = running_mode::single_thread;
  CHECK(memory_of(share) == slots::forget);
  job_spec rate;
  rate.schedule = schedule::fixed_rate(1h);
  rate.mode = running_mode::thread_per_item;
  CHECK(memory_of(rate) == slots::forget);
}

TEST_CASE("the memory of slots: what cannot be is refused, with value, rule and a hint") {
  CHECK(validate(by_calendar(aligned(1min), slots::tracked)));
  const auto close = validate(by_calendar(aligned(30s), slots::claimed));
  REQUIRE_FALSE(close);
  CHECK(close.error().text.find("slots.remember is claimed and slots come 30s after each other") != std::string::npos);
  auto allowed = by_calendar(aligned(30s), slots::claimed);
  allowed.slots.least_claim_gap = 10s;
  CHECK(validate(allowed));
  allowed.slots.least_claim_gap = 9s;
  CHECK_FALSE(validate(allowed));
  CHECK(validate(by_calendar(aligned(1s), slots::finished)));
  auto share = by_calendar(aligned(1h), slots::finished);
  share.mode = running_mode::single_thread;
  REQUIRE_FALSE(validate(share));
  CHECK(validate(share).error().text.find("thread_per_item") != std::string::npos);
  job_spec rate;
  rate.id = "j";
  rate.schedule = schedule::fixed_rate(1h);
  rate.mode = running_mode::thread_per_item;
  rate.slots.remember = slots::finished;
  REQUIRE_FALSE(validate(rate));
  CHECK(validate(rate).error().text.find("only a calendar has slots") != std::string::npos);
}

TEST_CASE("the closest slots of a calendar") {
  CHECK(*closest_slots(aligned(15min)).value() == 15min);
  CHECK(*closest_slots(cron("0 0 * * *") | cron("59 23 31 * *")).value() == 1min);
  CHECK_FALSE(closest_slots(once(parse_instant("2026-12-31T18:00:00Z").value())).value());
}
