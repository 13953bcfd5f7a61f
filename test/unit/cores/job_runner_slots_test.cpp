#include "test/unit/cores/slot_node.hpp"

/// Slots of calendars: which start, which do not, and who is told.
using namespace djm;
using namespace djm::test;

TEST_CASE("slots: a run starts at each slot, and knows which it is") {
  slot_node n{cron("30 * * * *")};
  n.go_to(minutes{10});
  n.grant("a");
  CHECK(n.slots().empty());
  n.go_to(minutes{30});
  REQUIRE(n.starts.size() == 1);
  CHECK(n.starts[0].purpose.slot == midnight_ms + 1'800'000);
  CHECK(n.starts[0].purpose.due == n.starts[0].purpose.slot);
  CHECK(n.starts[0].purpose.attempt == 1);
  CHECK(n.starts[0].purpose.missed.count == 0);
  n.end_all();
  for (int m = 0; m < 240; ++m) {
    n.go_to(minutes{31 + m});
    n.end_all();
  }
  CHECK(n.slots() == "00:30 01:30 02:30 03:30 04:30");
  CHECK(n.told().empty());
  CHECK(n.core_.status(n.now().now).counters.skipped == 0);
  CHECK(n.core_.status(n.now().now).next_slot == midnight_ms + 5 * 3'600'000 + 1'800'000);
}

TEST_CASE("slots: what comes while nobody holds the item is not started by who gets it later") {
  slot_node n{cron("30 * * * *")};
  n.go_to(minutes{31});
  n.grant("a");
  n.go_to(minutes{89});
  CHECK(n.slots().empty());
  n.go_to(minutes{91});
  CHECK(n.slots() == "01:30");
}

