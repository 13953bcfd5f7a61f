#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"

using namespace djm;
using namespace djm::test;

namespace {

launcher_options short_reserve() {
  auto o = test_launcher();
  o.kill_reserve = 200ms;
  return o;
}

} // namespace

TEST_CASE("lease: what does not end by itself gets TERM, then KILL, and is dead before the deadline") {
  const auto by = open_launcher(short_reserve());
  const auto deadline = boot_in(6s);
  auto polite = shell("trap 'echo term >&3; exit 3' TERM; while :; do sleep 0.05; done");
  polite.what.grace = std::chrono::nanoseconds{2s}.count();
  auto gentle = start_command(by, std::move(polite), deadline);
  auto stubborn = start_command(by, shell("trap '' TERM; while :; do sleep 0.05; done"), deadline);
  const auto soft = gentle.log->end();
  REQUIRE(soft.how);
  CHECK(soft.how->code == 3);
  CHECK(soft.rest.why == exec::ending::lease);
  CHECK_FALSE(soft.rest.killed);
  CHECK(gentle.log->lines(1).front() == "term");
  const auto hard = stubborn.log->end();
  CHECK(hard.rest.killed);
  CHECK(hard.rest.why == exec::ending::lease);
  CHECK(processes_of(stubborn.run->name()).empty());
}

TEST_CASE("lease: nothing is started when it is about to end") {
  auto o = short_reserve();
  o.kill_reserve = 4s; // and so long a lease that a slow machine's helper has said no before it is over
  const auto end = start_command(open_launcher(o), shell("echo ran >&3"), boot_in(3s)).log->end();
  REQUIRE(end.why_not);
  CHECK(end.why_not->at == exec::stage::lease);
  CHECK_FALSE(end.started);
}

TEST_CASE("lease: one that is renewed lets the command go on, and a command is told when it ends") {
  const auto by = open_launcher(short_reserve());
  auto c = start_command(by, shell("echo $DJM_DEADLINE >&3; trap 'exit 9' TERM; sleep 0.1 & wait; echo on >&3; exit 0"),
                         boot_in(60s));
  for (int i = 0; i < 20; ++i) {
    c.run->lease_changed(boot_in(120s));
  }
  CHECK(c.log->end().how->code == 0);
  CHECK(c.log->lines(2).back() == "on");
  CHECK(std::stod(c.log->lines(1).front()) > 0);
}

TEST_CASE("lease: a shorter one is settled when the helper has acknowledged it") {
  auto o = test_launcher();
  o.kill_reserve = 20s; // the helper has that time on a busy machine
  const auto by = open_launcher(o);
  auto c = start_command(by, to_launch({"/bin/sleep", "1000"}), boot_in(600s));
  CHECK(comes_true([&] { return by->status().started == 1; }));
  c.run->lease_changed(boot_in(300s));
  c.run->settle(boot_in(60s));
  CHECK_FALSE(c.log->has_ended());
  CHECK(by->status().helpers_lost == 0);
  c.run->lease_changed(boot_in(0s)); // nothing is left of it: killed, then acknowledged
  c.run->settle(boot_in(60s));
  CHECK(c.log->end().rest.killed);
  CHECK(by->status().helpers_lost == 0);
  c.run->settle(boot_in(60s)); // of one that has ended
}

TEST_CASE("lease: a helper that does not acknowledge is killed with its command before it is settled") {
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    auto c = start_command(by, shell("trap '' TERM; echo up >&3; while :; do sleep 0.05; done"), boot_in(600s));
    c.log->lines(1);
    CHECK(processes_of(c.run->name()).size() >= 1);
    ::kill(only_child(), SIGSTOP);
    c.run->lease_changed(boot_in(300s));
    c.run->settle(boot_in(50ms));
    // It dies by what was done before that returned: this process might be frozen from then on.
    CHECK(comes_true([&] { return processes_of(c.run->name()).empty(); }));
    if (rank == containment::subreaper) {
      CHECK(c.log->lost());
    } else {
      CHECK(c.log->end().helper_lost);
    }
  }
}

TEST_CASE("lease: helpers that do not acknowledge are all killed by the first who waits for one of them") {
  constexpr std::size_t many = 12;
  for (const auto rank : ranks_here()) {
    CAPTURE(to_string(rank));
    const auto by = open_launcher(test_launcher(rank));
    std::vector<started_command> all;
    for (std::size_t i = 0; i < many; ++i) {
      all.push_back(
        start_command(by, shell("trap '' TERM; (while :; do sleep 0.05; done) & echo up >&3; wait"), boot_in(600s)));
      all.back().log->lines(1);
    }
    const auto helpers = child_ids();
    REQUIRE(helpers.size() == many);
    auto heard = start_command(by, to_launch({"/bin/sleep", "1000"}), boot_in(600s)); // its helper is well
    comes_true([&] { return by->status().started == many + 1; });
    for (const auto helper : helpers) {
      ::kill(helper, SIGSTOP);
    }
    for (auto& c : all) {
      c.run->lease_changed(boot_in(300s));
    }
    heard.run->lease_changed(boot_in(300s));
    heard.run->settle(boot_in(60s));
    all.front().run->settle(boot_in(50ms));
    for (const auto& c : all) {
      CHECK(comes_true([&] { return processes_of(c.run->name()).empty(); }));
      c.run->settle(boot_in(600s)); // waits for nothing any more
    }
    CHECK(processes_of(heard.run->name()).size() == 1);
    CHECK_FALSE(heard.log->has_ended());
  }
}

TEST_CASE("lease: settling one that is being started waits for nothing") {
  const auto by = open_launcher(test_launcher());
  auto log = std::make_shared<command_log>();
  const auto run = *exec::prepare_command(by->inside(), shell("exit 0"), log);
  run->lease_changed(boot_in(60s));
  run->lease_changed(boot_in(50s));
  run->settle(boot_in(60s));
  run->stop(1s);
  CHECK(run->start());
  const auto end = log->end();
  CHECK_FALSE(end.started); // it was to stop before
  CHECK(end.rest.why == exec::ending::asked);
  CHECK_FALSE(run->start());
}
