#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "test/sim/small_cluster.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

/// Scripted lives of a small cluster, each with one thing going wrong, judged like every simulated life.
namespace {

/// The node whose latch is the lowest.
world::handle leader_of(small_cluster& s) {
  const auto session = s.w.verdict().image().lowest_latch();
  for (const auto h : s.w.processes()) {
    for (const auto mine : s.w.net().sessions_of(s.w.process_of(h))) {
      if (mine == session) {
        return h;
      }
    }
  }
  return 0;
}

} // namespace

TEST_CASE("three nodes share two jobs and come to rest") {
  small_cluster s;
  s.settle();
  s.rest();
  for (const auto h : s.nodes) {
    CHECK(s.items_of(h) >= 6);
  }
  CHECK(s.w.refusals().empty());
}

TEST_CASE("a gentle stop hands all items over within a second or the longest run's stop") {
  small_cluster s;
  s.settle();
  s.w.stop(s.nodes[1]);
  CHECK(s.w.run_until([&] { return !s.w.up(s.nodes[1]); }, 5s));
  CHECK(s.w.run_until([&] { return s.complete(); }, 1s));
  s.rest();
}

TEST_CASE("a crash loses nothing for longer than T + D + 3 s") {
  small_cluster s;
  s.settle();
  s.w.crash(s.nodes[2]);
  CHECK(s.w.run_until([&] { return !s.complete(); }, 3s));
  CHECK(s.w.run_until([&] { return s.complete(); }, 4s));
  s.rest();
}

TEST_CASE("a crash of the leader loses nothing for longer than T + D + 3 s") {
  small_cluster s;
  s.settle();
  s.w.crash(leader_of(s));
  CHECK(s.w.run_until([&] { return !s.complete(); }, 3s));
  CHECK(s.w.run_until([&] { return s.complete(); }, 7s));
  s.rest();
}

TEST_CASE("a node that is cut off keeps its items for a blip and moves nothing") {
  small_cluster s;
  s.settle();
  const auto before = s.owners();
  for (std::size_t server = 0; server < 3; ++server) {
    for (const auto d : {network::direction::up, network::direction::down}) {
      s.w.net().set_cut(0, server, d, true);
    }
  }
  s.w.run_for(3s);
  for (std::size_t server = 0; server < 3; ++server) {
    for (const auto d : {network::direction::up, network::direction::down}) {
      s.w.net().set_cut(0, server, d, false);
    }
  }
  s.rest();
  CHECK(s.owners() == before);
}

TEST_CASE("the items of a node that stays cut off go on elsewhere, and its own runs stop in time") {
  small_cluster s;
  s.settle();
  for (std::size_t server = 0; server < 3; ++server) {
    for (const auto d : {network::direction::up, network::direction::down}) {
      s.w.net().set_cut(0, server, d, true);
    }
  }
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 8s));
  for (std::size_t server = 0; server < 3; ++server) {
    for (const auto d : {network::direction::up, network::direction::down}) {
      s.w.net().set_cut(0, server, d, false);
    }
  }
  s.rest();
}

TEST_CASE(
  "runs are asked to stop in time although the actors of their node are held, whatever else it was about to do") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    small_cluster s{seed};
    s.settle();
    const auto m = s.w.process_of(s.nodes[0]).machine();
    if (seed % 3 == 0) {
      s.w.stop(s.nodes[0], seed % 2 == 0);
    }
    if (seed % 3 == 1) {
      s.w.kill_part(s.nodes[0], "store");
    }
    s.w.run_for(std::chrono::milliseconds{seed % 3 == 2 ? 0 : 2 * static_cast<int>(seed)});
    s.w.hold(s.nodes[0]);
    for (std::size_t server = 0; server < 3; ++server) {
      for (const auto d : {network::direction::up, network::direction::down}) {
        s.w.net().set_cut(m, server, d, true);
      }
    }
    CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 15s));
    s.w.run_for(5s);
    s.good();
    for (std::size_t server = 0; server < 3; ++server) {
      for (const auto d : {network::direction::up, network::direction::down}) {
        s.w.net().set_cut(m, server, d, false);
      }
    }
    s.w.release(s.nodes[0]);
    s.w.run_for(5s);
    s.good();
  }
}

