#include <doctest/doctest.h>

#include "test/unit/cores/runner.hpp"

using namespace djm;
using namespace djm::test;

namespace {

followed_job order_of(djm::schedule s = djm::schedule::fixed_delay(seconds{10})) {
  followed_job f;
  f.job = "j";
  f.rev = 2;
  f.spec = runner::job(std::move(s));
  return f;
}

/// A job without a configuration: runs get an empty one, which is said each time.
std::string follow(runner& r, double t, const followed_job& f) {
  auto said = r.take(r.core.on_follow(f, when(t)));
  const auto empty = "config of " + std::to_string(f.rev) + ", empty";
  REQUIRE(said.rfind(empty, 0) == 0);
  return said == empty ? "" : said.substr(empty.size() + 2);
}

/// One with a configuration, which the job's code is asked about.
class configured {
public:
  configured() {
    r.leased(0);
    r.granted(0, {{"a", 1}});
    r.done(1, 1);
  }
  std::string says(double t, std::int64_t rev, const char* config) {
    auto f = order_of();
    f.rev = rev;
    f.config = *user_config::parse(config);
    return r.take(r.core.on_follow(f, when(t)));
  }
  std::string answers(double t, std::uint64_t request, const expected<void>& verdict = {}) {
    return r.take(r.core.on_config(request, verdict, when(t)));
  }
  bool held(double t) const { return r.core.status(at(t)).held; }

  runner r{runner::job()};
};

expected<void> refusal() {
  return fail(errc::invalid_config, "n: 5 is too much");
}

} // namespace

TEST_CASE("runner: a record that says what is known changes nothing") {
  runner r{runner::job()};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  const auto before = r.wakes();
  CHECK(follow(r, 1, order_of()) == "");
  CHECK(r.wakes() == before);
  CHECK(r.core.status(at(1)).rev == 2);
}

TEST_CASE("runner: nothing starts while it is held, what goes on goes on, and what came due is not made up for") {
  runner r{runner::job(djm::schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  auto paused = order_of(djm::schedule::fixed_rate(seconds{10}));
  paused.paused = true;
  CHECK(follow(r, 1, paused) == "");
  CHECK(r.core.status(at(1)).held);
  CHECK(r.done(2, 1) == "");
  CHECK(r.wake(10) == "");
  CHECK(r.wake(35) == "");
  CHECK(r.wakes() == -1);
  CHECK(follow(r, 36, order_of(djm::schedule::fixed_rate(seconds{10}))) == "");
  CHECK(r.wakes() == 40);
  CHECK(r.wake(40) == "start 2: a#1");
}

TEST_CASE("runner: another schedule holds from the next start on") {
  runner r{runner::job(djm::schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "start 1: a#1");
  r.done(1, 1);
  CHECK(follow(r, 2, order_of(djm::schedule::fixed_rate(seconds{4}))) == "");
  CHECK(r.wakes() == 4);
}

TEST_CASE("runner: a trigger of the record is one more run, for any number of them") {
  runner r{runner::job(djm::schedule::on_trigger())};
  r.leased(0);
  CHECK(r.granted(0, {{"a", 1}}) == "");
  auto f = order_of(djm::schedule::on_trigger());
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
  auto f = order_of();
  f.spec = spec;
  f.spec.max_concurrent_runs = 0;
  CHECK(follow(r, 1, f) == "start 2: b#2");
}

TEST_CASE("runner: nothing starts with the first configuration before the job's code has taken it") {
  configured c;
  CHECK(c.says(2, 2, R"({"n":1})") == "config 1?");
  CHECK(c.held(2));
  CHECK(c.r.wake(11) == "");
  CHECK(c.answers(12, 1) == "config of 2");
  CHECK_FALSE(c.held(12));
  CHECK(c.r.wake(c.r.wakes()) == "start 2: a#1");
}

TEST_CASE("runner: a configuration that is refused is reported, and runs go on with the one before") {
  configured c;
  c.says(2, 2, R"({"n":1})");
  c.answers(2, 1);
  CHECK(c.says(3, 3, R"({"n":5})") == "config 2?");
  CHECK_FALSE(c.held(3));
  CHECK(c.answers(3, 2, refusal()) == "");
  CHECK(c.r.seen.find("configuration at revision 3") != std::string::npos);
  CHECK(c.r.seen.find("n: 5 is too much; runs go on with the one before") != std::string::npos);
  CHECK(c.r.wake(11) == "start 2: a#1");
  CHECK(c.says(12, 4, R"({"n":1})") == "config of 4"); // what runs have: nobody is asked, and the problem is over
  CHECK(c.r.seen.find("over") != std::string::npos);
}

TEST_CASE("runner: when the first configuration is refused nothing starts") {
  configured c;
  c.says(2, 2, R"({"n":5})");
  CHECK(c.answers(2, 1, refusal()) == "");
  CHECK(c.r.seen.find("nothing starts") != std::string::npos);
  CHECK(c.held(3));
  CHECK(c.r.wake(30) == "");
}

TEST_CASE("runner: an answer about a configuration that has been replaced changes nothing") {
  configured c;
  CHECK(c.says(2, 2, R"({"n":1})") == "config 1?");
  CHECK(c.says(3, 3, R"({"n":2})") == "config 2?");
  CHECK(c.answers(4, 1) == "");
  CHECK(c.held(4));
  CHECK(c.says(4, 4, R"({"n":2})") == ""); // asked already
  CHECK(c.answers(5, 2) == "config of 4");
  CHECK(c.answers(5, 2) == "");
}

TEST_CASE("runner: a check of a configuration that hangs is reported, and counts when it comes back after all") {
  configured c;
  c.says(2, 2, R"({"n":1})");
  CHECK(c.r.wakes() == 32);
  CHECK(c.r.wake(32) == "");
  CHECK(c.r.seen.find("has not come back") != std::string::npos);
  CHECK(c.r.wakes() == -1);
  CHECK(c.answers(100, 1) == "config of 2");
  CHECK(c.r.seen.find("over") != std::string::npos);
  CHECK_FALSE(c.held(100));
}

TEST_CASE("runner: a time zone that this machine does not know leaves the schedule as it is") {
  runner r{runner::job(djm::schedule::fixed_rate(seconds{10}))};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  r.done(1, 1);
  auto f = order_of(djm::schedule::fixed_rate(seconds{4}));
  r.take(r.core.on_follow(f, when(2), fail(errc::invalid_schedule, "no such zone")));
  CHECK(r.seen.find("no such zone") != std::string::npos);
  CHECK(r.wakes() == 10);
  CHECK(follow(r, 3, f) == "");
  CHECK(r.wakes() == 4); // the next point of the new grid
}

TEST_CASE("runner: a changed pool wants a restart where the job says so and this node has items of it") {
  const auto wanted = "restart_wanted(job=\"j\"";
  runner r{runner::job()};
  r.leased(0);
  r.granted(0, {{"a", 1}});
  const auto changed = [&](double t) { return r.take(r.core.on_pool_changed(when(t))); };
  CHECK(changed(1) == "");
  CHECK_FALSE(tells(r, wanted));
  auto f = order_of();
  f.spec.on_pool_change = pool_change::signal;
  follow(r, 2, f);
  CHECK(changed(3) == ""); // nothing is stopped or started for it
  CHECK(tells(r, wanted));
  r.done(4, 1);
  r.revoked(5, {"a"});
  changed(6);
  CHECK_FALSE(tells(r, wanted));
  r.granted(7, {{"b", 2}});
  r.stop(8);
  changed(9);
  CHECK_FALSE(tells(r, wanted));
}
