#include <doctest/doctest.h>

#include <stdexcept>

#include "actors/executor/run_context.hpp"
#include "djm/run_outcome.hpp"
#include "support.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::hours;
using std::chrono::seconds;

namespace {

/// A run without stop callbacks.
std::shared_ptr<run_context> make(run_order o) {
  return std::make_shared<run_context>(std::move(o), run_services{make_system_run_clock(), [](auto) {}, [](auto&) {}});
}

} // namespace

TEST_CASE("context: says what the run is for") {
  auto o = order(1, [](auto&) {});
  CHECK_FALSE(make(o)->slot());
  CHECK_FALSE(make(o)->due());
  CHECK(make(o)->attempt() == 1);
  o.purpose.slot = 1'700'000'000'000;
  o.purpose.due = 1'700'000'000'500;
  o.purpose.missed = {2, wall_time{hours{1}}, wall_time{hours{2}}};
  o.purpose.attempt = 3;
  const auto run = make(o);
  CHECK(*run->due() - *run->slot() == std::chrono::milliseconds{500});
  CHECK(run->missed().count == 2);
  CHECK(run->missed().last == wall_time{hours{2}});
  CHECK(run->attempt() == 3);
}

TEST_CASE("context: how a run ends by what it throws") {
  const auto result_of = [](std::function<void(job_context&)> f) { return make(order(1, std::move(f)))->execute(); };
  const auto good = result_of([](job_context& ctx) { ctx.beat(3, 4, "rows"); });
  CHECK_FALSE(good.failed);
  CHECK(good.progress.done == 3);
  CHECK(good.progress.total == 4);
  CHECK(good.progress.text == "rows");
  const auto bad = result_of([](job_context&) { throw std::runtime_error("no"); });
  CHECK(bad.failed);
  CHECK_FALSE(bad.for_good);
  const auto for_good = result_of([](job_context&) { throw permanent_failure("never"); });
  CHECK(for_good.failed);
  CHECK(for_good.for_good);
  CHECK(for_good.failure == "never");
  const auto later = result_of([](job_context&) { throw retry_later(seconds{30}); });
  CHECK_FALSE(later.failed);
  CHECK(later.again_in == seconds{30});
  CHECK(result_of([](job_context&) { throw retry_later(seconds{-1}); }).again_in == std::chrono::milliseconds{1});
}

TEST_CASE("context: items that fail for good are named apart, and a request to come later ends the run") {
  auto o = order(1,
                 [](job_context& ctx) {
                   ctx.for_each_item([](const work_item& w) {
                     if (w.id == "a") {
                       throw std::runtime_error("once more");
                     }
                     if (w.id == "b") {
                       throw permanent_failure("never");
                     }
                     if (w.id == "c") {
                       throw retry_later(seconds{5});
                     }
                     FAIL("it has ended before");
                   });
                 },
                 "mail", {{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}});
  const auto r = make(o)->execute();
  CHECK(r.failed);
  CHECK(r.failed_items == std::vector<item_id>{"a", "b"});
  CHECK(r.failed_for_good == std::vector<item_id>{"b"});
  CHECK(r.again_in == seconds{5});
}

TEST_CASE("context: a run keeps the configuration that it was handed out with") {
  auto o = order(1, [](auto&) {});
  CHECK(make(o)->config().empty());
  CHECK(make(o)->config_rev() == 0);
  o.run_with = std::make_shared<run_settings>(run_settings{*user_config{}.with("batch", 5), 7});
  CHECK(make(o)->config().get<int>("batch")->value() == 5);
  CHECK(make(o)->config_rev() == 7);
}
