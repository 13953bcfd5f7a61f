#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

namespace {

followed_job order_of(const runner& r, djm::schedule s = djm::schedule::fixed_delay(seconds{10})) {
  (void) r;
  followed_job f;
  f.job = "j";
  f.rev = 2;
  f.spec = runner::job(s);
  return f;
}

std::string follow(runner& r, double t, const followed_job& f, bool held = false) {
  return r.take(r.core.on_follow(f, held, when(t)));
}

} // namespace

TEST_CASE("runner: a record that says what is known changes nothing") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  const auto before = r.wakes();
  CHECK(follow(r, 1, order_of(r)) == "");
  CHECK(r.wakes() == before);
  CHECK(r.core.status(at(1)).rev == 2);
}

TEST_CASE("runner: nothing starts while it is held, what goes on goes on, and what came due is not made up for") {
  runner r{runner::job(djm::schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  CHECK(follow(r, 1, order_of(r, djm::schedule::fixed_rate(seconds{10})), true) == "");
  CHECK(r.core.status(at(1)).held);
  CHECK(r.done(2, 1) == "");
  CHECK(r.wake(10) == "");
  CHECK(r.wake(35) == "");
  CHECK(r.wakes() == -1);
  CHECK(follow(r, 36, order_of(r, djm::schedule::fixed_rate(seconds{10}))) == "");
  CHECK(r.wakes() == 40);
  CHECK(r.wake(40) == "start 2: a#1");
}

TEST_CASE("runner: another schedule holds from the next start on") {
  runner r{runner::job(djm::schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  r.done(1, 1);
  CHECK(follow(r, 2, order_of(r, djm::schedule::fixed_rate(seconds{4}))) == "");
  CHECK(r.wakes() == 4);
}

TEST_CASE("runner: a trigger of the record is one more run, for any number of them") {
  runner r{runner::job(djm::schedule::on_trigger())};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "");
  auto f = order_of(r, djm::schedule::on_trigger());
  f.triggers = 3;
  CHECK(follow(r, 1, f) == "start 1: a#1");
  CHECK(r.done(2, 1) == "");
}

TEST_CASE("runner: a cap that is raised lets those start that have waited for it") {
  auto spec = runner::job(djm::schedule::fixed_delay(seconds{10}));
  spec.mode = running_mode::thread_per_item;
  spec.max_concurrent_runs = 1;
  runner r{spec};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}, {"b", 2}}) == "start 1: a#1");
  auto f = order_of(r);
  f.spec = spec;
  f.spec.max_concurrent_runs = 0;
  CHECK(follow(r, 1, f) == "start 2: b#2");
}
