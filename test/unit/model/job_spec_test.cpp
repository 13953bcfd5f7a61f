#include "djm/job_spec.hpp"

#include <doctest/doctest.h>

#include "djm/calendar.hpp"

using namespace djm;
using namespace std::chrono_literals;

namespace {

template <class Change>
error complaint(Change change) {
  job_spec spec;
  spec.id = "mail";
  change(spec);
  const auto result = validate(spec);
  REQUIRE_FALSE(result);
  return result.error();
}

template <class Change>
bool accepted(Change change) {
  job_spec spec;
  spec.id = "mail";
  change(spec);
  return validate(spec).has_value();
}

} // namespace

TEST_CASE("a schedule with periods in range is valid") {
  CHECK(validate(schedule{}));
  CHECK(validate(schedule::fixed_rate(1ns)));
  CHECK(validate(schedule::fixed_delay(max_schedule_duration, max_schedule_duration)));
  CHECK(validate(schedule::on_trigger()));
}

TEST_CASE("a schedule with a zero or negative period or a negative delay is refused with value and rule") {
  const auto text = [](const schedule& s) {
    const auto result = validate(s);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == errc::invalid_schedule);
    return result.error().text;
  };
  CHECK(text(schedule::fixed_rate(0s)) == "schedule.period is 0s; it must be above zero and at most 87600h");
  CHECK(text(schedule::fixed_delay(-1s)) == "schedule.period is -1s; it must be above zero and at most 87600h");
  CHECK(text(schedule::fixed_delay(duration::min())).find("292 years or more below zero") != std::string::npos);
  CHECK(text(schedule::fixed_rate(max_schedule_duration + 1ns)).find("at most 87600h") != std::string::npos);
  CHECK(text(schedule::fixed_rate(1s, -1ms)) ==
        "schedule.initial_delay is -1ms; it must be zero or more and at most 87600h");
  CHECK(text(schedule::fixed_rate(1s, duration::max())).find("initial_delay") != std::string::npos);
  CHECK(text({schedule_kind::on_trigger, 0s, -1s, {}}).find("initial_delay") != std::string::npos);
  CHECK(text({static_cast<schedule_kind>(7), 1s, 0s, {}}) ==
        "schedule.kind is schedule_kind(7), which is no kind of schedule");
}

TEST_CASE("a specification is valid at the edges of its ranges") {
  CHECK(accepted([](job_spec&) {}));
  CHECK(accepted([](job_spec& s) { s.id = job_id{std::string(120, 'x')}; }));
  CHECK(accepted([](job_spec& s) {
    auto& a = s.attributes;
    a.strategy = "balanced";
    a.priority = job_priority::high;
    a.item_weights = {{item_id{std::string(120, 'i')}, 0}, {"b", max_amount}};
    a.profile = {{"cpu", 500}};
    a.requires_labels = {"ssd"};
    a.max_per_worker = 1;
    a.spread = spread_rule::zone;
    a.colocate_with = {"b"};
    a.separate_from = {"c"};
    a.pinned = {{"i", "n"}};
    a.relaxation = relaxation::on(node_id{std::string(120, 'w')});
    a.custom = {{"x", "any text \xE2\x82\xAC"}, {"y", ""}};
  }));
}

