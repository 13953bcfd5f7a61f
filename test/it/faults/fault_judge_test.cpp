#include <doctest/doctest.h>

#include "fault_judge.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/job_records.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

using kind = journal_line::kind;
using change_kind = store::node_change::kind;
constexpr std::int64_t ms = 1000;
constexpr store::session_id_t leader = 1;
constexpr store::session_id_t other = 2;

store::node_change creation(const std::string& path, const std::string& data = {}, store::session_id_t owner = 0) {
  store::node_change c;
  c.path = "/r" + path;
  c.data = data;
  c.ephemeral_owner = owner;
  return c;
}

store::node_change removal(const std::string& path) {
  store::node_change c;
  c.what = change_kind::remove;
  c.path = "/r" + path;
  return c;
}

store::node_change lock(const node_id& worker) {
  store::lock_payload p;
  p.worker = worker;
  p.incarnation = "of-" + worker;
  p.detach_ms = 2000;
  return creation("/locks/j/i.lock", store::encode(p));
}

store::node_change alive(const node_id& worker, store::session_id_t session) {
  store::alive_payload p;
  p.incarnation = "of-" + worker;
  return creation("/alive/" + worker, store::encode(p), session);
}

/// Two nodes and one item; n0 has it until it is told otherwise.
struct script {
  script() {
    story.root = "/r";
    story.jobs = {{"j", {"i"}}};
    for (const auto& id : to_ids<node_id>({"n0", "n1"})) {
      process_story p;
      p.node = id;
      p.detach = 2s;
      story.processes.push_back(p);
      line(story.processes.size() - 1, 0, kind::hello).text = "of-" + p.node;
    }
    commit(1, 0, leader,
           {creation("/leader-latch/n1-x-0000000001", {}, leader), alive("n1", leader), alive("n0", other)});
    job_spec spec;
    spec.id = "j";
    const auto record = store::first_record(*store::to_offer(spec), nullptr);
    commit(2, 0, leader,
           {creation("/jobs/j", store::encode(record)), creation("/work-pool/j"), creation("/work-pool/j/i")});
    commit(3, 0, leader, {creation("/workers/n0/assigned/j/i")});
    commit(4, 1, other, {lock("n0")});
  }

  void commit(store::zxid_t zxid, std::int64_t at, store::session_id_t session,
              std::vector<store::node_change> changes) {
    logged_transaction x;
    x.txn.zxid = zxid;
    x.txn.session = session;
    x.txn.changes = std::move(changes);
    x.wall_ms = at;
    story.history[zxid] = std::move(x);
  }

  journal_line& line(std::size_t process, std::int64_t at, kind what) {
    journal_line x;
    x.what = what;
    x.us = at * ms;
    story.processes[process].journal.push_back(x);
    return story.processes[process].journal.back();
  }

  void run(std::size_t process, std::int64_t from, std::int64_t to, fencing_token token) {
    auto& x = line(process, from, kind::run);
    x.run = ++runs;
    x.job = "j";
    x.items = {{"i", token}};
    if (to > 0) {
      line(process, to, kind::done).run = runs;
    }
  }

  void act(std::size_t process, std::int64_t at, process_story::act::kind what) {
    story.processes[process].acts.push_back({what, at * ms});
  }

  /// The item goes to n1: with the lock of n0 out of the way.
  void hand_over(store::zxid_t zxid, std::int64_t at, store::session_id_t by = leader) {
    commit(zxid, at, by,
           {removal("/workers/n0/assigned/j/i"), creation("/workers/n1/assigned/j/i"), removal("/locks/j/i.lock")});
    commit(zxid + 1, at + 5, leader, {lock("n1")});
  }

  std::vector<std::string> findings(std::int64_t end) {
    story.end = end * ms;
    return judge_story(story, 1000 * ms);
  }
  bool found(const std::string& invariant, std::int64_t end) {
    for (const auto& x : findings(end)) {
      if (x.compare(0, invariant.size(), invariant) == 0) {
        return true;
      }
    }
    return false;
  }

  cluster_story story;
  std::uint64_t runs = 0;
};

} // namespace

TEST_CASE("a story without a fault is clean") {
  script s;
  s.run(0, 10, 50, 4);
  s.run(0, 60, 90, 4);
  const auto f = s.findings(100);
  CHECK(f.empty());
}

TEST_CASE("a lock that goes in the middle of a run is found") {
  script s;
  s.run(0, 10, 600, 4);
  s.commit(5, 100, other, {removal("/alive/n0")});
  s.hand_over(6, 300);
  s.run(1, 400, 450, 7);
  CHECK(s.found("I1", 700));
}

TEST_CASE("a run under a lock that is another's by now is found") {
  script s;
  s.run(0, 10, 50, 4);
  s.commit(5, 100, other, {removal("/alive/n0")});
  s.hand_over(6, 2200);
  s.run(1, 2300, 2350, 7);
  s.run(0, 2400, 2450, 4);
  CHECK(s.found("I1", 2500));
  CHECK(s.found("I2", 2500));
}

TEST_CASE("a frozen run counts until its lease is over, and no longer") {
  for (const std::int64_t lease : {3000, 1000}) {
    script s;
    auto& l = s.line(0, 5, kind::lease);
    l.until = lease * ms;
    s.run(0, 10, 5000, 4);
    s.act(0, 20, process_story::act::kind::paused);
    s.act(0, 4900, process_story::act::kind::resumed);
    s.commit(5, 100, 0, {removal("/alive/n0")}); // expired, not left
    s.story.edges = {20 * ms, 1500 * ms, 2000 * ms, 3000 * ms, 4000 * ms, 4900 * ms};
    s.hand_over(6, 2200);
    s.run(1, 2300, 2350, 7);
    s.run(1, 4950, 4990, 7);
    CHECK(s.found("I1", 5100) == (lease == 3000));
  }
}

TEST_CASE("what a killed process was doing does not count") {
  script s;
  s.run(0, 10, 0, 4);
  s.act(0, 20, process_story::act::kind::died);
  s.story.edges = {20 * ms, 1500 * ms};
  s.commit(5, 100, other, {removal("/alive/n0")});
  s.hand_over(6, 2200);
  s.run(1, 2300, 2350, 7);
  const auto f = s.findings(2400);
  CHECK(f.empty());
}

TEST_CASE("an item that is silent for too long is found, whatever came before its latest cause") {
  script s;
  s.run(0, 10, 50, 4);
  s.run(0, 1200, 1250, 4);
  CHECK(s.found("I3", 1300));
  s.story.edges = {500 * ms};
  CHECK_FALSE(s.found("I3", 1300));
}

TEST_CASE("an item without an owner at the end is found") {
  script s;
  s.run(0, 10, 50, 4);
  s.commit(5, 60, other, {removal("/locks/j/i.lock")});
  s.commit(6, 70, leader, {removal("/workers/n0/assigned/j/i")});
  CHECK(s.found("I3", 100));
}

TEST_CASE("an assignment by somebody who does not lead is found") {
  script s;
  s.run(0, 10, 50, 4);
  s.commit(5, 100, other, {removal("/alive/n0")});
  s.hand_over(6, 2200, other);
  CHECK(s.found("I6", 2300));
}

TEST_CASE("a run with an item after its revocation was told is found") {
  script s;
  auto& r = s.line(0, 20, kind::revoked);
  r.job = "j";
  r.items = {{"i", 0}};
  auto& started = s.line(0, 30, kind::started);
  started.run = 1;
  started.job = "j";
  started.items = {{"i", 4}};
  s.run(0, 31, 40, 4);
  CHECK(s.found("I7", 100));
}
