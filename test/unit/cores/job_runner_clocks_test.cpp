#include "test/unit/cores/slot_node.hpp"

/// Slots of calendars under clocks that are set, in shares, and when the schedule changes.
using namespace djm;
using namespace djm::test;

TEST_CASE("slots: a wall clock that is set forward starts one run, for the latest slot, and tells of the others") {
  slot_node n{cron("* * * * *")};
  n.grant("a");
  n.end_all();
  n.go_to(minutes{1});
  n.end_all();
  n.go_to(minutes{2});
  n.end_all();
  n.starts.clear();
  n.set_clock(hours_t{3});
  CHECK(n.slots() == "03:02");
  CHECK(n.told() == "179 clock 00:03-03:01");
  n.end_all();
  n.go_to(minutes{3});
  CHECK(n.slots() == "03:03");
}

TEST_CASE("slots: a wall clock that is set back repeats none, and a job is not silent for longer than a day") {
  slot_node n{cron("0 * * * *")};
  n.grant("a");
  for (int h = 1; h <= 5; ++h) {
    n.go_to(hours_t{h});
    n.end_all();
  }
  CHECK(n.slots() == "00:00 01:00 02:00 03:00 04:00 05:00");
  n.set_clock(-hours_t{3}); // it is 02:00
  n.go_to(hours_t{8});      // 05:00
  CHECK(n.slots().empty());
  n.go_to(hours_t{9});
  CHECK(n.slots() == "06:00");
  n.end_all();
  n.set_clock(hours_t{24 * 365});
  n.end_all();
  CHECK(n.slots().size() == 5);
  n.set_clock(-hours_t{24 * 365});
  n.go_to(hours_t{10});
  CHECK(n.slots() == "07:00");
}

TEST_CASE("slots: clocks that jump at random repeat no slot, go back in none, and make no storm") {
  std::mt19937 random{7};
  for (int history = 0; history < 200; ++history) {
    CAPTURE(history);
    slot_node n{history % 2 == 0 ? cron("*/7 * * * *") : aligned(minutes{11}, minutes{3}),
                with(static_cast<djm::overlap>(history % 3))};
    n.grant("a");
    duration t = duration::zero();
    std::size_t jumps = 0;
    for (int i = 0; i < 120; ++i) {
      t += seconds{random() % 1200};
      n.go_to(t);
      if (random() % 8 == 0) {
        ++jumps;
        n.set_clock(seconds{static_cast<int>(random() % 20'000) - 10'000});
      }
      if (random() % 3 != 0) {
        n.end_all();
      }
    }
    std::int64_t latest = 0;
    for (const auto& s : n.starts) {
      REQUIRE(*s.purpose.slot > latest);
      latest = *s.purpose.slot;
    }
    // One for each seven minutes that have passed, and one for each jump.
    CHECK(n.starts.size() <= static_cast<std::size_t>(t / minutes{7}) + jumps + 2);
  }
}

TEST_CASE("slots: a share has one run for all its items, and a slot is for those that were held at it") {
  slot_node n{cron("30 * * * *"), {}, running_mode::single_thread};
  n.grant("a");
  n.grant("b");
  n.go_to(minutes{30});
  REQUIRE(n.starts.size() == 1);
  CHECK(n.starts[0].items == std::vector<item_id>{"a", "b"});
  n.go_to(minutes{100});
  n.grant("c"); // after 01:30
  n.end_all();
  REQUIRE(n.starts.size() == 2);
  CHECK(n.starts[1].items == std::vector<item_id>{"a", "b"});
  CHECK(*n.starts[1].purpose.slot == midnight_ms + 3'600'000 + 1'800'000);
}

TEST_CASE("slots: every slot of a share has a run or is told of, however items come and go") {
  std::mt19937 random{11};
  for (int history = 0; history < 100; ++history) {
    CAPTURE(history);
    slot_node n{cron("*/10 * * * *"), with(static_cast<catch_up>(history % 3)), running_mode::single_thread};
    n.grant("always");
    bool other = false;
    duration t = duration::zero();
    for (int i = 0; i < 200; ++i) {
      t += seconds{random() % 900};
      random() % 10 == 0 ? n.sleep_to(t) : n.go_to(t);
      if (random() % 5 == 0) {
        other = !other;
        other ? n.grant("other") : n.revoke("other");
      }
      n.end_all();
    }
    n.go_to(t + minutes{10});
    std::map<std::int64_t, int> seen;
    for (const auto& s : n.starts) {
      ++seen[*s.purpose.slot];
    }
    for (const auto& k : n.skipped) {
      for (auto slot = k.first; slot <= k.last; slot += 600'000) {
        ++seen[slot];
      }
    }
    for (std::int64_t slot = midnight_ms; slot <= midnight_ms + std::chrono::duration_cast<milliseconds>(t).count();
         slot += 600'000) {
      CAPTURE(slot);
      CHECK(seen[slot] == 1);
    }
  }
}

TEST_CASE("slots: one that comes twice in a night of changed clocks has two names") {
  slot_node n{cron("30 1,2 * * *").zone("Europe/Berlin").dst(dst_rule::literal)};
  n.set_clock(hours_t{-17 * 24}); // 2023-10-29
  n.grant("a");
  for (int m = -1440; m < 0; m += 10) {
    n.go_to(minutes{m + 1440});
    n.end_all();
  }
  CHECK(n.slots() == "00:30 01:30");
}

TEST_CASE(
  "slots: a calendar that is set anew begins with what comes next, and an instant that has passed never starts") {
  slot_node n{cron("30 * * * *")};
  n.grant("a");
  n.go_to(minutes{30});
  n.end_all();
  const auto next = cron("45 * * * *");
  n.take(n.core_.on_schedule(schedule::by(next).value(), n.now(), timetable::make(next, slot_node::zones()).value())
           .value());
  n.go_to(minutes{45});
  CHECK(n.slots() == "00:30 00:45");
  n.end_all();
  const auto gone = once(wall_time{milliseconds{midnight_ms}});
  n.take(n.core_.on_schedule(schedule::by(gone).value(), n.now(), timetable::make(gone, slot_node::zones()).value())
           .value());
  n.go_to(hours_t{50});
  CHECK(n.slots().empty());
  CHECK_FALSE(n.core_.status(n.now().now).next_start);
  CHECK(n.core_.status(n.now().now).starved.empty());
}

TEST_CASE("slots: a trigger is one more run, which belongs to no slot") {
  slot_node n{cron("30 * * * *")};
  n.grant("a");
  n.go_to(minutes{10});
  n.take(n.core_.on_trigger(n.now()));
  CHECK(n.slots() == "none");
  n.end_all();
  n.go_to(minutes{30});
  CHECK(n.slots() == "00:30");
}
