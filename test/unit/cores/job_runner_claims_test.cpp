#include "test/unit/cores/remembering_node.hpp"

/// Starts that wait for their claims, and runs that were cut off.
using namespace djm;
using namespace djm::test;

TEST_CASE("memory: a claim comes before the start, and the start when it is written") {
  node_of n{slots::tracked};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  CHECK(n.slots().empty());
  CHECK(n.serve() == 1);
  CHECK(n.slots() == "01:00");
  CHECK(n.record("a") == "claimed 01:00/1");
  n.end_all();
  n.serve();
  CHECK(n.record("a") == "done 01:00/1");
  n.go_to(minutes{120});
  n.serve();
  CHECK(n.slots() == "02:00");
}

TEST_CASE("memory: a claim that is written when its item is to go elsewhere is given back before the item is") {
  node_of n{slots::tracked};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.revoke("a");
  CHECK(n.released.empty());
  CHECK(n.serve() == 2);
  CHECK(n.slots().empty());
  CHECK(n.record("a") == "given_back 01:00/1");
  CHECK(n.released == std::vector<item_id>{"a"});
}

TEST_CASE("memory: what was given back starts as it was") {
  node_of n{slots::tracked, tries(3)};
  n.put("a", slot_mark::given_back, 1, 2);
  n.go_to(minutes{70});
  n.hold("a");
  n.serve();
  n.go_to(minutes{71});
  n.serve();
  REQUIRE(n.starts.size() == 1);
  CHECK(n.starts[0].purpose.attempt == 2);
  CHECK(n.slots() == "01:00");
  CHECK(n.interrupted.empty());
}

TEST_CASE("memory: without a lease a claim that is written does not start, and starts when there is one") {
  node_of n{slots::claimed};
  n.hold("a");
  n.serve();
  n.lease(minutes{60});
  n.go_to(minutes{60} - seconds{1});
  n.lease(seconds{30});
  n.go_to(minutes{60});
  n.sleep_to(minutes{62});
  CHECK(n.serve() == 2);
  CHECK(n.slots().empty());
  CHECK(n.record("a") == "given_back 01:00/1");
  n.lease(hours_t{10});
  CHECK(n.serve() == 1);
  CHECK(n.slots() == "01:00");
}

TEST_CASE("memory: a claim of another turn is known as interrupted, and goes on where attempts are left") {
  for (const bool again : {true, false}) {
    node_of n{slots::tracked, tries(again ? 2 : 1)};
    n.put("a", slot_mark::claimed, 1);
    n.go_to(minutes{70});
    n.hold("a");
    n.serve();
    REQUIRE(n.interrupted.size() == 1);
    CHECK(n.interrupted[0].slot == midnight_ms + 3'600'000);
    CHECK(n.interrupted[0].by == "other");
    CHECK(n.interrupted[0].again == again);
    n.go_to(minutes{75});
    n.serve();
    CHECK(n.slots() == (again ? "01:00" : ""));
    n.end_all();
    n.serve();
    n.go_to(minutes{120});
    n.serve();
    CHECK(n.slots() == "02:00");
  }
}

TEST_CASE(
  "memory: claimed gives back the slot of a run that was dropped before it started, and tells where it cannot") {
  for (const bool lost : {false, true}) {
    CAPTURE(lost);
    node_of n{slots::claimed};
    n.hold("a");
    n.serve();
    n.end_all();
    n.go_to(minutes{60});
    n.serve();
    n.slots();
    REQUIRE(n.running.size() == 1);
    job_runner_core::run_end dropped;
    dropped.dropped = true;
    n.take(n.core_.on_run_done(*n.running.begin(), dropped, n.now()));
    REQUIRE(n.asks.size() == 1);
    if (lost) {
      const auto w = n.asks.front();
      n.asks.clear();
      n.take(n.core_.on_slots_told({{"a", w.token, slot_result::lost, true, {}, false, false, w.number}}, n.now()));
      CHECK(n.told() == "1 backlog 01:00-01:00");
      CHECK(n.slots() == "");
    } else {
      n.serve();
      CHECK(n.told() == "");
      CHECK(n.slots() == "01:00");
      CHECK(n.record("a") == "claimed 01:00/2");
    }
  }
}

TEST_CASE("memory: what has given way to the next slot before any run of it came to its end is told") {
  node_of n{slots::tracked};
  n.put("a", slot_mark::given_back, 1, 2); // its run was stopped, or dropped
  n.records["a"].spared = 1;
  n.go_to(minutes{120});
  n.hold("a");
  n.serve();
  CHECK(n.slots() == "02:00");
  CHECK(n.told() == "1 overlap 01:00-01:00");
}

