#include "test/unit/cores/remembering_node.hpp"

/// What a runner makes of the store's time where slots are remembered.
using namespace djm;
using namespace djm::test;

namespace {

/// The node has heard the store's time, which is that of its own clock at the beginning.
struct node_with_time : node_of {
  explicit node_with_time(djm::slots rule, failure_rules failures = {}, slot_rules r = {})
    : node_of(rule, failures, r) {
    hear(duration::zero());
  }

  /// The store's clock is ahead of the right one by so much.
  void hear(duration ahead) {
    const auto offset = midnight_ms - store_time::boot_ms(boot(duration::zero())) +
                        std::chrono::duration_cast<milliseconds>(ahead).count();
    take(core_.on_slots_told({}, now(), store_time{offset - 1, offset + 1, 10'000}));
  }
};

} // namespace

TEST_CASE("store time: a wall clock that is ahead starts nothing that the store's has not come to, but for seconds") {
  for (const auto rule : {slots::claimed, slots::tracked, slots::finished}) {
    node_with_time n{rule};
    n.hold("a");
    n.serve();
    n.set_clock(hours_t{5});
    n.serve();
    CHECK(n.slots() == ""); // slots count from midnight on
    n.go_to(minutes{60} - seconds{11});
    n.serve();
    CHECK(n.slots() == "");
    n.go_to(minutes{60});
    n.serve();
    CHECK(n.slots() == "01:00");
    n.end_all();
    n.serve();
    n.set_clock(-hours_t{5}); // it is right again
    n.serve();
    n.go_to(hours_t{2});
    n.serve();
    CHECK(n.slots() == "02:00");
  }
}

TEST_CASE("store time: a wall clock that is behind is late, whatever the store says") {
  node_with_time n{slots::tracked};
  n.hold("a");
  n.serve();
  n.end_all();
  n.serve();
  n.slots();
  n.set_clock(-minutes{30});
  n.go_to(minutes{80});
  n.serve();
  CHECK(n.slots() == "");
  n.go_to(minutes{90});
  n.serve();
  CHECK(n.slots() == "01:00");
}

TEST_CASE(
  "store time: a claim that was committed before its slot, by the store's clock, is given back and starts then") {
  node_with_time n{slots::tracked};
  n.hold("a");
  n.serve();
  n.end_all();
  n.serve();
  n.slots();
  n.set_clock(minutes{30});
  n.hear(minutes{30});
  n.serve();
  n.go_to(minutes{30}); // 01:00 by both
  REQUIRE(n.asks.size() == 1);
  n.hear(duration::zero()); // the answer says that the store's clock was set right
  n.serve();
  CHECK(n.record("a") == "given_back 01:00/1");
  CHECK(n.slots() == "");
  n.go_to(minutes{60});
  n.serve();
  CHECK(n.slots() == "01:00");
}

TEST_CASE("store time: where the record was written days ahead, slots begin now, and those before are told") {
  node_with_time n{slots::tracked};
  n.go_to(minutes{150});
  n.hold("a");
  REQUIRE(n.asks.size() == 1);
  const slot_answer a{"a", 7, slot_result::known, false, {}, false, true, n.asks.front().number};
  n.asks.clear();
  n.take(n.core_.on_slots_told({a}, n.now()));
  n.serve();
  CHECK(n.slots() == "");
  CHECK(n.told() == "2 clock 01:00-02:00");
  n.go_to(minutes{180});
  n.serve();
  CHECK(n.slots() == "03:00");
}

TEST_CASE("store time: slots that count from days ahead of both clocks count from ever, of one clock they wait") {
  const auto since = midnight_ms + 72 * 3'600'000;
  node_with_time wrong{slots::tracked};
  wrong.follow({}, since);
  wrong.hold("a");
  wrong.serve();
  CHECK(wrong.slots() == "00:00");

  node_with_time behind{slots::tracked};
  behind.hear(hours_t{71}); // the node's clock is three days behind
  behind.follow({}, since);
  behind.hold("a");
  behind.serve();
  behind.go_to(minutes{60});
  behind.serve();
  CHECK(behind.slots() == "");
}

TEST_CASE("store time: when a clock was set that was wrong by days, items are asked about again and slots go on") {
  node_with_time n{slots::tracked};
  n.set_clock(hours_t{100});
  n.follow({}, midnight_ms + 100 * 3'600'000); // as it has made the job
  n.hold("a");
  n.serve();
  n.go_to(minutes{70});
  n.serve();
  CHECK(n.slots() == "");
  n.set_clock(-hours_t{100});
  n.serve();
  CHECK(n.slots() == "01:00"); // the item was here then
  n.end_all();
  n.serve();
  n.go_to(minutes{120});
  n.serve();
  CHECK(n.slots() == "02:00");
}

TEST_CASE("store time: what came while a wrong clock silenced an item starts when that clock is set right") {
  node_with_time n{slots::tracked};
  n.set_clock(hours_t{24 * 4});
  n.follow({}, midnight_ms + 4LL * 86'400'000); // as this node has written it
  n.go_to(minutes{10});
  n.hold("a");
  n.serve();
  n.go_to(minutes{61});
  n.serve();
  CHECK(n.slots() == "");
  n.set_clock(-hours_t{24 * 4});
  n.serve();
  CHECK(n.slots() == "01:00");
}

TEST_CASE("store time: another attempt waits for its slot as well, and nothing is written meanwhile") {
  for (const auto rule : {slots::tracked, slots::finished}) {
    for (const bool with_answer : {false, true}) { // when it is heard that the store's clock was set back
      CAPTURE(with_answer);
      node_with_time n{rule, tries(3)};
      n.hold("a");
      n.serve();
      n.go_to(minutes{60});
      n.serve();
      CHECK(n.slots() == "01:00");
      if (!with_answer) {
        n.hear(-minutes{1});
      }
      n.end_all(true);
      n.go_to(minutes{60} + seconds{20});
      if (with_answer) {
        n.hear(-minutes{1});
      }
      int writes = n.serve();
      for (int second = 21; second < 50; ++second) {
        n.go_to(minutes{60} + seconds{second});
        writes += n.serve();
      }
      if (rule == slots::tracked) {
        CHECK(n.slots() == "");
        CHECK(writes == (with_answer ? 2 : 0)); // the claim, and that it is given back
        n.go_to(minutes{60} + seconds{51});     // it is past 00:59:50 by the store's clock
        n.serve();
      } else if (!with_answer) {
        CHECK(n.slots() == "");
        n.go_to(minutes{60} + seconds{51});
      }
      CHECK(n.slots() == "01:00");
    }
  }
}

TEST_CASE("store time: another attempt starts a minute after the store's clock was set right at the latest") {
  node_with_time n{slots::tracked, tries(3)};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.serve();
  n.slots();
  n.hear(-minutes{30});
  n.end_all(true);
  n.go_to(minutes{61});
  n.serve();
  CHECK(n.slots() == "");
  n.hear(duration::zero());
  n.go_to(minutes{62});
  n.serve();
  CHECK(n.slots() == "01:00");
}

TEST_CASE(
  "store time: slots that count from a moment days ahead count for nothing when it has come within a day, too") {
  node_with_time n{slots::tracked};
  n.follow({}, midnight_ms + 48 * 3'600'000);
  n.hold("a");
  n.serve();
  for (int hour = 0; hour < 30; ++hour) {
    n.go_to(hours_t{hour});
    n.serve();
    CHECK(n.starts.size() == 1);
    n.slots();
    n.end_all();
    n.serve();
  }
}

TEST_CASE(
  "store time: slots that count from a moment that is to come are not written as done with a run that goes on") {
  node_with_time n{slots::tracked};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.serve();
  n.slots();
  n.go_to(minutes{70});
  n.follow({}, midnight_ms + 20 * 3'600'000);
  n.serve();
  n.end_all();
  n.serve();
  CHECK(n.record("a") == "done 01:00/1");
  n.follow({}, midnight_ms); // an operator has set it right
  n.serve();
  n.go_to(minutes{120});
  n.serve();
  CHECK(n.slots() == "02:00");
}

TEST_CASE(
  "store time: an item is released up to now where slots count from a moment that is to come, and up to its record") {
  node_with_time n{slots::tracked};
  n.put("a", slot_mark::parked, 1);
  n.put("b", slot_mark::parked, 5);
  n.go_to(minutes{70});
  n.follow({}, midnight_ms + 4 * 3'600'000);
  for (const auto& item : {item_id{"a"}, item_id{"b"}}) {
    n.hold(item);
    n.serve();
    n.take(*n.core_.on_release_item(item, n.now()));
    n.serve();
  }
  CHECK(n.record("a") == "done 01:10/1");
  CHECK(n.record("b") == "done 05:00/1");
}

TEST_CASE("store time: a clock that is set brings back nothing that was told as left out") {
  failure_rules f;
  f.pause_job_after = 1;
  node_with_time n{slots::tracked, f, with(catch_up::last)};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.serve();
  n.end_all(true);
  n.serve();
  CHECK(n.slots() == "01:00");
  n.go_to(minutes{210});
  n.take(*n.core_.on_resume(n.now()));
  CHECK(n.told() == "2 paused 02:00-03:00");
  n.set_clock(seconds{11});
  n.serve();
  CHECK(n.slots() == "");
  CHECK(n.told() == "");
}

TEST_CASE("store time: after a clock was set only those items are asked about of which it has decided something") {
  node_with_time n{slots::tracked};
  n.put("ahead", slot_mark::done, 5);
  n.hold("ahead");
  for (int i = 0; i < 1000; ++i) {
    n.hold(item_id{"i" + std::to_string(i)});
  }
  n.serve();
  n.set_clock(seconds{11});
  REQUIRE(n.asks.size() == 1);
  CHECK(n.asks.front().item == "ahead");
}