TEST_CASE("slots: jitter moves the start of each item by an amount of its own, the same every time, and not its slot") {
  slot_rules r;
  r.jitter = minutes{20};
  slot_node n{cron("0 * * * *"), r};
  for (const auto& id : std::vector<item_id>{"a", "b", "c"}) {
    n.grant(id);
  }
  std::map<item_id, std::set<std::int64_t>> late;
  for (int m = 1; m <= 300; ++m) {
    n.go_to(minutes{m});
    n.end_all();
  }
  for (const auto& s : n.starts) {
    CHECK(*s.purpose.slot % 3'600'000 == 0);
    late[s.items.at(0)].insert(*s.purpose.due - *s.purpose.slot);
  }
  REQUIRE(late.size() == 3);
  std::set<std::int64_t> amounts;
  for (const auto& [item, ms] : late) {
    REQUIRE(ms.size() == 1);
    CHECK(*ms.begin() >= 0);
    CHECK(*ms.begin() < 20 * 60'000);
    CHECK(*ms.begin() == jitter_of("j", item, minutes{20}).count());
    amounts.insert(*ms.begin());
  }
  CHECK(amounts.size() == 3);
}

TEST_CASE("slots: an item that is granted between a slot and its jittered start runs at that start") {
  slot_rules r;
  r.jitter = minutes{50};
  slot_node n{cron("0 * * * *"), r};
  const auto jitter = jitter_of("j", "a", r.jitter);
  REQUIRE(jitter > minutes{1});
  n.go_to(hours_t{1} + jitter / 2);
  n.grant("a");
  n.go_to(hours_t{1} + jitter);
  CHECK(n.slots() == "01:00");
}

TEST_CASE("slots: a run that goes on: the latest slot waits for its end, the others are told") {
  slot_node n{cron("30 * * * *")};
  n.grant("a");
  n.go_to(minutes{30});
  n.go_to(minutes{3 * 60 + 40});
  CHECK(n.slots() == "00:30");
  n.end_all();
  REQUIRE(n.starts.size() == 1);
  CHECK(n.starts[0].purpose.missed.count == 2);
  CHECK(slot_id(*n.starts[0].purpose.missed.first) == midnight_ms + 3'600'000 + 1'800'000);
  CHECK(slot_id(*n.starts[0].purpose.missed.last) == midnight_ms + 2 * 3'600'000 + 1'800'000);
  CHECK(n.slots() == "03:30");
  CHECK(n.told() == "2 overlap 01:30-02:30");
  CHECK(n.core_.status(n.now().now).counters.skipped == 2);
}

TEST_CASE("slots: overlap skip leaves out each slot that comes during a run, and tells of it then") {
  slot_node n{cron("30 * * * *"), with(djm::overlap::skip)};
  n.grant("a");
  n.go_to(minutes{30});
  n.go_to(minutes{91});
  CHECK(n.told() == "1 overlap 01:30-01:30");
  n.end_all();
  n.go_to(minutes{149});
  CHECK(n.slots() == "00:30");
  n.go_to(minutes{150});
  CHECK(n.slots() == "02:30");
}

TEST_CASE("slots: overlap restart asks the run to stop, and starts when it has") {
  slot_node n{cron("30 * * * *"), with(djm::overlap::restart)};
  n.grant("a");
  n.go_to(minutes{30});
  n.go_to(minutes{89});
  CHECK(n.stops.empty());
  n.go_to(minutes{90});
  CHECK(n.stops == std::vector<stop_reason>{stop_reason::superseded});
  n.go_to(minutes{91});
  CHECK(n.stops.size() == 1);
  CHECK(n.slots() == "00:30");
  n.end_all();
  CHECK(n.slots() == "01:30");
}

TEST_CASE("slots: a machine that was suspended catches up on the latest, on none, or on all, within the window") {
  const auto after_sleep = [](slot_rules r) {
    slot_node n{cron("30 * * * *"), r};
    n.grant("a");
    n.go_to(minutes{30});
    n.end_all();
    n.slots();
    n.sleep_to(minutes{4 * 60 + 35});
    std::string all;
    for (int i = 0; i < 5; ++i) {
      if (const auto text = n.slots(); !text.empty()) {
        all += text + " ";
      }
      n.end_all();
    }
    return all + "(" + n.told() + ")";
  };
  CHECK(after_sleep(with(catch_up::last)) == "04:30 (3 backlog 01:30-03:30)");
  CHECK(after_sleep(with(catch_up::none)) == "(4 window 01:30-04:30)");
  CHECK(after_sleep(with(catch_up::all)) == "01:30 02:30 03:30 04:30 ()");
  CHECK(after_sleep(with(catch_up::last, minutes{4})) == "(4 window 01:30-04:30)");
  CHECK(after_sleep(with(catch_up::last, minutes{100})) == "04:30 (2 window 01:30-02:30; 1 backlog 03:30-03:30)");
  CHECK(after_sleep(with(catch_up::all, minutes{100})) == "03:30 04:30 (2 window 01:30-02:30)");
}

TEST_CASE("slots: of very many that are missed the latest hundred are caught up on") {
  slot_node n{cron("* * * * *"), with(catch_up::all)};
  n.go_to(seconds{30});
  n.grant("a");
  n.sleep_to(hours_t{5});
  n.end_all();
  CHECK(n.starts.size() == most_caught_up);
  CHECK(n.told() == "200 backlog 00:01-03:20");
  CHECK(n.slots().substr(0, 5) == "03:21");
}

TEST_CASE("slots: without a lease nothing starts; when it is back the latest does") {
  slot_node n{cron("30 * * * *")};
  n.grant("a");
  n.lease(minutes{10});
  n.go_to(minutes{100});
  CHECK(n.slots().empty());
  n.lease(hours_t{10});
  CHECK(n.slots() == "01:30");
  CHECK(n.told() == "1 backlog 00:30-00:30");
}

TEST_CASE("slots: those that come while the job is paused are told, and none of them starts afterwards") {
  slot_node n{cron("* * * * *")};
  n.grant("a");
  n.end_all();
  n.slots();
  const auto s = slot_node::settings(cron("* * * * *"), {}, running_mode::thread_per_item);
  followed_job f;
  f.job = "j";
  f.spec = s.spec;
  for (const bool paused : {true, false}) {
    f.paused = paused;
    ++f.rev;
    n.take(n.core_.on_follow(f, n.now(), s.table));
    n.go_to(minutes{paused ? 5 : 6});
  }
  CHECK(n.told() == "5 paused 00:01-00:05");
  CHECK(n.slots() == "00:06");
}

TEST_CASE(
  "slots: a job that is resumed after its node's clock was set right tells nothing of what had come by the wrong one") {
  slot_node n{cron("* * * * *")};
  n.grant("a");
  n.end_all();
  n.slots();
  n.set_clock(hours_t{72});
  n.go_to(minutes{2});
  n.slots();
  n.end_all();
  (void) n.told();
  const auto s = slot_node::settings(cron("* * * * *"), {}, running_mode::thread_per_item);
  followed_job f;
  f.job = "j";
  f.spec = s.spec;
  f.paused = true;
  ++f.rev;
  n.take(n.core_.on_follow(f, n.now(), s.table));
  n.go_to(minutes{5});
  (void) n.slots();
  n.drift(-hours_t{72}); // nothing wakes the node before it hears of the order
  f.paused = false;
  ++f.rev;
  n.take(n.core_.on_follow(f, n.now(), s.table));
  CHECK(n.told().empty());
  n.go_to(minutes{6});
  CHECK(n.slots() == "00:06");
}
