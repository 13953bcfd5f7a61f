#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "test/sim/fault_plan.hpp"

/// What the tests of scripted lives share.
namespace djm::sim {

using namespace std::chrono_literals;

inline std::vector<item_id> numbered(const std::string& prefix, std::size_t n) {
  std::vector<item_id> items;
  for (std::size_t i = 0; i < n; ++i) {
    items.emplace_back(fmt::format("{}{:02}", prefix, i));
  }
  return items;
}

struct small_cluster {
  world w;
  fault_plan c;
  std::vector<world::handle> nodes;

  explicit small_cluster(std::uint64_t seed = 1, std::size_t machines = 3, const node_config* config = nullptr)
    : w([&] {
        world_options o;
        o.seed = seed;
        o.machines = machines;
        o.trace = std::getenv("DJM_SIM_TRACE") != nullptr;
        o.trace_messages = o.trace && std::getenv("DJM_SIM_TRACE") == std::string{"messages"};
        if (config != nullptr) {
          o.config = *config;
        }
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
    for (std::size_t i = 0; i < machines; ++i) {
      nodes.push_back(c.start(i));
    }
  }

  /// How many items of a job are locked by a node that lives.
  std::size_t locked(const job_id& job) const {
    const auto& image = const_cast<small_cluster*>(this)->w.verdict().image();
    std::size_t n = 0;
    for (const auto& [key, lock] : image.locks()) {
      if (const auto a = image.alive().find(lock.worker); a != image.alive().end() &&
                                                          a->second.incarnation == lock.incarnation &&
                                                          key.compare(0, job.size() + 1, job + '/') == 0) {
        ++n;
      }
    }
    return n;
  }
  bool complete() const { return locked("quick") == 12 && locked("slow") == 7; }
  std::size_t items_of(world::handle h) {
    std::size_t n = 0;
    for (const auto& [key, lock] : w.verdict().image().locks()) {
      n += lock.incarnation == w.process_of(h).incarnation();
    }
    return n;
  }
  std::map<std::string, std::set<node_id>> owners() { return w.verdict().image().assigned(); }

  void settle() {
    REQUIRE(w.run_until([&] { return complete(); }, 20s));
    w.run_for(1s);
    good();
  }
  /// DJM_SIM_TRACE in the environment shows what happened.
  ~small_cluster() {
    for (const auto& line : w.trace()) {
      std::puts(line.c_str());
    }
  }
  void good() {
    for (const auto& v : w.verdict().violations()) {
      FAIL_CHECK(v.invariant << ": " << v.text);
    }
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

} // namespace djm::sim
