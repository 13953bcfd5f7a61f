#include "execution/run/run_core.hpp"

#include <doctest/doctest.h>

using namespace djm::exec;
using effect = run_core::effect;
using effects = run_core::effects;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// TERM at 20 - 1 - 5 = 14, KILL at 19.
order some_order() {
  order o;
  o.program = {"x"};
  o.grace = 5 * second;
  o.reserve = second;
  o.left_over_grace = 5 * second;
  return o;
}

run_core running(std::int64_t deadline = 20 * second) {
  run_core core;
  CHECK(core.on_lease({1, deadline}));
  CHECK(core.on_order(some_order(), 0) == effects{effect::start});
  CHECK(core.on_wake(0) == effects{effect::ack});
  CHECK(core.on_wake(0).empty());
  return core;
}

} // namespace

TEST_CASE("run core: nothing starts without a lease, nor when there is no time for TERM and KILL") {
  run_core none;
  CHECK(none.on_order(some_order(), 0) == effects{effect::refuse, effect::over});
  CHECK(none.report().why == ending::lease);
  run_core late;
  late.on_lease({1, 20 * second});
  CHECK(late.start_until() == 20 * second);
  CHECK(late.on_order(some_order(), 14 * second) == effects{effect::refuse, effect::over});
  run_core early;
  early.on_lease({1, 20 * second});
  CHECK(early.on_order(some_order(), 14 * second - 1) == effects{effect::start});
  CHECK(early.start_until() == 14 * second);
}

TEST_CASE("run core: TERM comes the grace and the reserve before the deadline, KILL the reserve before it") {
  auto core = running();
  CHECK(core.wake_at() == 14 * second);
  CHECK(core.on_wake(14 * second - 1).empty());
  CHECK(core.on_wake(14 * second) == effects{effect::term});
  CHECK(core.wake_at() == 19 * second);
  CHECK(core.on_wake(19 * second - 1).empty());
  CHECK(core.on_wake(19 * second) == effects{effect::kill});
  // What was forked meanwhile is killed, too, until nothing is left.
  CHECK(core.on_wake(19 * second + 1).empty());
  CHECK(core.wake_at() == 19 * second + 20'000'000);
  CHECK(core.on_wake(19 * second + 20'000'000) == effects{effect::kill});
  CHECK(core.on_exited(true, 19 * second) == effects{effect::over});
  CHECK(core.report().why == ending::lease);
  CHECK(core.report().killed);
  CHECK_FALSE(core.wake_at());
}

TEST_CASE("run core: a later lease moves the end, in both directions, and a late one does not") {
  auto core = running();
  CHECK(core.on_lease({3, 40 * second}));
  CHECK(core.wake_at() == 34 * second);
  CHECK_FALSE(core.on_lease({2, 20 * second})); // from before
  CHECK_FALSE(core.on_lease({3, 20 * second}));
  CHECK(core.seq() == 3);
  CHECK(core.wake_at() == 34 * second);
  CHECK(core.on_lease({4, 10 * second})); // newest wins even when lower
  CHECK(core.wake_at() == 4 * second);
  CHECK(core.on_wake(8 * second) == effects{effect::term, effect::ack});
  CHECK(core.on_wake(9 * second) == effects{effect::kill});
}

TEST_CASE("run core: a lease is acknowledged when what it asks for is done, also one that comes late") {
  auto core = running();
  core.on_lease({2, 5 * second});
  core.on_lease({3, 6 * second}); // one acknowledgement for both
  CHECK(core.on_wake(5 * second) == effects{effect::kill, effect::ack});
  CHECK_FALSE(core.on_lease({3, 20 * second}));
  CHECK(core.on_wake(5 * second) == effects{effect::ack}); // of what it goes by
  CHECK(core.seq() == 3);
  run_core waits;
  CHECK(waits.on_lease({1, second}));
  CHECK(waits.on_wake(2 * second) == effects{effect::ack}); // there is nothing to kill
  auto over = running();
  CHECK(over.on_exited(true, second) == effects{effect::over});
  over.on_lease({2, second});
  CHECK(over.on_wake(2 * second) == effects{effect::ack});
}

TEST_CASE("run core: a lease that has become much shorter kills at once") {
  auto core = running();
  CHECK(core.on_lease({2, 5 * second}));
  CHECK(core.on_wake(5 * second) == effects{effect::kill, effect::ack});
}

