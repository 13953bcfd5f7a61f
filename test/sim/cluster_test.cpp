#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include <fmt/format.h>

#include "test/sim/fault_plan.hpp"

using namespace djm;
using namespace djm::sim;
using namespace std::chrono_literals;

/// Scripted lives of a small cluster, each with one thing going wrong, judged like every simulated life.
namespace {

std::vector<item_id> numbered(const std::string& prefix, std::size_t n) {
  std::vector<item_id> items;
  for (std::size_t i = 0; i < n; ++i)
    items.push_back(fmt::format("{}{:02}", prefix, i));
  return items;
}

struct small_cluster {
  world w;
  cluster c;
  std::vector<world::handle> nodes;

  explicit small_cluster(std::uint64_t seed = 1, std::size_t machines = 3, const node_config* config = nullptr)
    : w([&] {
        world_options o;
        o.seed = seed;
        o.machines = machines;
        o.trace = std::getenv("DJM_SIM_TRACE") != nullptr;
        o.trace_messages = o.trace && std::getenv("DJM_SIM_TRACE") == std::string{"messages"};
        if (config != nullptr)
          o.config = *config;
        return o;
      }()),
      c(w, seed) {
    job_spec quick;
    quick.id = "quick";
    quick.schedule = schedule::fixed_rate(200ms);
    c.add_job(quick, numbered("q", 12), {});
    job_spec slow;
    slow.id = "slow";
    slow.schedule = schedule::fixed_delay(100ms);
    run_manner m;
    m.least = 1s;
    m.most = 5s;
    c.add_job(slow, numbered("s", 7), m);
    for (std::size_t i = 0; i < machines; ++i)
      nodes.push_back(c.start(i));
  }

  /// How many items of a job are locked by a node that lives.
  std::size_t locked(const job_id& job) const {
    const auto& image = const_cast<small_cluster*>(this)->w.verdict().image();
    std::size_t n = 0;
    for (const auto& [key, lock] : image.locks())
      if (const auto a = image.alive().find(lock.worker); a != image.alive().end() &&
                                                          a->second.incarnation == lock.incarnation &&
                                                          key.compare(0, job.size() + 1, job + '/') == 0)
        ++n;
    return n;
  }
  bool complete() const { return locked("quick") == 12 && locked("slow") == 7; }
  std::size_t items_of(world::handle h) {
    std::size_t n = 0;
    for (const auto& [key, lock] : w.verdict().image().locks())
      n += lock.incarnation == w.process_of(h).incarnation();
    return n;
  }
  std::map<std::string, std::set<std::string>> owners() { return w.verdict().image().assigned(); }

  void settle() {
    REQUIRE(w.run_until([&] { return complete(); }, 20s));
    w.run_for(1s);
    good();
  }
  /// DJM_SIM_TRACE in the environment shows what happened.
  ~small_cluster() {
    for (const auto& line : w.trace())
      std::puts(line.c_str());
  }
  void good() {
    for (const auto& v : w.verdict().violations())
      FAIL_CHECK(v.invariant << ": " << v.text);
  }
  /// Everything is owned, locked and running, and the tree stays as it is.
  void rest() {
    w.run_for(7s);
    w.verdict().expect_quiet(true);
    const auto since = w.now();
    w.run_for(3s);
    w.verdict().quiescent(c.expected(since), w.now());
    good();
  }
};

/// The node whose latch is the lowest.
world::handle leader_of(small_cluster& s) {
  const auto session = s.w.verdict().image().lowest_latch();
  for (const auto h : s.w.processes())
    for (const auto mine : s.w.net().sessions_of(s.w.process_of(h)))
      if (mine == session)
        return h;
  return 0;
}

} // namespace

