#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/job_spec.hpp"

namespace djm {

/// Runs that wait for a thread. Those of higher priority go first. Jobs of one priority take turns, so that thousands
/// of runs of one job do not keep another's waiting; within a job they go in the order in which they came.
class fair_queue {
public:
  void push(const job_id& job, run_id id, job_priority priority = job_priority::normal) {
    const auto kind = rank_of(priority);
    auto& mine = lanes_[{kind, job}];
    mine.runs.emplace_back(++last_, id);
    ++mine.waiting;
    place_of_[id] = {last_, kind};
  }

  /// The next one in turn.
  std::optional<run_id> pop() {
    if (lanes_.empty()) {
      return std::nullopt;
    }
    const auto kind = lanes_.begin()->first.first;
    auto& latest = latest_[kind];
    auto job = lanes_.upper_bound({kind, latest});
    if (job == lanes_.end() || job->first.first != kind) {
      job = lanes_.begin();
    }
    latest = job->first.second;
    auto& runs = job->second.runs;
    while (!waits(runs.front())) {
      runs.pop_front();
    }
    const auto id = runs.front().second;
    runs.pop_front();
    place_of_.erase(id);
    one_less(job);
    return id;
  }

  /// Whether it was there.
  bool erase(const job_id& job, run_id id) {
    const auto i = place_of_.find(id);
    if (i == place_of_.end()) {
      return false;
    }
    const auto kind = i->second.kind;
    place_of_.erase(i);
    one_less(lanes_.find({kind, job}));
    return true;
  }

  void clear() {
    lanes_.clear();
    place_of_.clear();
  }

  std::size_t size() const { return place_of_.size(); }
  std::size_t jobs() const { return lanes_.size(); }

private:
  using place = std::pair<std::uint64_t, run_id>;
  /// The rank of a priority, the highest first, and the job.
  using lane_key = std::pair<std::size_t, job_id>;
  struct waiting_place {
    std::uint64_t place = 0;
    std::size_t kind = 0;
  };
  struct lane {
    /// In their order, and among them some that wait no more.
    std::deque<place> runs;
    std::size_t waiting = 0;
  };

  static std::size_t rank_of(job_priority p) { return p == job_priority::high ? 0 : p == job_priority::low ? 2 : 1; }

  bool waits(const place& p) const {
    const auto i = place_of_.find(p.second);
    return i != place_of_.end() && i->second.place == p.first;
  }

  void one_less(std::map<lane_key, lane>::iterator job) {
    auto& [runs, waiting] = job->second;
    if (--waiting == 0) {
      lanes_.erase(job);
    } else if (runs.size() > 2 * waiting + 16) {
      runs.erase(std::remove_if(runs.begin(), runs.end(), [this](const place& p) { return !waits(p); }), runs.end());
    }
  }

  /// Jobs of which runs wait.
  std::map<lane_key, lane> lanes_;
  std::unordered_map<run_id, waiting_place> place_of_;
  std::uint64_t last_ = 0;
  /// The job whose turn it was, of each rank.
  std::array<job_id, 3> latest_;
};

} // namespace djm
