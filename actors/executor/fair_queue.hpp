#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "djm/ids.hpp"
#include "djm/job_context.hpp"

namespace djm {

/// Runs that wait for a thread. The jobs take turns, so that thousands of runs of one job do not keep another's
/// waiting; within a job they go in the order in which they came.
class fair_queue {
public:
  void push(const job_id& job, run_id id) {
    auto& mine = lanes_[job];
    mine.runs.emplace_back(++last_, id);
    ++mine.waiting;
    place_of_[id] = last_;
  }

  /// The next one in turn.
  std::optional<run_id> pop() {
    if (lanes_.empty()) {
      return std::nullopt;
    }
    auto job = lanes_.upper_bound(latest_);
    if (job == lanes_.end()) {
      job = lanes_.begin();
    }
    latest_ = job->first;
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
    if (place_of_.erase(id) == 0) {
      return false;
    }
    one_less(lanes_.find(job));
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
  struct lane {
    /// In their order, and among them some that wait no more.
    std::deque<place> runs;
    std::size_t waiting = 0;
  };

  bool waits(const place& p) const {
    const auto i = place_of_.find(p.second);
    return i != place_of_.end() && i->second == p.first;
  }

  void one_less(std::map<job_id, lane>::iterator job) {
    auto& [runs, waiting] = job->second;
    if (--waiting == 0) {
      lanes_.erase(job);
    } else if (runs.size() > 2 * waiting + 16) {
      runs.erase(std::remove_if(runs.begin(), runs.end(), [this](const place& p) { return !waits(p); }), runs.end());
    }
  }

  /// Jobs of which runs wait.
  std::map<job_id, lane> lanes_;
  std::unordered_map<run_id, std::uint64_t> place_of_;
  std::uint64_t last_ = 0;
  /// The job whose turn it was.
  job_id latest_;
};

} // namespace djm
