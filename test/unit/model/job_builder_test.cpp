#include "djm/job.hpp"

#include <doctest/doctest.h>

using namespace djm;
using namespace std::chrono_literals;

namespace {

using items = std::vector<item_id>;

void nothing(job_context&) {}

error complaint(const job_builder& b) {
  const auto result = b.build();
  REQUIRE_FALSE(result);
  return result.error();
}

} // namespace

TEST_CASE("a builder makes a definition with all that was asked for") {
  job_attributes attributes;
  attributes.max_per_worker = 3;
  const auto def = job_builder("mail")
                     .items({"eu", "us"})
                     .at_fixed_rate(5s, 1s)
                     .thread_per_item()
                     .max_concurrent_runs(4)
                     .on_new_items(new_items_policy::restart)
                     .pool_timeout(7s)
                     .stop_grace(3s)
                     .disabled()
                     .strategy("rendezvous")
                     .attributes(attributes)
                     .run(nothing)
                     .build();
  REQUIRE(def);
  CHECK(def->spec.id == "mail");
  CHECK(def->spec.schedule == schedule::fixed_rate(5s, 1s));
  CHECK(def->spec.mode == running_mode::thread_per_item);
  CHECK(def->spec.max_concurrent_runs == 4);
  CHECK(def->spec.on_new_items == new_items_policy::restart);
  CHECK(def->spec.pool_timeout == 7s);
  CHECK(def->spec.pool_check_period == 0s);
  CHECK(def->spec.stop_grace == 3s);
  CHECK_FALSE(def->spec.enabled);
  CHECK(def->spec.attributes.strategy == "rendezvous");
  CHECK(def->spec.attributes.max_per_worker == 3);
  CHECK(def->code->work_pool() == items{"eu", "us"});
  CHECK(def->code->cut_share({"a", "b"}) == std::vector<items>{{"a", "b"}});
}

TEST_CASE("a builder takes a calendar, and what becomes of slots and failures") {
  const auto def = job_builder("report")
                     .items({"eu"})
                     .at(cron("30 2 * * MON-FRI").zone("Europe/Berlin") | aligned(6h))
                     .jitter(10min)
                     .overlap(overlap::skip)
                     .catch_up(catch_up::all, 6h)
                     .retry(retry{}.attempts(5).first(10s).factor(1.5).max(10min).jitter(0.25))
                     .run_timeout(20min)
                     .beat_timeout(1min)
                     .park_item_after(3)
                     .pause_job_after(5)
                     .run(nothing)
                     .build();
  REQUIRE(def);
  CHECK(def->spec.schedule.kind == schedule_kind::calendar);
  CHECK(def->spec.schedule.calendar == "cron \"30 2 * * MON-FRI\" zone Europe/Berlin or aligned 6h");
  CHECK(def->spec.slots.jitter == 10min);
  CHECK(def->spec.slots.overlap == overlap::skip);
  CHECK(def->spec.slots.catch_up == catch_up::all);
  CHECK(def->spec.slots.window == 6h);
  CHECK(def->spec.failures.retry.attempts_allowed == 5);
  CHECK(def->spec.failures.retry.first_delay == 10s);
  CHECK(def->spec.failures.retry.factor_milli == 1500);
  CHECK(def->spec.failures.retry.max_delay == 10min);
  CHECK(def->spec.failures.retry.jitter_milli == 250);
  CHECK(def->spec.failures.run_timeout == 20min);
  CHECK(def->spec.failures.beat_timeout == 1min);
  CHECK(def->spec.failures.park_item_after == 3);
  CHECK(def->spec.failures.pause_job_after == 5);

  const auto bad = complaint(job_builder("report").items({"eu"}).at(cron("30 25 * * *")).run(nothing));
  CHECK(bad == error{errc::invalid_schedule, "job \"report\": schedule: " + cron("30 25 * * *").check().error().text});
  // The later schedule counts.
  CHECK(job_builder("report").items({"eu"}).at(cron("30 25 * * *")).every(1s).run(nothing).build());
}

TEST_CASE("the later of two calls counts") {
  const auto def = job_builder("mail")
                     .pool([] { return items{"x"}; }, 9s)
                     .items({"eu"})
                     .every(2s)
                     .on_trigger_only()
                     .run(nothing)
                     .build();
  REQUIRE(def);
  CHECK(def->code->work_pool() == items{"eu"});
  CHECK(def->spec.pool_check_period == 0s);
  CHECK(def->spec.schedule.kind == schedule_kind::on_trigger);
}

TEST_CASE("pool functions and cuts are called, with their check period kept") {
  int calls = 0;
  const auto def = job_builder("mail")
                     .pool([&calls] { return items{item_id{"i" + std::to_string(++calls)}}; }, 9s)
                     .cut_by([](const items& share) {
                       std::vector<items> parts;
                       for (const auto& i : share) {
                         parts.push_back({i});
                       }
                       return parts;
                     })
                     .run(nothing)
                     .build();
  REQUIRE(def);
  CHECK(def->spec.mode == running_mode::custom);
  CHECK(def->spec.pool_check_period == 9s);
  CHECK(def->code->work_pool() == items{"i1"});
  CHECK(def->code->work_pool() == items{"i2"});
  CHECK(def->code->cut_share({"a", "b"}) == std::vector<items>{{"a"}, {"b"}});
}

TEST_CASE("an empty fixed pool is a pool") {
  CHECK(job_builder("mail").items({}).run(nothing).build());
}

TEST_CASE("a builder complains about what is missing or breaks a rule") {
  CHECK(complaint(job_builder("mail").items({"a"})) ==
        error{errc::invalid_config, "job \"mail\": no run function; call run(f)"});
  CHECK(complaint(job_builder("mail").run(nothing)) ==
        error{errc::invalid_config, "job \"mail\": no work items; call items({...}) or pool(f)"});
  CHECK(complaint(job_builder("mail").pool(nullptr).run(nothing)).text ==
        "job \"mail\": no work items; call items({...}) or pool(f)");
  CHECK(complaint(job_builder("mail").items({"a"}).run(nullptr)).text == "job \"mail\": no run function; call run(f)");
  CHECK(complaint(job_builder("mail").items({"a"}).run(nothing).cut_by(nullptr)) ==
        error{errc::invalid_running_strategy, "job \"mail\": cut_by was given an empty function"});
  CHECK(complaint(job_builder("a b").items({"a"}).run(nothing)).code == errc::invalid_id);
  CHECK(complaint(job_builder("mail").items({"a"}).every(0s).run(nothing)).code == errc::invalid_schedule);
  CHECK(complaint(job_builder("mail").items({"a"}).at_fixed_rate(1s, -1s).run(nothing)).code == errc::invalid_schedule);
  const auto bad_item = complaint(job_builder("mail").items({"a", "b/c"}).run(nothing));
  CHECK(bad_item.code == errc::invalid_id);
  CHECK(bad_item.text.find("job \"mail\": item id \"b/c\"") == 0);
  CHECK(complaint(job_builder("mail").items({"a", "b", "a"}).run(nothing)) ==
        error{errc::invalid_config, "job \"mail\": item \"a\" is listed twice"});
}
