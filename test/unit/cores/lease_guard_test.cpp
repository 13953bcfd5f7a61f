#include "actors/executor/lease_guard.hpp"
#include "test/unit/cores/show.hpp"

#include <doctest/doctest.h>

#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace djm;
using djm::test::at;
using std::chrono::seconds;

namespace {

/// The node's grace is 2 s, and a lease lasts 9 s after the close of its session.
run_lease until(int deadline, std::uint64_t session = 1) {
  return {session, at(deadline), seconds{9}, seconds{2}};
}

/// "stop 1 2 overrun 3", and when to look again.
std::string look(lease_guard& g, int now) {
  const auto v = g.look(at(now));
  std::string text;
  for (const auto id : v.stop) {
    text += (text.empty() ? "stop " : " ") + std::to_string(id);
  }
  for (std::size_t i = 0; i < v.overrun.size(); ++i) {
    text += (i > 0 ? " " : text.empty() ? "overrun " : " overrun ") + std::to_string(v.overrun[i]);
  }
  const auto next = g.wake_at();
  return text + "|" +
         (next ? std::to_string(std::chrono::duration_cast<seconds>(next->time_since_epoch()).count()) : "");
}

} // namespace

TEST_CASE("lease guard: without a lease there is no limit") {
  lease_guard g;
  g.watch(1, {});
  CHECK(g.admits({}, at(1'000'000)));
  CHECK(look(g, 1'000'000) == "|");
}

TEST_CASE("lease guard: each run is asked once, its grace before the deadline, and is an overrun at it") {
  lease_guard g;
  g.watch(1, {});
  g.watch(2, seconds{5});
  g.watch(3, seconds{1}); // less than the node's counts for nothing
  g.renew(until(20));
  CHECK(look(g, 0) == "|15");
  CHECK(look(g, 15) == "stop 2|18");
  g.watch(4, {});
  CHECK(look(g, 18) == "stop 3 1 4|20"); // in the order of their own grace
  g.forget(3);
  CHECK(look(g, 19) == "|20");
  CHECK(look(g, 20) == "overrun 1 2 4|");
  CHECK(look(g, 30) == "|");
}

TEST_CASE("lease guard: nothing begins from the moment on at which it would be asked to stop") {
  lease_guard g;
  g.renew(until(20));
  CHECK(g.admits({}, at(17)));
  CHECK_FALSE(g.admits({}, at(18)));
  CHECK(g.admits(seconds{5}, at(14)));
  CHECK_FALSE(g.admits(seconds{5}, at(15)));
  g.renew(until(40));
  CHECK(g.admits({}, at(18)));
}

TEST_CASE("lease guard: a lease is extended and shortened by whoever renews it") {
  lease_guard g;
  g.watch(1, {});
  g.renew(until(20));
  g.renew(until(30));
  CHECK(look(g, 18) == "|28");
  g.renew(until(22));
  CHECK(look(g, 18) == "|20");
  CHECK(look(g, 20) == "stop 1|22");
  g.renew(until(40));
  CHECK(look(g, 21) == "|40"); // it has been asked
}

TEST_CASE("lease guard: the end of a session shortens the lease, and what comes late of it extends nothing") {
  lease_guard g;
  g.watch(1, {});
  g.renew(until(20, 3));
  g.session_ends(3, at(5));
  CHECK(look(g, 5) == "|12");
  g.renew(until(25, 3)); // was under way
  CHECK(look(g, 5) == "|12");
  g.session_ends(3, at(7)); // the earliest counts
  CHECK(look(g, 7) == "|12");
  g.session_ends(4, at(8));
  CHECK(look(g, 8) == "|12");
  g.renew(until(30, 5));
  CHECK(look(g, 9) == "|28");
  g.session_ends(5, at(26)); // what is left is shorter than that
  CHECK(look(g, 26) == "|28");
}

TEST_CASE("lease guard: agrees with a plain list of runs, whatever begins, ends and is renewed") {
  struct run {
    duration grace;
    bool asked = false, told = false;
  };
  std::mt19937 random{11};
  const auto draw = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  lease_guard g;
  std::map<run_id, run> runs;
  const seconds stop_grace{2};
  auto deadline = at(10);
  g.renew({1, deadline, seconds{8}, stop_grace});
  int now = 0;
  run_id last = 0;
  for (int step = 0; step < 20'000; ++step) {
    const auto what = draw(10);
    if (what < 4) {
      runs[++last] = {seconds{draw(4)}};
      g.watch(last, runs[last].grace);
    } else if (what < 7 && !runs.empty()) {
      const auto gone = std::next(runs.begin(), draw(static_cast<int>(runs.size())));
      g.forget(gone->first);
      runs.erase(gone);
    } else if (what < 8) {
      deadline = at(now + draw(8));
      g.renew({1, deadline, seconds{8}, stop_grace});
    }
    now += draw(4) == 0 ? 1 : 0;
    const auto v = g.look(at(now));
    std::set<run_id> stop, overrun;
    for (auto& [id, r] : runs) {
      if (!r.asked && at(now) >= deadline - std::max<duration>(r.grace, stop_grace)) {
        stop.insert(id);
        r.asked = true;
      }
      if (!r.told && at(now) >= deadline) {
        overrun.insert(id);
        r.told = true;
      }
    }
    REQUIRE(std::set<run_id>(v.stop.begin(), v.stop.end()) == stop);
    REQUIRE(v.stop.size() == stop.size());
    REQUIRE(v.overrun == std::vector<run_id>(overrun.begin(), overrun.end()));
  }
}