TEST_CASE("a status names the parts that have not answered") {
  small_cluster s;
  s.settle();
  std::optional<node_status> status;
  const auto look = [&] {
    status.reset();
    s.w.ask<node_status>(s.nodes[0], get_status{}, [&](const node_status& x) { status = x; });
    s.w.run_until([&] { return status.has_value(); }, 5s);
    REQUIRE(status);
  };
  look();
  CHECK(status->unanswered.empty());
  s.w.kill_part(s.nodes[0], "worker");
  s.w.run_for(1ms); // until it is built anew
  look();
  CHECK(status->unanswered == std::vector<std::string>{"worker"});
  CHECK(status->worker.assigned == 0); // which says nothing
  s.settle();
  look();
  CHECK(status->unanswered.empty());
  CHECK(status->worker.assigned > 0);
}

TEST_CASE("an expired session is replaced within D and moves nothing") {
  small_cluster s;
  s.settle();
  const auto before = s.owners();
  for (const auto session : s.w.net().sessions_of(s.w.process_of(s.nodes[1]))) {
    s.w.ensemble().expire(session, s.w.now());
  }
  s.w.touched_ensemble();
  s.rest();
  CHECK(s.owners() == before);
}

TEST_CASE("a paused node's items go on elsewhere, and after the resume it starts nothing old") {
  small_cluster s;
  s.settle();
  s.w.pause(s.nodes[0]);
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 8s));
  s.w.run_for(2s);
  s.w.resume(s.nodes[0]);
  s.rest();
}

TEST_CASE("a node whose store dies, and that is paused then, is given D from the end of its session") {
  small_cluster s;
  s.settle();
  REQUIRE(s.w.kill_part(s.nodes[0], "store"));
  s.w.run_for(100ms);
  s.w.pause(s.nodes[0]);
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 4s));
  s.w.run_for(2s);
  s.w.resume(s.nodes[0]);
  s.rest();
}

TEST_CASE("an outage of the ensemble shorter than the deadline moves nothing") {
  small_cluster s;
  s.settle();
  const auto before = s.owners();
  for (std::size_t i = 0; i < 3; ++i) {
    s.w.ensemble().crash(i, s.w.now());
  }
  s.w.touched_ensemble();
  s.w.run_for(2s);
  for (std::size_t i = 0; i < 3; ++i) {
    s.w.ensemble().restart(i, s.w.now());
  }
  s.w.touched_ensemble();
  s.rest();
  CHECK(s.owners() == before);
}

TEST_CASE("a node behind a server that is cut from its peers stops in time although its reads are answered") {
  small_cluster s;
  s.settle();
  // Leave machine 0 nothing but server 2, then cut server 2 from the others.
  for (std::size_t server = 0; server < 2; ++server) {
    for (const auto d : {network::direction::up, network::direction::down}) {
      s.w.net().set_cut(0, server, d, true);
    }
  }
  s.w.run_for(3s);
  for (std::size_t server = 0; server < 2; ++server) {
    s.w.ensemble().set_link(2, server, false, s.w.now());
  }
  s.w.touched_ensemble();
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 12s));
  for (std::size_t server = 0; server < 2; ++server) {
    s.w.ensemble().set_link(2, server, true, s.w.now());
    for (const auto d : {network::direction::up, network::direction::down}) {
      s.w.net().set_cut(0, server, d, false);
    }
  }
  s.w.touched_ensemble();
  s.rest();
}

TEST_CASE("the ensemble's leader may change without anybody noticing") {
  small_cluster s;
  s.settle();
  const auto before = s.owners();
  const auto l = s.w.ensemble().leader();
  REQUIRE(l);
  s.w.ensemble().crash(*l, s.w.now());
  s.w.touched_ensemble();
  s.w.run_for(2s);
  s.w.ensemble().restart(*l, s.w.now());
  s.w.touched_ensemble();
  s.rest();
  CHECK(s.owners() == before);
}

