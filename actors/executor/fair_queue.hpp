#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>

#include "djm/ids.hpp"
#include "djm/job_context.hpp"

namespace djm {

/// Runs that wait for a thread. The jobs take turns, so that thousands of runs of one job do not keep another's
/// waiting; within a job they go in the order in which they came.
class fair_queue {
public:
  void push(const job_id& job, run_id id) {
    waiting_[job].emplace(++last_, id);
    place_of_[id] = last_;
  }

  /// The next one in turn.
  std::optional<run_id> pop() {
    if (waiting_.empty()) {
      return std::nullopt;
    }
    auto job = waiting_.upper_bound(latest_);
    if (job == waiting_.end()) {
      job = waiting_.begin();
    }
    latest_ = job->first;
    const auto id = job->second.begin()->second;
    erase(latest_, id);
    return id;
  }

  /// Whether it was there.
  bool erase(const job_id& job, run_id id) {
    const auto place = place_of_.find(id);
    if (place == place_of_.end()) {
      return false;
    }
    const auto j = waiting_.find(job);
    j->second.erase(place->second);
    if (j->second.empty()) {
      waiting_.erase(j);
    }
    place_of_.erase(place);
    return true;
  }

  void clear() {
    waiting_.clear();
    place_of_.clear();
  }

  std::size_t size() const { return place_of_.size(); }
  std::size_t jobs() const { return waiting_.size(); }

private:
  std::map<job_id, std::map<std::uint64_t, run_id>> waiting_;
  std::map<run_id, std::uint64_t> place_of_;
  std::uint64_t last_ = 0;
  /// The job whose turn it was.
  job_id latest_;
};

} // namespace djm
