#include "test/unit/cores/remembering_node.hpp"

/// What a runner does with the memory of slots: what it asks, what starts, what it writes.
using namespace djm;
using namespace djm::test;

namespace {

std::set<item_id> items(const std::vector<std::string>& names) {
  std::set<item_id> all;
  for (const auto& name : names) {
    all.insert(item_id{name});
  }
  return all;
}

} // namespace

TEST_CASE("memory: nothing of a slot starts before it is known what is remembered, and then what was missed") {
  node_of n{slots::finished};
  n.put("a", slot_mark::done, 1);
  n.go_to(minutes{150});
  n.hold("a");
  n.go_to(minutes{200});
  CHECK(n.slots().empty());
  n.serve();
  CHECK(n.slots() == "03:00");
  CHECK(n.told() == "1 backlog 02:00-02:00");
}

TEST_CASE("memory: finished writes once for each slot, after it") {
  node_of n{slots::finished};
  n.hold("a");
  CHECK(n.serve() == 0);
  int writes = 0;
  for (int h = 1; h <= 5; ++h) {
    n.go_to(minutes{60 * h});
    CHECK(n.serve() == 0);
    n.end_all();
    writes += n.serve();
  }
  CHECK(writes == 5);
  CHECK(n.record("a") == "done 05:00/1");
}

TEST_CASE("memory: forget asks for nothing and writes nothing") {
  node_of n{slots::forget};
  n.go_to(minutes{10});
  n.hold("a");
  n.go_to(minutes{60});
  n.end_all();
  CHECK(n.asks.empty());
  CHECK(n.slots() == "01:00");
}

TEST_CASE("memory: an item whose process dies in its runs is parked, for all") {
  node_of n{slots::tracked, tries(5, 3)};
  n.put("a", slot_mark::claimed, 1);
  n.records["a"].failures = 1;
  n.go_to(minutes{70});
  n.hold("a");
  n.serve();
  CHECK(n.parked.empty());
  CHECK(n.interrupted.size() == 1);
  n.go_to(minutes{75});
  n.serve();
  CHECK(n.slots() == "01:00");
  CHECK(n.records["a"].failures == 2);

  node_of m{slots::tracked, tries(5, 3)};
  m.records = n.records;
  m.go_to(minutes{80});
  m.hold("a", 9);
  m.serve();
  REQUIRE(m.parked.size() == 1);
  CHECK(m.record("a") == "parked 01:00/2");
  m.go_to(minutes{200});
  m.serve();
  CHECK(m.slots().empty());

  node_of k{slots::tracked, tries(5, 3)};
  k.records = m.records;
  k.go_to(minutes{210});
  k.hold("a", 11);
  k.serve();
  k.go_to(minutes{250});
  CHECK(k.slots().empty());
  k.take(*k.core_.on_release_item("a", k.now()));
  k.serve();
  CHECK(k.records["a"].failures == 0);
  k.serve();
  CHECK(k.slots() == "04:00"); // the latest that has come meanwhile
}

TEST_CASE("memory: of items that were in a run when a process died, one runs at a time until its run has ended") {
  node_of n{slots::tracked, tries(9)};
  for (const auto& item : to_ids<item_id>({"a", "b", "c"})) {
    n.put(item, slot_mark::claimed, 1);
  }
  n.put("d", slot_mark::done, 0);
  n.go_to(minutes{70});
  for (const auto& item : to_ids<item_id>({"a", "b", "c", "d"})) {
    n.hold(item);
  }
  n.serve();
  CHECK(n.interrupted.size() == 3);
  n.go_to(minutes{75}); // all are due, and d is no suspect
  n.serve();
  const auto suspects = [&] {
    auto all = n.at_work();
    all.erase("d");
    return all;
  };
  CHECK(n.at_work().count("d") == 1);
  std::set<item_id> tried;
  for (int k = 1; k <= 3; ++k) {
    REQUIRE(suspects().size() == 1);
    tried.insert(*suspects().begin());
    CHECK(tried.size() == static_cast<std::size_t>(k));
    n.go_to(minutes{75 + k});
    n.end_of(*suspects().begin());
    n.serve();
  }
  n.end_of("d");
  // What they were suspected of is over.
  n.go_to(minutes{120});
  n.serve();
  CHECK(n.at_work() == items({"a", "b", "c", "d"}));
}

TEST_CASE("memory: a suspect that goes elsewhere before its run keeps no other waiting") {
  node_of n{slots::tracked, tries(9)};
  n.put("a", slot_mark::claimed, 1);
  n.put("b", slot_mark::claimed, 1);
  n.go_to(minutes{70});
  n.hold("a");
  n.hold("b");
  n.serve();
  n.go_to(minutes{75});
  n.serve();
  REQUIRE(n.at_work().size() == 1);
  const auto first = *n.at_work().begin();
  n.revoke(first);
  n.serve();
  CHECK(n.at_work() == std::set<item_id>{first}); // it is asked to stop, and goes on
  n.end_of(first);
  n.serve();
  REQUIRE(n.at_work().size() == 1);
  CHECK(*n.at_work().begin() != first);
}

TEST_CASE("memory: a life that is there and has merely lost the item parks nothing") {
  node_of n{slots::tracked, tries(5, 1)};
  n.writer_gone = false;
  n.put("a", slot_mark::claimed, 1);
  n.go_to(minutes{70});
  n.hold("a");
  n.serve();
  CHECK(n.parked.empty());
}