TEST_CASE("each broken rule of a specification is named with job, field, value and rule") {
  CHECK(complaint([](job_spec& s) { s.id = "a/b"; }).code == errc::invalid_id);
  CHECK(complaint([](job_spec& s) { s.id = ""; }).code == errc::invalid_id);
  const auto schedule_error = complaint([](job_spec& s) { s.schedule.period = 0s; });
  CHECK(schedule_error.code == errc::invalid_schedule);
  CHECK(schedule_error.text.find("job \"mail\": schedule: schedule.period is 0s") == 0);
  const auto mode_error = complaint([](job_spec& s) { s.mode = static_cast<running_mode>(9); });
  CHECK(mode_error ==
        error{errc::invalid_running_strategy, "job \"mail\": mode is running_mode(9), which is no running mode"});

  const auto config_error = [](auto change) {
    const auto e = complaint(change);
    CHECK(e.code == errc::invalid_config);
    CHECK(e.text.find("job \"mail\": ") == 0);
    return e.text.substr(12);
  };
  CHECK(config_error([](job_spec& s) { s.on_new_items = static_cast<new_items_policy>(9); }) ==
        "on_new_items is new_items_policy(9), which is no policy");
  CHECK(config_error([](job_spec& s) { s.pool_check_period = -1s; }) ==
        "pool_check_period is -1s; it must be from 0s to 87600h");
  CHECK(config_error([](job_spec& s) { s.pool_timeout = 0s; }) == "pool_timeout is 0s; it must be above zero");
  CHECK(config_error([](job_spec& s) { s.pool_timeout = -1s; }) == "pool_timeout is -1s; it must be from 0s to 87600h");
  CHECK(config_error([](job_spec& s) { s.stop_grace = -1ns; }) == "stop_grace is -1ns; it must be from 0s to 87600h");
  CHECK(config_error([](job_spec& s) { s.attributes.strategy = "a b"; }) ==
        "attributes.strategy \"a b\" breaks the rule for names");
  CHECK(config_error([](job_spec& s) { s.attributes.priority = static_cast<job_priority>(7); }) ==
        "attributes.priority is job_priority(7); it must be low, normal or high");
  CHECK(config_error([](job_spec& s) { s.attributes.item_weights["i"] = -1; }) ==
        "attributes.item_weights[\"i\"] is -1; it must be from 0 to 1000000000000");
  CHECK(config_error([](job_spec& s) { s.attributes.profile["cpu"] = max_amount + 1; }) ==
        "attributes.profile[\"cpu\"] is 1000000000001; it must be from 0 to 1000000000000");
  CHECK(config_error([](job_spec& s) { s.attributes.profile["c p"] = 1; }) ==
        "attributes.profile: name \"c p\" breaks the rule for names");
  CHECK(config_error([](job_spec& s) { s.attributes.requires_labels = {""}; }) ==
        "attributes.requires: label \"\" breaks the rule for names");
  CHECK(config_error([](job_spec& s) { s.attributes.spread = static_cast<spread_rule>(2); }) ==
        "attributes.spread is spread_rule(2); it must be none or zone");
  for (const auto& [x, shown] :
       {std::pair{relaxation::on(""), "named_worker with the worker \"\""},
        {relaxation::on("a b"), "named_worker with the worker \"a b\""},
        {relaxation{relaxation_kind::any, "a"}, "any with the worker \"a\""},
        {relaxation{static_cast<relaxation_kind>(3), ""}, "relaxation_kind(3) with the worker \"\""}}) {
    CHECK(config_error([x = x](job_spec& s) { s.attributes.relaxation = x; }) ==
          std::string{"attributes.relaxation is "} + shown +
            "; it must be any or one_worker without a worker, or named_worker with an id");
  }
  CHECK(config_error([](job_spec& s) { s.attributes.colocate_with = {"mail"}; }) ==
        "attributes.colocate_with names the job itself");
  CHECK(config_error([](job_spec& s) { s.attributes.separate_from = {"mail"}; }) ==
        "attributes.separate_from names the job itself");
  CHECK(config_error([](job_spec& s) { s.attributes.colocate_with = s.attributes.separate_from = {"b"}; }) ==
        "attributes: job \"b\" is in colocate_with and in separate_from");
  CHECK(config_error([](job_spec& s) { s.attributes.custom["a b"] = "x"; }) ==
        "attributes.custom: name \"a b\" breaks the rule for names");
  CHECK(config_error([](job_spec& s) { s.attributes.custom["a"] = "\xFF"; }) ==
        "attributes.custom[\"a\"] is \"\\xff\", which is not UTF-8");

  for (const auto& bad : {complaint([](job_spec& s) { s.attributes.item_weights["a b"] = 1; }),
                          complaint([](job_spec& s) { s.attributes.pinned["a b"] = "n"; }),
                          complaint([](job_spec& s) { s.attributes.pinned["i"] = "a b"; }),
                          complaint([](job_spec& s) { s.attributes.colocate_with = {"a b"}; }),
                          complaint([](job_spec& s) { s.attributes.separate_from = {"a b"}; })}) {
    CHECK(bad.code == errc::invalid_id);
    CHECK(bad.text.find("job \"mail\": attributes.") == 0);
    CHECK(bad.text.find("id \"a b\" breaks the rule") != std::string::npos);
  }
}

TEST_CASE(
  "a duration that is too long for nanoseconds is refused as what it is, wherever it stands in a specification") {
  const auto too_long = std::chrono::hours{5124096}; // 25 minutes, if it wrapped round
  const std::string told = " is 292 years or more; it must be ";
  for (const auto m : {&job_spec::pool_check_period, &job_spec::pool_timeout, &job_spec::stop_grace}) {
    CHECK(complaint([&](job_spec& s) { s.*m = too_long; }).text.find(told) != std::string::npos);
  }
  for (const auto m : {&schedule::period, &schedule::initial_delay}) {
    CHECK(complaint([&](job_spec& s) { s.schedule.*m = too_long; }).text.find(told) != std::string::npos);
  }
  CHECK(complaint([&](job_spec& s) { s.schedule.phase = too_long; }).text.find(told) != std::string::npos);
  CHECK(complaint([&](job_spec& s) { s.schedule = s.schedule.at(too_long); }).text.find(told) != std::string::npos);
}

TEST_CASE("specifications are equal when all their fields are") {
  job_spec a, b;
  CHECK(a == b);
  b.attributes.pinned["i"] = "n";
  CHECK_FALSE(a == b);
  b = a;
  b.stop_grace = 1ns;
  CHECK_FALSE(a == b);
}

