#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>

#include "slots_cluster.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

using kind = slot_line::kind;

/// The next full second, and a while: with ten jobs a slot of one of them comes at each.
std::int64_t after_a_slot(milliseconds later) {
  return (wall_ms_now() / 1000 + 1) * 1000 + later.count();
}

/// With few threads, so that runs wait for one after their claims.
slots_options dense() {
  slots_options o;
  o.threads = 2;
  o.fails = 20;
  return o;
}

} // namespace

TEST_CASE("60 items with a slot each 10 s on three processes, killed, frozen and restarted: each slot starts once per "
          "attempt or is told") {
  slots_cluster c{dense()};
  c.start_all();
  let_pass_until(after_a_slot(30ms));
  c.kill(1);
  c.start(1);
  let_pass_until(after_a_slot(500ms));
  c.pause(2);
  let_pass(6s); // longer than T + D: its items go elsewhere
  c.resume(2);
  let_pass_until(after_a_slot(400ms)); // their runs have ended, which is not written down yet
  c.kill(0);
  c.start(0);
  c.restart(1);
  conclude(c, "kills, a freeze and a restart");
}

TEST_CASE("an item whose runs kill their process is parked after three of them, and all others go on") {
  slots_options o;
  o.jobs = 2;
  o.items = 12;
  o.poison = "j0/i4";
  o.park = 3;
  slots_cluster c{o};
  for (std::size_t n = 0; n < o.nodes; ++n) {
    c.start(n);
  }
  int deaths = 0;
  // As whatever watches over processes does it.
  const auto bring_back = [&] {
    for (std::size_t n = 0; n < o.nodes; ++n) {
      if (c.has_died(n)) {
        ++deaths;
        c.start(n);
      }
    }
  };
  std::set<std::string> parked;
  REQUIRE(eventually(
    [&] {
      bring_back();
      for (const auto& x : c.lines()) {
        if (x.what == kind::parked) {
          parked.insert(x.job.str() + '/' + x.item.str());
        }
      }
      return !parked.empty();
    },
    120s));
  const auto then = wall_ms_now();
  CHECK(deaths == 3);
  CHECK(c.all_started_after(then + 10'000, 60s)); // the one after the next, too
  bring_back();
  CHECK(deaths == 3);
  std::size_t poisoned = 0;
  std::map<std::string, std::size_t> starts;
  for (const auto& x : c.lines()) {
    const auto item = x.job.str() + '/' + x.item.str();
    if (x.what == kind::start) {
      poisoned += item == o.poison ? 1 : 0;
      starts[item] += 1;
    } else if (x.what == kind::parked) {
      parked.insert(item);
    }
  }
  CHECK(poisoned == 3);
  CHECK(parked == std::set<std::string>{o.poison});
  CHECK(starts.size() == static_cast<std::size_t>(o.items));
  std::cout << "figure: slots: an item that kills its process: " << poisoned << " starts, " << deaths
            << " processes died, parked; the others started "
            << std::min_element(starts.begin(), starts.end(),
                                [&](const auto& a, const auto& b) {
                                  const auto rank = [&](const auto& x) {
                                    return x.first == o.poison ? ~std::size_t{0} : x.second;
                                  };
                                  return rank(a) < rank(b);
                                })
                 ->second
            << " times or more\n";
}

TEST_CASE("kill -9 at all moments around slots: no start twice, and what was cut off is told" * doctest::skip()) {
  std::mt19937_64 random{seed_of_faults()};
  slots_cluster c{dense()};
  c.start_all();
  for (int n = 0; n < 24; ++n) {
    const auto node = static_cast<std::size_t>(n) % 3;
    let_pass_until(after_a_slot(milliseconds{std::uniform_int_distribution<int>{-20, 800}(random)}));
    c.kill(node);
    c.start(node);
    let_pass(milliseconds{std::uniform_int_distribution<int>{500, 4000}(random)});
  }
  conclude(c, "24 times kill -9");
  const auto v = c.verdict(wall_ms_now() - 15'000);
  CHECK(v.before_start > 0);
  CHECK(v.in_run > 0);
  CHECK(v.after_end > 0);
}

TEST_CASE("SIGSTOP across slots, shorter and longer than a lease: no start twice, nothing missing" * doctest::skip()) {
  std::mt19937_64 random{seed_of_faults()};
  slots_cluster c{dense()};
  c.start_all();
  for (int n = 0; n < 9; ++n) {
    const auto node = static_cast<std::size_t>(n) % 3;
    let_pass_until(after_a_slot(milliseconds{std::uniform_int_distribution<int>{-20, 300}(random)}));
    c.pause(node);
    let_pass(milliseconds{std::uniform_int_distribution<int>{300, 9000}(random)});
    c.resume(node);
    let_pass(milliseconds{std::uniform_int_distribution<int>{500, 4000}(random)});
  }
  conclude(c, "9 times SIGSTOP");
}

TEST_CASE("a server that is frozen or killed across slots: no start twice, nothing missing" * doctest::skip()) {
  std::mt19937_64 random{seed_of_faults()};
  slots_cluster c{dense()};
  c.start_all();
  for (int n = 0; n < 6; ++n) {
    let_pass_until(after_a_slot(milliseconds{std::uniform_int_distribution<int>{-20, 300}(random)}));
    const milliseconds away{std::uniform_int_distribution<int>{500, 12'000}(random)};
    if (n % 2 == 0) {
      c.server().pause();
      let_pass(away);
      c.server().resume();
    } else {
      c.server().kill();
      let_pass(away);
      c.server().restart();
    }
    REQUIRE(c.all_started_after(wall_ms_now(), 60s));
  }
  conclude(c, "6 times no server");
}

TEST_CASE("1,000 items with a slot each 10 s for ten minutes on three processes under kill -9, SIGSTOP and rolling "
          "restarts: each slot starts once per attempt or is told" *
          doctest::skip()) {
  std::mt19937_64 random{seed_of_faults()};
  const auto between = [&](int least, int most) {
    return milliseconds{std::uniform_int_distribution<int>{least, most}(random)};
  };
  slots_options o;
  o.jobs = 2;
  o.items = 1000;
  o.fails = 100;
  o.busy = 30ms;
  slots_cluster c{o};
  c.start_all();
  std::map<std::string, int> done;
  const auto begin = djm::test::clock::now();
  while (since(begin) < 600s) {
    // Half of them while the slot's five hundred runs start and end.
    const auto slot = (wall_ms_now() / 5000 + 1) * 5000;
    let_pass_until(slot + between(-200, 3000).count());
    const auto node = std::uniform_int_distribution<std::size_t>{0, 2}(random);
    switch (std::uniform_int_distribution<int>{0, 3}(random)) {
    case 0:
      ++done["kill -9"];
      c.kill(node);
      let_pass(between(0, 6000));
      c.start(node);
      break;
    case 1:
      ++done["SIGSTOP"];
      c.pause(node);
      let_pass(between(200, 14'000));
      c.resume(node);
      break;
    case 2:
      ++done["rolling restart"];
      for (std::size_t n = 0; n < o.nodes; ++n) {
        c.restart(n);
      }
      break;
    default:
      ++done["kill -9 of two"];
      c.kill(node);
      let_pass(between(0, 2000));
      c.kill((node + 1) % 3);
      c.start(node);
      c.start((node + 1) % 3);
      break;
    }
  }
  std::string what;
  for (const auto& [fault, times] : done) {
    what += (what.empty() ? "" : ", ") + std::to_string(times) + " x " + fault;
  }
  conclude(c, "ten minutes: " + what);
}
