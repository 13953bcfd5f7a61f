#include <doctest/doctest.h>

#include "actors/env/lease_board.hpp"
#include "actors/worker/lease.hpp"
#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

/// How the lease of a node gets to its runners.
namespace {

lease_board::terms told(std::uint64_t stretch, double run_until) {
  return {stretch, 0, at(run_until), at(run_until + 1)};
}

/// T = D = 10 s, grace 1 s, verified and heard of at 0: until 19 s, less the margin of 1 s.
lease working() {
  lease l{seconds{10}, seconds{1}};
  l.verified(1, seconds{10});
  l.contact(1, at(0));
  return l;
}

} // namespace

TEST_CASE("lease board: a stretch is followed, another one is not") {
  lease_board b;
  CHECK_FALSE(b.newer({}));
  const auto first = b.begin(at(10), at(11));
  auto known = b.newer(told(first, 5));
  REQUIRE(known);
  CHECK(known->run_until == at(10));
  CHECK_FALSE(b.newer(*known));
  b.renew(at(20), at(21));
  known = b.newer(*known);
  REQUIRE(known);
  CHECK(known->deadline == at(21));
  const auto second = b.begin(at(50), at(51));
  CHECK(second != first);
  // What was sent to the runner before the message of the new stretch may take items from it.
  CHECK_FALSE(b.newer(*known));
  CHECK(b.newer(told(second, 50)));
}

TEST_CASE("lease board: who waits is told once, of the same stretch alone") {
  lease_board b;
  int calls = 0;
  const auto call = [&] { ++calls; };
  const auto first = b.begin(at(10), at(11));
  CHECK_FALSE(b.await(told(first, 10), call)); // there is something that it has not seen
  const auto known = *b.newer(told(first, 10));
  CHECK(b.await(known, call));
  b.renew(at(20), at(21));
  b.renew(at(30), at(31));
  CHECK(calls == 1);
  CHECK(b.await(*b.newer(known), call));
  b.begin(at(50), at(51)); // a message is on its way
  b.renew(at(60), at(61));
  CHECK(calls == 1);
  CHECK(b.await(known, call));
  b.renew(at(70), at(71));
  CHECK(calls == 1);
}

TEST_CASE("lease: what only makes it longer in time goes on with what was told") {
  auto l = working();
  CHECK_FALSE(l.tell(at(0))); // the first
  l.contact(1, at(5));
  CHECK(l.tell(at(5)));
  l.contact(1, at(23)); // it was over at 23 s: nothing could start
  CHECK_FALSE(l.tell(at(23)));
  l.contact(1, at(24));
  CHECK(l.tell(at(24)));
}

TEST_CASE("lease: what ends sooner, and what comes after the locks were read again, begins anew") {
  auto l = working();
  l.tell(at(0));
  REQUIRE(l.granted(1, seconds{4}));
  CHECK_FALSE(l.tell(at(1)));
  l.contact(1, at(2));
  CHECK(l.tell(at(2)));
  REQUIRE(l.closed(at(3)));
  CHECK_FALSE(l.tell(at(3)));
  l.verified(2, seconds{10});
  REQUIRE(l.contact(2, at(4)));
  CHECK_FALSE(l.tell(at(4)));
  l.verified(2, seconds{10}); // it was cut off, in the same session
  REQUIRE(l.contact(2, at(5)));
  CHECK_FALSE(l.tell(at(5)));
}

TEST_CASE("runner: it wakes for what is due after the end of its lease, and looks then") {
  runner r{runner::job()};
  r.leased(0, 15, 17);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(r.done(8, 1) == "");
  CHECK(r.wakes() == 18);
  CHECK(r.take(r.core.on_lease_renewed(at(30), at(32), when(18))) == "start 2: a#1");
  CHECK_FALSE(r.core.lease_is_over());
  CHECK(r.done(28, 2) == "");
  CHECK(r.wakes() == 38);
  CHECK(r.wake(38) == ""); // nobody has renewed it
  CHECK(r.core.lease_is_over());
  CHECK(r.wakes() == -1);
  CHECK(r.take(r.core.on_lease_renewed(at(50), at(52), when(41))) == "start 3: a#1");
}

TEST_CASE("runner: a lease that was found longer takes nothing from the time that an item may wait") {
  for (const bool lapsed : {false, true}) {
    auto spec = runner::job(schedule::fixed_rate(seconds{10}));
    spec.max_concurrent_runs = 1;
    spec.mode = running_mode::thread_per_item;
    runner r{spec};
    r.leased(0, lapsed ? 11 : 15, 17);
    r.granted(0, {{"a", 1}, {"b", 2}});
    r.wake(11);
    r.take(r.core.on_lease_renewed(at(40), at(42), when(11.5)));
    r.wake(12); // "b" has waited for a period and the grace; where nothing could start, the time counts anew
    CHECK(tells(r, "item_starved") == !lapsed);
  }
}