TEST_CASE("three nodes share two jobs and come to rest") {
  small_cluster s;
  s.settle();
  s.rest();
  for (const auto h : s.nodes)
    CHECK(s.items_of(h) >= 6);
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
  for (std::size_t server = 0; server < 3; ++server)
    for (const auto d : {network::direction::up, network::direction::down})
      s.w.net().set_cut(0, server, d, true);
  s.w.run_for(3s);
  for (std::size_t server = 0; server < 3; ++server)
    for (const auto d : {network::direction::up, network::direction::down})
      s.w.net().set_cut(0, server, d, false);
  s.rest();
  CHECK(s.owners() == before);
}

TEST_CASE("the items of a node that stays cut off go on elsewhere, and its own runs stop in time") {
  small_cluster s;
  s.settle();
  for (std::size_t server = 0; server < 3; ++server)
    for (const auto d : {network::direction::up, network::direction::down})
      s.w.net().set_cut(0, server, d, true);
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 8s));
  for (std::size_t server = 0; server < 3; ++server)
    for (const auto d : {network::direction::up, network::direction::down})
      s.w.net().set_cut(0, server, d, false);
  s.rest();
}

TEST_CASE("an expired session is replaced within D and moves nothing") {
  small_cluster s;
  s.settle();
  const auto before = s.owners();
  for (const auto session : s.w.net().sessions_of(s.w.process_of(s.nodes[1])))
    s.w.ensemble().expire(session, s.w.now());
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
  for (std::size_t i = 0; i < 3; ++i)
    s.w.ensemble().crash(i, s.w.now());
  s.w.touched_ensemble();
  s.w.run_for(2s);
  for (std::size_t i = 0; i < 3; ++i)
    s.w.ensemble().restart(i, s.w.now());
  s.w.touched_ensemble();
  s.rest();
  CHECK(s.owners() == before);
}

TEST_CASE("a node behind a server that is cut from its peers stops in time although its reads are answered") {
  small_cluster s;
  s.settle();
  // Leave machine 0 nothing but server 2, then cut server 2 from the others.
  for (std::size_t server = 0; server < 2; ++server)
    for (const auto d : {network::direction::up, network::direction::down})
      s.w.net().set_cut(0, server, d, true);
  s.w.run_for(3s);
  for (std::size_t server = 0; server < 2; ++server)
    s.w.ensemble().set_link(2, server, false, s.w.now());
  s.w.touched_ensemble();
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 12s));
  for (std::size_t server = 0; server < 2; ++server) {
    s.w.ensemble().set_link(2, server, true, s.w.now());
    for (const auto d : {network::direction::up, network::direction::down})
      s.w.net().set_cut(0, server, d, false);
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
                       kind::lock, kind::unlock, kind::break_lock, kind::leave, kind::probe, kind::switch_job})
    for (const auto how : {fate::lost_before, fate::lost_after}) {
      CAPTURE(enum_text(k));
      CAPTURE(how == fate::lost_before);
      small_cluster s{static_cast<std::uint64_t>(k) * 2 + (how == fate::lost_before)};
      std::size_t lost = 0;
      s.w.decide_fate = [&](const process&, const store::transaction&, kind what) {
        if (what != k || lost >= 3)
          return fate::arrives;
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

TEST_CASE("without detach tolerance nothing overlaps either") {
  auto config = world_options::default_config();
  config.detach_tolerance = duration::zero();
  config.stop_grace = 100ms;
  config.store.operation_deadline = 300ms;
  small_cluster s{5, 3, &config};
  s.settle();
  for (std::size_t server = 0; server < 3; ++server)
    s.w.net().set_cut(0, server, network::direction::up, true);
  CHECK(s.w.run_until([&] { return s.items_of(s.nodes[0]) == 0 && s.complete(); }, 6s));
  for (std::size_t server = 0; server < 3; ++server)
    s.w.net().set_cut(0, server, network::direction::up, false);
  s.w.run_for(2s);
  s.w.crash(s.nodes[1]);
  s.w.run_for(1s);
  s.c.start(1);
  s.rest();
}
