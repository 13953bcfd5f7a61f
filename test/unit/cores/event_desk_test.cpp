#include <doctest/doctest.h>

#include "actors/node/event_desk.hpp"

namespace djm {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

event_desk::moment moment_at(std::int64_t ms) {
  return {time_point{milliseconds{ms}}, ms};
}

run_failed failure(const job_id& job) {
  run_failed f;
  f.job = job;
  f.what = "no luck";
  return f;
}

} // namespace

TEST_CASE("event desk: a problem that goes on is counted and told once") {
  event_desk desk{"n", "zk:2181"};
  const problem p{"keeper", {errc::timed_out, "slow"}, "join"};
  const auto first = desk.happened(p, moment_at(1));
  REQUIRE(first.tell.size() == 1);
  REQUIRE(first.log.size() == 1);
  CHECK(first.log.front().level == log_level::warning);
  CHECK(first.log.front().node == "n");
  const auto again = desk.happened(p, moment_at(2));
  CHECK(again.tell.empty());
  CHECK(again.log.empty());
  REQUIRE(desk.problems().size() == 1);
  CHECK(desk.problems().front().count == 2);
  CHECK(desk.happened(problem_over{"keeper", "join"}, moment_at(3)).tell.size() == 1);
  CHECK(desk.happened(problem_over{"keeper", "join"}, moment_at(4)).tell.empty());
}

TEST_CASE("event desk: who subscribes late hears how things stand") {
  event_desk desk{"n", "zk:2181"};
  CHECK(desk.how_things_stand().empty());
  static_cast<void>(desk.happened(connection_changed{connection_state::suspended}, moment_at(1)));
  static_cast<void>(desk.happened(connection_changed{connection_state::connected}, moment_at(2)));
  static_cast<void>(desk.happened(problem{"keeper", {errc::timed_out, "over soon"}, "a"}, moment_at(3)));
  static_cast<void>(desk.happened(problem{"keeper", {errc::timed_out, "goes on"}, "b"}, moment_at(4)));
  static_cast<void>(desk.happened(problem_over{"keeper", "a"}, moment_at(5)));
  const auto now = desk.how_things_stand();
  REQUIRE(now.size() == 2);
  CHECK(std::get<connection_changed>(now.at(0)).state == connection_state::connected);
  CHECK(std::get<problem>(now.at(1)).why.text == "goes on");
}

TEST_CASE("event desk: lines of one job that repeat are left out and counted, events are not") {
  event_desk desk{"n", "zk:2181"};
  std::size_t lines = 0, events = 0;
  for (int i = 0; i < 25; ++i) {
    const auto out = desk.happened(failure("j"), moment_at(i));
    lines += out.log.size();
    events += out.tell.size();
  }
  CHECK(lines == log_limiter::most_lines);
  CHECK(events == 25);
  CHECK(desk.happened(failure("k"), moment_at(30)).log.size() == 1);
  CHECK(desk.left_out(time_point{milliseconds{100}}).empty());
  REQUIRE(desk.wake_at());
  const auto told = desk.left_out(time_point{minutes{2}});
  REQUIRE(told.size() == 1);
  CHECK(told.front().text.find("job \"j\": 15 more failed runs") == 0);
  CHECK_FALSE(desk.wake_at());
}

TEST_CASE("event desk: parked items and a paused job are problems until somebody lets them go on") {
  event_desk desk{"n", "zk:2181"};
  CHECK(desk.happened(items_parked{"j", {"a", "b"}, "poison", false}, moment_at(1)).log.size() == 1);
  CHECK(desk.happened(job_paused{"j", "poison", false}, moment_at(1)).log.size() == 1);
  REQUIRE(desk.problems().size() == 3);
  CHECK(desk.problems().front().code == errc::too_many_failures);
  const auto over = desk.happened(items_parked{"j", {"a"}, {}, true}, moment_at(2));
  CHECK(over.tell.size() == 2); // the end of the problem, and the event
  CHECK(over.log.size() == 1);
  static_cast<void>(desk.happened(job_paused{"j", {}, true}, moment_at(2)));
  std::size_t open = 0;
  for (const auto& p : desk.problems()) {
    open += p.ended_ms == 0 ? 1 : 0;
  }
  CHECK(open == 1);
}

TEST_CASE("event desk: slots without a run and runs that took too long have their lines") {
  event_desk desk{"n", "zk:2181"};
  const auto one = desk.happened(slots_skipped{"j", "a", 1, 0, 0, skip_reason::overlap}, moment_at(1));
  REQUIRE(one.log.size() == 1);
  CHECK(one.log.front().text == "job \"j\", item \"a\": slot 1970-01-01T00:00:00.000Z has no run of its own: overlap");
  const auto more = desk.happened(slots_skipped{"j", {}, 7, 0, 60'000, skip_reason::clock}, moment_at(1));
  CHECK(
    more.log.front().text ==
    "job \"j\": 7 slots from 1970-01-01T00:00:00.000Z to 1970-01-01T00:01:00.000Z have no runs of their own: clock");
  CHECK(desk.happened(run_timed_out{"j", 3, true}, moment_at(1)).log.front().text.find("silent") != std::string::npos);
}

TEST_CASE("event desk: an item that starved is a problem until it is served") {
  event_desk desk{"n", "zk:2181"};
  item_starved starved;
  starved.job = "j";
  starved.items = {"a", "b"};
  CHECK(desk.happened(starved, moment_at(1)).tell.size() == 1);
  CHECK(desk.problems().size() == 2);
  starved.items = {"a"};
  starved.over = true;
  const auto out = desk.happened(starved, moment_at(2));
  REQUIRE(out.tell.size() == 2); // the end of the problem, then the event
  CHECK(std::holds_alternative<problem_over>(out.tell.front()));
  CHECK(desk.job_over("j", moment_at(3)).tell.size() == 1);
}

TEST_CASE("event desk: of what has an end nothing counts that comes from a part that is gone") {
  CHECK(has_an_end(problem{"keeper", {errc::timed_out, "slow"}, "join"}));
  CHECK(has_an_end(pool_problem{"j", {errc::timed_out, "slow"}}));
  CHECK(has_an_end(run_overrun{"j", 1, false}));
  CHECK(has_an_end(items_granted{"j", {}}));
  CHECK(has_an_end(connection_changed{connection_state::connected}));
  CHECK(has_an_end(leader_changed{"n", 1}));
  CHECK(has_an_end(item_starved{"j", {"a"}, false}));
  CHECK(has_an_end(items_parked{"j", {"a"}, "poison", false}));
  CHECK(has_an_end(job_paused{"j", "poison", false}));
  // the ends themselves, and what has none
  CHECK_FALSE(has_an_end(problem_over{"keeper", "join"}));
  CHECK_FALSE(has_an_end(item_starved{"j", {"a"}, true}));
  CHECK_FALSE(has_an_end(items_parked{"j", {"a"}, "poison", true}));
  CHECK_FALSE(has_an_end(job_paused{"j", "poison", true}));
  CHECK_FALSE(has_an_end(items_released{"j", {}}));
  CHECK_FALSE(has_an_end(failure("j")));
}

} // namespace djm
