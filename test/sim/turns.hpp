#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "djm/events.hpp"

namespace djm::sim {

/// Whether every item gets its turns, from what the nodes tell of themselves: one that is held and may run is in a run
/// within the time that its job's schedule allows, or its node has said that it starves; and where the schedule lasts,
/// nobody starts an item twice for one moment of its grid. Knows when nothing could start from who watches it.
class turns {
public:
  using host = std::uint32_t;
  using complaint = std::function<void(std::string)>;

  /// From now on an item of this job waits for at most so long.
  void expect(const job_id& job, duration most) { jobs_[job].most = most; }
  /// The moments of this job's rhythm.
  void expect_rhythm(const job_id& job, duration period, duration phase);

  void told(host h, const event& what, time_point now, const complaint& say);
  /// Nothing could start on this host until now: it had no lease, stood still, or a part of it was missing.
  void anew(host h, time_point now);
  /// It was told to stop: it starts nothing any more and gives back what it holds.
  void stops(host h);
  void gone(host h);
  /// Somebody's wall clock was set: what starts next may be for a moment that has had its start.
  void clock_set() { ++clocks_set_; }
  /// From now on nobody knows of the starts that there were.
  void forget_starts() { starts_.clear(); }
  /// `wall`: of the host's own clock, whose error is known.
  void began(host h, const job_id& job, const std::vector<work_item>& items, duration wall, duration error,
             const complaint& say);
  /// Looks at all that wait.
  void check(time_point now, const complaint& say) const;

private:
  using key = std::pair<job_id, item_id>;
  struct wait {
    time_point since;
    bool told = false;
  };
  struct rule {
    duration most{};
    duration period{};
    duration phase{};
  };
  struct start {
    std::int64_t moment = 0;
    duration error{};
    std::uint64_t clocks_set = 0;
  };
  struct node {
    std::set<key> held;
    std::map<key, wait> waits;
    std::map<run_id, std::vector<key>> runs;
    std::set<job_id> paused;
    bool stopping = false;
  };

  void rebuilt(host h, const job_id& job);
  static void paused(node& n, const job_changed& x, time_point now);
  static void begin_wait(node& n, const key& k, time_point now);
  void end_wait(host h, const key& k, time_point now, const complaint& say);
  static void ended(node& n, run_id run, time_point now);
  void look(host h, const key& k, const wait& w, time_point now, const complaint& say) const;

  std::map<job_id, rule> jobs_;
  std::map<host, node> nodes_;
  std::map<key, start> starts_;
  std::uint64_t clocks_set_ = 0;
};

} // namespace djm::sim