TEST_CASE("memory: an answer is for the wish whose number it bears, whatever has been asked meanwhile") {
  node_of n{slots::tracked};
  n.hold("a");
  n.serve();
  n.end_all();
  n.serve();
  n.slots();
  n.go_to(minutes{60});
  REQUIRE(n.asks.size() == 1);
  const auto claim = n.asks.front();
  const auto answer = [&](std::uint64_t number) {
    store::slot_payload p;
    p.token = claim.token;
    p.slot = claim.write->slot;
    p.mark = slot_mark::claimed;
    n.take(n.core_.on_slots_told({{"a", claim.token, slot_result::written, true, p, false, false, number}}, n.now()));
  };
  answer(claim.number - 1);
  answer(claim.number + 1);
  CHECK(n.slots() == "");
  answer(claim.number);
  CHECK(n.slots() == "01:00");
}

TEST_CASE("memory: of two looks at an item the later one counts") {
  node_of n{slots::tracked};
  n.go_to(minutes{150});
  n.hold("a");
  REQUIRE(n.asks.size() == 1);
  const auto first = n.asks.front();
  n.follow({}, midnight_ms + 1); // slots count from another moment on: it is asked again
  REQUIRE(n.asks.size() == 2);
  const auto answer = [&](std::uint64_t number) {
    n.take(n.core_.on_slots_told({{"a", first.token, slot_result::known, false, {}, false, false, number}}, n.now()));
  };
  answer(first.number);
  CHECK(n.asks.size() == 2); // nothing is claimed by it
  answer(n.asks.back().number);
  CHECK(n.asks.size() == 3);
}

TEST_CASE("memory: claimed starts nothing twice and tells of nothing that it does not know") {
  node_of n{slots::claimed, tries(5)};
  n.put("a", slot_mark::claimed, 1);
  n.go_to(minutes{70});
  n.hold("a");
  n.serve();
  n.go_to(minutes{119});
  n.serve();
  CHECK(n.slots().empty());
  CHECK(n.interrupted.empty());
}

TEST_CASE("memory: a run that is taken over is not interrupted; its end is written") {
  node_of n{slots::tracked, tries(3)};
  n.put("a", slot_mark::claimed, 1);
  n.records["a"].token = 7;
  n.go_to(minutes{70});
  run_purpose p;
  p.slot = midnight_ms + 3'600'000;
  n.take(n.core_.on_adopted({41}, {{{"a", 7}}}, n.now(), {p}));
  n.running.insert(41);
  n.hold("a");
  n.serve();
  CHECK(n.interrupted.empty());
  n.end(41);
  n.serve();
  CHECK(n.record("a") == "done 01:00/1");
}

TEST_CASE("memory: a core made anew does not take a claim for its own") {
  node_of n{slots::tracked, tries(2)};
  n.put("a", slot_mark::claimed, 1);
  n.records["a"].token = 7; // of this very turn
  n.go_to(minutes{70});
  n.hold("a");
  n.serve();
  CHECK(n.interrupted.size() == 1);
  n.go_to(minutes{75});
  n.serve();
  REQUIRE(n.starts.size() == 1);
  CHECK(n.starts[0].purpose.attempt == 2);
}

TEST_CASE("memory: a run that was asked to stop is given back with the next attempt, which costs none") {
  node_of n{slots::tracked};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.serve();
  n.revoke("a");
  CHECK(n.released.empty());
  n.end_all();
  CHECK(n.released.empty());
  n.serve();
  CHECK(n.record("a") == "given_back 01:00/2");
  CHECK(n.records["a"].spared == 1);
  CHECK(n.released == std::vector<item_id>{"a"});

  node_of m{slots::tracked}; // one attempt is allowed
  m.records = n.records;
  m.go_to(minutes{61});
  m.hold("a", 9);
  m.serve();
  m.go_to(minutes{62});
  m.serve();
  REQUIRE(m.starts.size() == 1);
  CHECK(m.starts[0].purpose.attempt == 2);
  m.end_all();
  m.serve();
  CHECK(m.record("a") == "done 01:00/2");
}

TEST_CASE("memory: each attempt is claimed, and the end of the last one is written") {
  node_of n{slots::tracked, tries(2)};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.serve();
  n.end(*n.running.begin(), true);
  CHECK(n.serve() == 0);
  n.go_to(minutes{61});
  CHECK(n.serve() == 1);
  CHECK(n.record("a") == "claimed 01:00/2");
  n.end(*n.running.begin(), true);
  n.serve();
  CHECK(n.record("a") == "done 01:00/2");
  CHECK(n.records["a"].failures == 1);
  CHECK(n.slots() == "01:00 01:00");
}

TEST_CASE("memory: a worker made anew answers no claim of the one before; its items are free") {
  node_of n{slots::tracked};
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  REQUIRE(n.asks.size() == 1);
  n.asks.clear();
  n.take(n.core_.on_worker_rebuilt(n.now()));
  CHECK(n.released == std::vector<item_id>{"a"});
  CHECK(n.core_.idle());
  n.hold("a");
  n.serve();
  CHECK(n.serve() == 0);
  CHECK(n.slots() == "01:00");
}
