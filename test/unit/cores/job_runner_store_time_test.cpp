#include "test/unit/cores/remembering_node.hpp"

/// What a runner makes of the store's time where slots are remembered.
using namespace djm;
using namespace djm::test;

namespace {

/// The node has heard the store's time, which is that of its own clock at the beginning.
struct node_with_time : node_of {
  explicit node_with_time(djm::slots rule) : node_of(rule) { hear(duration::zero()); }

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
  n.go_to(minutes{120});
  n.serve();
  CHECK(n.slots() == "02:00");
}