TEST_CASE("a lost answer of any transaction is survived") {
  using kind = transaction_kind;
  for (const auto k : {kind::setup, kind::pool, kind::registration, kind::join, kind::candidacy, kind::assign,
                       kind::lock, kind::unlock, kind::break_lock, kind::leave, kind::probe, kind::switch_job}) {
    for (const auto how : {fate::lost_before, fate::lost_after}) {
      CAPTURE(enum_text(k));
      CAPTURE(how == fate::lost_before);
      small_cluster s{static_cast<std::uint64_t>(k) * 2 + (how == fate::lost_before)};
      std::size_t lost = 0;
      s.w.decide_fate = [&](const process&, const store::transaction&, kind what) {
        if (what != k || lost >= 3) {
          return fate::arrives;
        }
        ++lost;
        return how;
      };
      s.settle();
      s.w.crash(s.nodes[0]);
      s.w.stop(s.nodes[1]);
      s.w.tell(s.nodes[2], switch_job{"quick", false});
      s.w.run_for(3s);
      s.w.tell(s.nodes[2], switch_job{"quick", true});
      s.c.start(0);
      s.w.run_for(4s);
      s.rest();
    }
  }
}

TEST_CASE("without detach tolerance nothing overlaps either") {
  auto config = world_options::default_config();
  config.detach_tolerance = duration::zero();
  config.stop_grace = 100ms;
  config.store.operation_deadline = 300ms;
  small_cluster s{5, 3, &config};
  s.settle();
  for (std::size_t server = 0; server < 3; ++server) {
    s.w.net().set_cut(0, server, network::direction::up, true);
  }
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 6s));
  for (std::size_t server = 0; server < 3; ++server) {
    s.w.net().set_cut(0, server, network::direction::up, false);
  }
  s.w.run_for(2s);
  s.w.crash(s.nodes[1]);
  s.w.run_for(1s);
  s.c.start(1);
  s.rest();
}

TEST_CASE("a decision that is held until its session is over touches nobody's lock") {
  small_cluster s{6};
  const auto cut = [&](bool on) {
    for (std::size_t server = 0; server < 3; ++server) {
      for (const auto d : {network::direction::up, network::direction::down}) {
        s.w.net().set_cut(0, server, d, on);
      }
    }
  };
  s.settle();
  bool held = false;
  s.w.hold_part(s.nodes[0], "djm.worker", [&] {
    held = true;
    cut(true);
  });
  s.w.tell(s.nodes[1], switch_job{"quick", false});
  REQUIRE(s.w.run_until([&] { return held; }, 5s));
  REQUIRE(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0; }, 12s));
  s.w.tell(s.nodes[1], switch_job{"quick", true});
  REQUIRE(s.w.run_until([&] { return s.complete(); }, 12s));
  cut(false);
  REQUIRE(s.w.run_until(
    [&] {
      return !s.w.net().sessions_of(s.w.process_of(s.nodes[0])).empty() &&
             s.w.phase_of(s.nodes[0]) == node_phase::joined;
    },
    12s));
  s.w.let_go(s.nodes[0]);
  s.rest();
}

TEST_CASE("what is tried in vain for a minute is told, and over when it works") {
  using kind = transaction_kind;
  for (const auto k : {kind::join, kind::candidacy, kind::assign, kind::break_lock, kind::lock, kind::pool}) {
    CAPTURE(enum_text(k));
    small_cluster s{static_cast<std::uint64_t>(k)};
    s.settle();
    s.w.decide_fate = [k](const process&, const store::transaction&, kind what) {
      return what == k ? fate::lost_before : fate::arrives;
    };
    s.w.crash(s.nodes[0]);
    s.w.run_for(5s);
    s.c.start(0);
    s.w.verdict().expect_late_plans(true);
    s.w.verdict().hinders(true);
    s.w.run_for(100s); // the judge listens
    CHECK(s.w.verdict().violations().empty());
    s.w.decide_fate = {};
    s.w.run_for(15s);
    s.w.verdict().expect_late_plans(false);
    s.w.verdict().hinders(false);
    s.rest();
  }
}