TEST_CASE("a calendar is checked where it stands, and complains in the words of the calendar") {
  const auto in_spec = [](const std::string& calendar) {
    return complaint([&](job_spec& s) { s.schedule = schedule{schedule_kind::calendar, 0s, 0s, {}, calendar}; });
  };
  const auto text = "cron \"61 * * * *\"";
  const auto own = parse_calendar(text);
  REQUIRE_FALSE(own);
  CHECK(in_spec(text) ==
        error{errc::invalid_schedule, "job \"mail\": schedule: schedule.calendar: " + own.error().text});
  CHECK(in_spec("").code == errc::invalid_schedule);
  CHECK(in_spec("every friday").code == errc::invalid_schedule);
  CHECK_FALSE(schedule::by(cron("61 * * * *")));
  CHECK(schedule::by(cron("61 * * * *")).error() == cron("61 * * * *").check().error());

  const auto good = schedule::by(cron("30 2 * * MON-FRI").zone("Europe/Berlin"));
  REQUIRE(good);
  CHECK(good->calendar == "cron \"30 2 * * MON-FRI\" zone Europe/Berlin");
  CHECK(good->lasting());
  CHECK(describe_schedule(*good) == "calendar cron \"30 2 * * MON-FRI\" zone Europe/Berlin");
  CHECK(accepted([&](job_spec& s) { s.schedule = *good; }));
  CHECK(complaint([&](job_spec& s) {
          s.schedule = *good;
          s.schedule.phase = 1s;
        }).text.find("neither a phase nor an initial delay") != std::string::npos);
  CHECK(complaint([&](job_spec& s) {
          s.schedule.calendar = "once 2026-01-31T08:00:00.000Z";
        }).text.find("it must be empty unless schedule.kind is calendar, and that is fixed_delay") !=
        std::string::npos);
}

TEST_CASE("rules of slots and of failures are named with field, value and rule") {
  const auto with_calendar = [](auto change) {
    return complaint([&](job_spec& s) {
             s.schedule = schedule::by(aligned(1h)).value();
             change(s);
           })
      .text;
  };
  CHECK(with_calendar([](job_spec& s) { s.slots.jitter = -1s; }) ==
        "job \"mail\": slots.jitter is -1s; it must be from 0s to 8784h; zero starts every item at its slot");
  CHECK(with_calendar([](job_spec& s) { s.slots.jitter = 367 * 24h; }).find("slots.jitter is 8808h") !=
        std::string::npos);
  CHECK(with_calendar([](job_spec& s) { s.slots.window = 0s; }).find("catch_up::none") != std::string::npos);
  CHECK(with_calendar([](job_spec& s) { s.slots.overlap = static_cast<overlap>(7); }).find("which is no rule") !=
        std::string::npos);
  CHECK(with_calendar([](job_spec& s) { s.on_new_items = new_items_policy::own_run; }).find("it must be next_run") !=
        std::string::npos);
  CHECK(
    complaint([](job_spec& s) { s.slots.jitter = 1s; }).text ==
    "job \"mail\": slots.jitter is 1s; only a calendar has slots: say .at(djm::cron(...)) or .at(djm::aligned(...))");
  CHECK(complaint([](job_spec& s) { s.slots.overlap = overlap::skip; }).text.find("slots.overlap is skip") !=
        std::string::npos);
  CHECK(complaint([](job_spec& s) { s.slots.catch_up = catch_up::all; }).text.find("slots.catch_up is all") !=
        std::string::npos);

  const auto trying = [](const retry& r) { return complaint([&](job_spec& s) { s.failures.retry = r; }).text; };
  CHECK(trying(retry{}.attempts(0)) == "job \"mail\": failures.retry.attempts is 0; it must be from 1 to 1000; 1 means "
                                       "that failures are not tried again");
  CHECK(trying(retry{}.first(0s)).find("failures.retry.first is 0s; it must be from 1ms") != std::string::npos);
  CHECK(trying(retry{}.factor(0.5)).find("failures.retry.factor_milli is 500") != std::string::npos);
  CHECK(trying(retry{}.factor(-3)).find("failures.retry.factor_milli is -1") != std::string::npos);
  CHECK(trying(retry{}.first(10s).max(9s)).find("below failures.retry.first") != std::string::npos);
  CHECK(trying(retry{}.jitter(1.5)).find("failures.retry.jitter_milli is 1500") != std::string::npos);
  CHECK(complaint([](job_spec& s) { s.failures.run_timeout = -1s; }).text.find("failures.run_timeout is -1s") !=
        std::string::npos);
  CHECK(complaint([](job_spec& s) { s.failures.beat_timeout = -1s; }).text.find("failures.beat_timeout is -1s") !=
        std::string::npos);
  CHECK(accepted([](job_spec& s) {
    s.failures.retry = retry{}.attempts(1000).first(1ms).factor(100).max(max_schedule_duration).jitter(1);
    s.failures.run_timeout = max_schedule_duration;
    s.failures.park_item_after = 1;
    s.failures.pause_job_after = 1;
  }));
}
