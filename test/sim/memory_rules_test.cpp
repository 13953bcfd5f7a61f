#include "test/sim/memory_rules.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "djm/calendar.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

namespace {

using promises = std::vector<std::string>;

/// A job with a slot each minute, what is committed of it, and what processes tell.
struct memory_story {
  explicit memory_story(slots rule = slots::tracked) {
    rules.expect("job", timetable::make(aligned(1min), {}).value(), rule);
  }

  void writes(store::slot_mark mark, std::int64_t minute, std::uint32_t attempt = 1, fencing_token token = 5,
              std::int64_t mtime_ms = 0) {
    store::slot_payload p;
    p.token = token;
    p.slot = base + minute * 60'000;
    p.mark = mark;
    p.attempt = attempt;
    store::node_change c;
    c.what = store::node_change::kind::set;
    c.path = "/djm/states/job/x@slot";
    c.data = store::encode(p);
    c.mtime_ms = mtime_ms;
    rules.sees(c, {}, 1, false, say());
  }
  void told(const event& what) { rules.told(1, what, wall, store, say()); }
  void granted() { told(items_granted{"job", {{"x", 5}}}); }
  void starts(std::int64_t minute, std::uint32_t attempt = 1, fencing_token token = 5) {
    told(run_started{"job", 1, {{"x", token}}, base + minute * 60'000, attempt});
  }
  void settles(std::int64_t minute) { rules.settled(base + minute * 60'000, say()); }
  memory_rules::complaint say() {
    return [this](const char* invariant, const std::string&) { broken.emplace_back(invariant); };
  }

  static constexpr std::int64_t base = 1'700'006'400'000;
  std::int64_t wall = base;            ///< of the process
  std::int64_t store = base + 600'000; ///< of the store's leading server
  memory_rules rules;
  promises broken;
};

using store::slot_mark;

} // namespace

TEST_CASE("memory judge: claims, starts and ends in their order are fine") {
  memory_story s;
  s.granted();
  s.writes(slot_mark::claimed, 1);
  s.starts(1);
  s.writes(slot_mark::given_back, 1, 2);
  s.writes(slot_mark::claimed, 1, 2, 9);
  s.starts(1, 2, 9);
  s.writes(slot_mark::done, 1, 2, 9);
  CHECK(s.broken.empty());
  CHECK(s.rules.counted().starts == 2);
}

TEST_CASE("memory judge: a slot that falls and a turn that falls break S1") {
  memory_story s;
  s.writes(slot_mark::claimed, 2);
  s.writes(slot_mark::claimed, 1);
  CHECK(s.broken == promises{"S1"});
  s.writes(slot_mark::claimed, 3, 1, 4);
  CHECK(s.broken == promises{"S1", "S1"});
}

TEST_CASE("memory judge: an attempt that starts twice breaks S2, one without its claim S3") {
  memory_story s;
  s.writes(slot_mark::claimed, 1);
  s.starts(1);
  s.starts(1);
  CHECK(s.broken == promises{"S2"});
  s.starts(2);
  CHECK(s.broken == promises{"S2", "S3"});
}

TEST_CASE("memory judge: a slot that is passed over breaks S4, unless somebody was told") {
  memory_story s;
  s.rules.history_begins();
  s.granted();
  const auto from = memory_story::base - 24 * 3'600'000;
  s.told(slots_skipped{"job", "x", 1440, from, memory_story::base + 60'000, skip_reason::backlog});
  s.settles(2);
  CHECK(s.broken.empty());
  s.settles(4);
  CHECK(s.broken == promises{"S4"});
  s.told(slot_interrupted{"job", "x", memory_story::base + 120'000, 1, "w", false});
  s.settles(3);
  CHECK(s.broken == promises{"S4"});
}

TEST_CASE("memory judge: a run that was dropped before its code was called is no start, and one that is given back has "
          "to come") {
  memory_story s{slots::claimed};
  s.granted();
  s.told(
    slots_skipped{"job", "x", 1440, memory_story::base - 24 * 3'600'000, memory_story::base, skip_reason::backlog});
  s.writes(slot_mark::claimed, 1);
  s.starts(1);
  s.told(run_finished{"job", 1, {}, {}});
  s.settles(2);
  CHECK(s.broken == promises{"S4"});
  s.broken.clear();
  s.writes(slot_mark::given_back, 1, 2);
  s.settles(2);
  CHECK(s.broken == promises{"S4"});
  s.broken.clear();
  s.writes(slot_mark::claimed, 1, 2);
  s.starts(1, 2);
  s.rules.began(1, 1, "job", {{"x", 5}}, memory_story::base + 60'000);
  s.told(run_finished{"job", 1, {}, {}});
  s.settles(2);
  CHECK(s.broken.empty());
}

TEST_CASE("memory judge: what is written and not asked for breaks S5") {
  memory_story forgets{slots::forget};
  forgets.writes(slot_mark::done, 1);
  CHECK(forgets.broken == promises{"S5"});
  memory_story finishes{slots::finished};
  finishes.writes(slot_mark::done, 1);
  CHECK(finishes.broken.empty());
  finishes.writes(slot_mark::done, 1);
  finishes.writes(slot_mark::claimed, 2);
  CHECK(finishes.broken == promises{"S5", "S5"});
}

TEST_CASE("memory judge: what has not come by the store's clock breaks S6, when it starts and when it is written") {
  memory_story s;
  s.store = memory_story::base + 60'000 - 3'000; // clocks may differ by so much
  s.writes(slot_mark::claimed, 1, 1, 5, s.store);
  s.starts(1);
  CHECK(s.broken.empty());
  s.store -= 5'000;
  s.writes(slot_mark::claimed, 1, 2, 5, s.store);
  s.starts(1, 2);
  CHECK(s.broken == promises{"S6", "S6"});
}

TEST_CASE("memory judge: a start of a slot that does not count breaks S7") {
  memory_story s;
  job_spec spec;
  spec.id = "job";
  auto p = store::first_record(*store::to_offer(spec), nullptr);
  p.slots_since_ms = memory_story::base + 120'000;
  store::node_change c;
  c.what = store::node_change::kind::set;
  c.path = "/djm/jobs/job";
  c.data = store::encode(p);
  s.rules.sees(c, {}, 1, false, s.say());
  s.writes(slot_mark::claimed, 2);
  s.starts(2);
  CHECK(s.broken == promises{"S7"});
  s.broken.clear();
  s.wall -= 25 * 3'600'000;
  s.starts(2, 2);
  CHECK(s.broken == promises{"S7", "S3"}); // one of two clocks that differ says that the moment has come
  s.broken.clear();
  s.rules.told(1, run_started{"job", 1, {{"x", 5}}, memory_story::base, 1}, s.wall, s.wall, s.say());
  CHECK(s.broken == promises{"S6", "S3"}); // by both it was written by a clock that is wrong
}

TEST_CASE("memory judge: what claimed claims has to begin or to be told, unless something of that process has died") {
  const slots_skipped before{
    "job", "x", 1440, memory_story::base - 24 * 3'600'000, memory_story::base, skip_reason::backlog};
  for (const auto rule : {slots::claimed, slots::tracked}) {
    memory_story s{rule};
    s.granted();
    s.told(before);
    s.writes(slot_mark::claimed, 1);
    s.settles(2);
    CHECK(s.broken == (rule == slots::claimed ? promises{"S4"} : promises{})); // tracked knows it, and goes on
    s.broken.clear();
    s.rules.excuse(1);
    s.settles(2);
    s.writes(slot_mark::claimed, 2);
    s.settles(3);
    CHECK(s.broken.empty());
  }
  memory_story told{slots::claimed};
  told.granted();
  told.told(before);
  told.writes(slot_mark::claimed, 1);
  const auto slot = memory_story::base + 60'000;
  told.told(slots_skipped{"job", "x", 1, slot, slot, skip_reason::backlog});
  told.settles(2);
  CHECK(told.broken.empty());
  // Told before the claim, which was under way, got there.
  const auto next = slot + 60'000;
  told.told(slots_skipped{"job", "x", 1, next, next, skip_reason::backlog});
  told.writes(slot_mark::claimed, 2);
  told.settles(3);
  CHECK(told.broken.empty());
  // What is given back after that is to start, or to be told once more.
  told.writes(slot_mark::given_back, 2);
  told.settles(3);
  CHECK(told.broken == promises{"S4"});
}

TEST_CASE("memory judge: who catches up on slots one after the other is given the time for it") {
  memory_story s;
  s.granted();
  s.told(
    slots_skipped{"job", "x", 1440, memory_story::base - 24 * 3'600'000, memory_story::base, skip_reason::backlog});
  constexpr auto ten = memory_story::base + 600'000;
  s.writes(slot_mark::claimed, 1, 1, 5, ten - 9'000);
  s.starts(1);
  s.writes(slot_mark::claimed, 2, 1, 5, ten - 1'000);
  s.starts(2);
  s.settles(10);
  CHECK(s.broken.empty());
  s.settles(11); // nothing was written for a minute
  CHECK(s.broken == promises{"S4"});
  // One that was passed over has no turn to come.
  memory_story passed;
  passed.granted();
  passed.writes(slot_mark::claimed, 5, 1, 5, ten - 1'000);
  passed.starts(5);
  passed.settles(10);
  CHECK(passed.broken == promises{"S4"});
}

TEST_CASE("memory judge: a record that is written again and again breaks S5") {
  memory_story s;
  for (int n = 0; n < 199; ++n) {
    s.writes(slot_mark::claimed, 1, 1, 5, s.store + n);
  }
  CHECK(s.broken.empty());
  s.writes(slot_mark::claimed, 1, 1, 5, s.store + 200);
  CHECK(s.broken == promises{"S5"});
}

TEST_CASE("memory judge: where the store's clock is wrong, what the claim said counts, and what is said since") {
  memory_story s;
  s.rules.store_clock(30'000);
  const auto early = memory_story::base + 60'000 - 25'000;
  s.store = early + 30'000;
  s.writes(slot_mark::claimed, 1, 1, 5, s.store);
  s.rules.store_clock(0); // it is set right
  s.store = early;
  s.starts(1);
  CHECK(s.broken.empty());
  s.writes(slot_mark::claimed, 1, 2, 5, s.store); // which its own commit shows to be early
  CHECK(s.broken.empty());
  s.starts(1, 2);
  CHECK(s.broken == promises{"S6"});
}

TEST_CASE(
  "memory judge: a moment from which slots count that was written ahead of the store's clock counts no further") {
  memory_story s;
  s.granted();
  job_spec spec;
  spec.id = "job";
  auto p = store::first_record(*store::to_offer(spec), nullptr);
  p.slots_since_ms = memory_story::base + 3'600'000;
  store::node_change c;
  c.what = store::node_change::kind::set;
  c.path = "/djm/jobs/job";
  c.data = store::encode(p);
  c.mtime_ms = memory_story::base;
  s.rules.sees(c, {}, 1, false, s.say());
  s.writes(slot_mark::claimed, 1);
  s.starts(1);
  CHECK(s.broken.empty());
  s.settles(3);
  CHECK(s.broken == promises{"S4"});
  s.broken.clear();
  c.mtime_ms = memory_story::base + 180'000; // written again: some have read it, some have not
  s.rules.sees(c, {}, 1, false, s.say());
  s.writes(slot_mark::claimed, 2);
  s.starts(2);
  s.settles(3);
  CHECK(s.broken.empty());
}

TEST_CASE("memory judge: who has not read yet that slots count from later on may start them for some seconds") {
  for (const bool soon : {true, false}) {
    memory_story s;
    job_spec spec;
    spec.id = "job";
    auto p = store::first_record(*store::to_offer(spec), nullptr);
    store::node_change c;
    c.what = store::node_change::kind::set;
    c.path = "/djm/jobs/job";
    for (const std::int64_t ms : {0, 600'000}) {
      p.slots_since_ms = memory_story::base + ms;
      c.data = store::encode(p);
      c.mtime_ms = memory_story::base + ms;
      s.rules.sees(c, {}, 1, false, s.say());
    }
    s.store += soon ? 1'000 : 4'000;
    s.writes(slot_mark::claimed, 2);
    s.starts(2);
    CHECK(s.broken == (soon ? promises{} : promises{"S7"}));
  }
}
