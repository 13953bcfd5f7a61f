#pragma once

#include <string>
#include <vector>

#include "test/sim/judge.hpp"
#include "zkstore/payloads.hpp"

namespace djm::sim {

using namespace std::chrono_literals;

constexpr auto noon = time_point{12h};

/// Two processes, a and b, that have joined with the sessions 100 and 200; a leads. What a test makes of them is put
/// before a judge.

struct court {
  timeline time{noon, {}};
  process a{time, 1, 0, "a", {}};
  process b{time, 2, 1, "b", {}};
  judge j;
  store::zxid_t zxid = 0;

  court() {
    j.started(a, 2s, noon);
    j.started(b, 2s, noon);
    join(a, 100);
    join(b, 200);
    change(100, create("/djm/leader-latch/a-i1-0000000001", "", 100));
  }

  static store::node_change create(std::string path, std::string data = {}, store::session_id_t owner = 0) {
    store::node_change c;
    c.what = store::node_change::kind::create;
    c.path = std::move(path);
    c.data = std::move(data);
    c.ephemeral_owner = owner;
    return c;
  }
  static store::node_change remove(std::string path) {
    store::node_change c;
    c.what = store::node_change::kind::remove;
    c.path = std::move(path);
    return c;
  }
  static store::node_change set(std::string path) {
    store::node_change c;
    c.what = store::node_change::kind::set;
    c.path = std::move(path);
    return c;
  }
  void change(store::session_id_t by, std::vector<store::node_change> changes) {
    store::committed_transaction t;
    t.zxid = ++zxid;
    t.session = by;
    t.changes = std::move(changes);
    j.committed(t, time.now);
  }
  void change(store::session_id_t by, store::node_change c) { change(by, std::vector{std::move(c)}); }
  void join(const process& p, store::session_id_t s) {
    store::alive_payload x;
    x.incarnation = p.incarnation();
    change(s, create("/djm/alive/" + p.node(), encode(x), s));
  }
  fencing_token lock(const process& p, store::session_id_t s, const std::string& item = "x") {
    store::lock_payload x;
    x.worker = p.node();
    x.incarnation = p.incarnation();
    x.detach_ms = 2000;
    change(s, create("/djm/locks/job/" + item + ".lock", encode(x)));
    return zxid;
  }
  void unlock(store::session_id_t s, const std::string& item = "x") {
    change(s, remove("/djm/locks/job/" + item + ".lock"));
  }
  void begin(const process& p, run_id run, fencing_token t, bool stubborn = false) {
    j.run_began(p, run, "job", {{"x", t}}, stubborn, time.now);
  }
  void end(const process& p, run_id run) { j.run_ended(p, run, time.now); }
  void probes(const process& p, store::session_id_t s) {
    j.probe_answered(p, s, time.now, 2s);
    time.now += 700ms;
    j.probe_answered(p, s, time.now, 2s);
  }
  /// Which invariants were broken, once each.
  std::vector<std::string> broken() const {
    std::vector<std::string> names;
    for (const auto& v : j.violations()) {
      if (names.empty() || names.back() != v.invariant) {
        names.push_back(v.invariant);
      }
    }
    return names;
  }
};

using broken = std::vector<std::string>;

} // namespace djm::sim
