#include "test/unit/cores/remembering_node.hpp"

/// Claims of `claimed` whose runs never begin: the next holder takes their slots for started, so they are told.
using namespace djm;
using namespace djm::test;

namespace {

/// It has asked for the claim of 01:00.
struct claiming_node : node_of {
  explicit claiming_node(djm::slots rule = slots::claimed) : node_of(rule) {
    hold("a");
    serve();
    go_to(minutes{60});
    REQUIRE(asks.size() == 1);
  }
  /// The item is not this node's any more. `unsure`: what was to be written may be there.
  void answer_lost(bool unsure) {
    const auto w = asks.front();
    asks.clear();
    take(core_.on_slots_told({{"a", w.token, slot_result::lost, true, {}, false, false, w.number, unsure}}, now()));
  }
};

} // namespace

TEST_CASE("lost claims: one that may be there is told, one that is not starts elsewhere") {
  for (const bool unsure : {true, false}) {
    claiming_node n;
    n.answer_lost(unsure);
    CHECK(n.slots() == "");
    CHECK(n.told() == (unsure ? "1 backlog 01:00-01:00" : ""));
  }
  claiming_node tracked{slots::tracked}; // whoever has it next tells it as interrupted
  tracked.answer_lost(true);
  CHECK(tracked.told() == "");
}

TEST_CASE("lost claims: one that is written and cannot be given back any more is told") {
  claiming_node n;
  n.lease(-seconds{1});
  const auto w = n.asks.front();
  n.asks.clear();
  store::slot_payload p;
  p.token = w.token;
  p.slot = w.write->slot;
  p.mark = slot_mark::claimed;
  n.take(n.core_.on_slots_told({{"a", w.token, slot_result::written, true, p, false, false, w.number}}, n.now()));
  REQUIRE(n.asks.size() == 1);
  CHECK(n.asks.front().write->mark == slot_mark::given_back);
  n.answer_lost(false);
  CHECK(n.slots() == "");
  CHECK(n.told() == "1 backlog 01:00-01:00");
}

TEST_CASE("lost claims: a worker that was made anew tells nobody what became of one") {
  claiming_node n;
  n.take(n.core_.on_worker_rebuilt(n.now()));
  CHECK(n.told() == "1 backlog 01:00-01:00");
}

TEST_CASE("lost claims: a run that is dropped when its item has been lost and granted anew is told") {
  claiming_node n;
  n.serve();
  REQUIRE(n.running.size() == 1);
  n.revoke("a");
  n.hold("a", 9);
  job_runner_core::run_end dropped;
  dropped.dropped = true;
  n.take(n.core_.on_run_done(*n.running.begin(), dropped, n.now()));
  CHECK(n.told() == "1 backlog 01:00-01:00");
}