TEST_CASE("memory: nothing up to the moment from which slots count starts, nor where nothing is known before") {
  node_of n{slots::tracked};
  n.put("a", slot_mark::done, 1);
  n.go_to(minutes{200});
  n.follow(tries(1), midnight_ms + 180 * 60'000);
  n.hold("a");
  n.serve();
  n.go_to(minutes{239});
  n.serve();
  CHECK(n.slots().empty());
  n.go_to(minutes{240});
  n.serve();
  CHECK(n.slots() == "04:00");

  node_of m{slots::tracked};
  m.go_to(minutes{200});
  m.follow(tries(1), 0);
  m.hold("a");
  m.serve();
  m.go_to(minutes{239});
  m.serve();
  CHECK(m.slots().empty());
}

TEST_CASE("memory: a moment in the future, by a clock that was wrong, silences nothing") {
  node_of n{slots::tracked};
  n.go_to(minutes{50});
  n.follow(tries(1), midnight_ms + 365LL * 86'400'000);
  n.hold("a");
  n.serve();
  n.go_to(minutes{60});
  n.serve();
  CHECK(n.slots() == "01:00");
}

TEST_CASE("memory: what was left out during a run is done with when that is") {
  slot_rules r;
  r.overlap = djm::overlap::skip;
  node_of n{slots::finished, {}, r};
  n.hold("a");
  n.serve();
  n.go_to(minutes{185});
  CHECK(n.slots() == "01:00");
  n.end_all();
  n.serve();
  CHECK(n.record("a") == "done 03:00/1");
}

TEST_CASE("memory: a clock that is set back by days repeats nothing, however far that is") {
  for (const auto rule : {slots::finished, slots::claimed, slots::tracked}) {
    node_of n{rule};
    n.go_to(minutes{10});
    n.hold("a");
    n.serve();
    n.go_to(minutes{60});
    n.serve();
    CHECK(n.slots() == "01:00");
    n.end_all();
    n.serve();
    const auto before = n.records.empty() ? 0 : n.records["a"].slot;
    n.set_clock(hours_t{-72});
    n.go_to(minutes{600});
    n.serve();
    CHECK(n.slots().empty());
    n.set_clock(hours_t{72});
    n.serve();
    CHECK(n.slots() == "10:00");
    CHECK((before == 0 || n.records["a"].slot >= before));
  }
}

TEST_CASE("memory: an item that is to go elsewhere after its failures goes when the end of its run is written") {
  for (const auto rule : {slots::finished, slots::tracked}) {
    auto f = tries(1);
    f.decline_item_after = 1;
    node_of n{rule, f};
    n.go_to(minutes{10});
    n.hold("a");
    n.serve();
    n.go_to(minutes{60});
    n.serve();
    REQUIRE(n.running.size() == 1);
    n.end(*n.running.begin(), true);
    CHECK(n.declined.empty());
    CHECK(n.serve() == 1);
    CHECK(n.record("a") == "done 01:00/1");
    CHECK(n.declined == std::vector<item_id>{"a"});
    n.go_to(minutes{300});
    CHECK(n.serve() == 0);
    CHECK(n.slots() == "01:00");
  }
}

TEST_CASE("memory: a slot that counts no more when its claim is written, or its retry is due, does not start") {
  node_of n{slots::tracked, tries(3)};
  n.go_to(minutes{10});
  n.hold("a");
  n.serve();
  n.go_to(minutes{60}); // its claim is on its way
  const auto claim = n.asks;
  n.follow(tries(3), midnight_ms + 90 * 60'000);
  n.asks.insert(n.asks.begin(), claim.begin(), claim.end());
  n.serve();
  CHECK(n.slots().empty());

  node_of m{slots::finished, tries(3)};
  m.go_to(minutes{10});
  m.hold("a");
  m.serve();
  m.go_to(minutes{60});
  REQUIRE(m.running.size() == 1);
  m.end(*m.running.begin(), true); // another attempt in ten seconds
  m.follow(tries(3), midnight_ms + 90 * 60'000);
  m.serve();
  m.go_to(minutes{89});
  m.serve();
  CHECK(m.slots() == "01:00");
}

TEST_CASE("memory: a retry that is planned stays planned when what is remembered is looked at once more") {
  for (const auto rule : {slots::finished, slots::tracked}) {
    node_of n{rule, tries(3)};
    n.go_to(minutes{10});
    n.hold("a");
    n.serve();
    n.go_to(minutes{60});
    n.serve();
    REQUIRE(n.running.size() == 1);
    n.end(*n.running.begin(), true); // another attempt in ten seconds
    n.follow(tries(3), midnight_ms + 1);
    n.serve();
    n.go_to(minutes{62});
    n.serve();
    REQUIRE(n.starts.size() == 2);
    CHECK(n.starts[1].purpose.attempt == 2);
    CHECK(n.slots() == "01:00 01:00");
    CHECK(n.interrupted.empty());
  }
}

TEST_CASE("memory: a clock that was days behind and is set right starts nothing of the time that does not count") {
  node_of n{slots::finished};
  n.set_clock(hours_t{-48});
  n.follow(tries(1), midnight_ms + 90 * 60'000); // more than a day ahead: by this clock somebody was wrong
  n.go_to(minutes{5});
  n.hold("a");
  n.serve();
  n.go_to(minutes{10});
  CHECK(n.slots().empty());
  n.set_clock(hours_t{48} + minutes{100}); // it is 01:50
  n.serve();
  CHECK(n.slots().empty());
  n.go_to(minutes{20}); // 02:00
  CHECK(n.slots() == "02:00");
}