TEST_CASE("run core: after a TERM KILL follows by the grace, or by the lease where that ends before") {
  auto core = running();
  CHECK(core.on_stop(3 * second, second) == effects{effect::term});
  CHECK(core.wake_at() == 4 * second);
  CHECK(core.on_lease({2, 100 * second})); // does not make it longer
  CHECK(core.wake_at() == 4 * second);
  CHECK(core.on_stop(60 * second, 2 * second).empty()); // TERM once, and no later
  CHECK(core.wake_at() == 4 * second);
  CHECK(core.on_lease({3, 4 * second}));
  CHECK(core.wake_at() == 3 * second);
  CHECK(core.on_wake(3 * second) == effects{effect::kill, effect::ack});
  CHECK(core.on_exited(true, 3 * second) == effects{effect::over});
  CHECK(core.report().why == ending::asked);
}

TEST_CASE("run core: the end of the node is TERM, and KILL after the grace but not after the lease") {
  auto core = running();
  CHECK(core.on_node_gone(2 * second) == effects{effect::term});
  CHECK(core.wake_at() == 7 * second);
  auto late = running();
  CHECK(late.on_node_gone(17 * second) == effects{effect::term});
  CHECK(late.wake_at() == 19 * second);
  CHECK(late.report().why == ending::node);
  auto asked = running();
  CHECK(asked.on_stop(60 * second, second) == effects{effect::term});
  CHECK(asked.on_node_gone(second).empty()); // it has got its TERM
  CHECK(asked.wake_at() == 6 * second);
  auto no_grace = running();
  CHECK(no_grace.on_stop(0, second) == effects{effect::term, effect::kill});
}

TEST_CASE("run core: what the main process leaves behind gets TERM, then KILL") {
  auto core = running();
  CHECK(core.on_exited(false, 2 * second) == effects{effect::term});
  CHECK(core.wake_at() == 7 * second);
  CHECK(core.on_wake(7 * second) == effects{effect::kill});
  CHECK(core.on_empty() == effects{effect::over});
  CHECK(core.report().left_over);
  CHECK(core.report().killed);
  CHECK(core.report().why == ending::none);
  auto clean = running();
  CHECK(clean.on_exited(true, 2 * second) == effects{effect::over});
  CHECK_FALSE(clean.report().left_over);
  CHECK(clean.on_exited(true, 2 * second).empty());
  CHECK(clean.on_empty().empty());
  auto both = running();
  CHECK(both.on_exited(false, 2 * second) == effects{effect::term});
  CHECK(both.on_node_gone(3 * second) == effects{effect::term}); // the first one was not about that
  CHECK(both.wake_at() == 7 * second);
}

TEST_CASE("run core: a request to stop, or the end of the node, before the order is the end") {
  run_core asked;
  CHECK(asked.on_stop(second, 0) == effects{effect::over});
  CHECK(asked.on_lease({1, 20 * second}));
  CHECK(asked.on_order(some_order(), 0).empty());
  run_core alone;
  CHECK(alone.on_node_gone(0) == effects{effect::over});
  CHECK(alone.report().why == ending::node);
  auto refused = running();
  CHECK(refused.on_refused() == effects{effect::over});
  CHECK(refused.on_refused().empty());
}

TEST_CASE("run core: no time overflows, whatever a lease says") {
  for (const auto deadline : {INT64_MIN, std::int64_t{0}, INT64_MAX - 1, INT64_MAX}) {
    run_core core;
    core.on_lease({1, deadline});
    auto o = some_order();
    o.grace = o.reserve = o.left_over_grace = INT64_MAX;
    core.on_order(o, 0);
    core.on_wake(0);
    core.on_stop(INT64_MAX, INT64_MAX);
    core.on_exited(false, INT64_MAX);
    core.on_wake(INT64_MAX - 1);
    CHECK(core.seq() == 1);
  }
  auto unlimited = running(no_deadline);
  CHECK_FALSE(unlimited.wake_at());
  CHECK(unlimited.on_wake(INT64_MAX - 1).empty());
  CHECK(unlimited.on_stop(second, 0) == effects{effect::term});
  CHECK(unlimited.wake_at() == second);
}
