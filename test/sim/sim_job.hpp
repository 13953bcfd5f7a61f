#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "djm/job.hpp"

namespace djm::sim {

/// How the runs of a job behave; all durations are the world's.
struct run_manner {
  duration least = std::chrono::milliseconds{5};
  duration most = std::chrono::milliseconds{60};
  /// How long a run takes to obey a stop request, at most.
  duration obeys_within = std::chrono::milliseconds{50};
  /// Of 1000 runs so many release single items that are taken away, and go on with the others.
  std::uint64_t lets_go = 0;
  /// Of 1000 runs so many decline one of their items, each item a few times at most.
  std::uint64_t declines = 0;
  /// Of 1000 runs so many throw.
  std::uint64_t throws = 0;
  /// Of 1000 runs so many ignore their stop request for `ignores_for`; exclusion is not judged for them afterwards.
  std::uint64_t stubborn = 0;
  duration ignores_for = std::chrono::seconds{8};
  /// Of 1000 runs so many load the state of one of their items and save another one.
  std::uint64_t saves = 0;
};

/// What all nodes' copies of a job share: the world that its pool function looks at.
struct job_world {
  std::vector<item_id> items;
  /// Machines that see another pool.
  std::map<std::size_t, std::vector<item_id>> elsewhere;
  /// Machines on which the pool function, the function that cuts the share, throws.
  std::set<std::size_t> pool_throws;
  std::set<std::size_t> cut_throws;
  run_manner manner;
  std::map<item_id, int> declined; ///< how often so far, on all nodes
};

/// A job whose runs are virtual work: the simulated executor looks at the manner and never calls `run`.
class sim_job final : public job {
public:
  sim_job(std::shared_ptr<job_world> w, std::size_t machine) : world_(std::move(w)), machine_(machine) {}

  std::vector<item_id> work_pool() override {
    if (world_->pool_throws.count(machine_) > 0) {
      throw std::runtime_error("the pool cannot be read");
    }
    const auto mine = world_->elsewhere.find(machine_);
    return mine == world_->elsewhere.end() ? world_->items : mine->second;
  }
  void run(job_context&) override { throw std::logic_error("simulated runs are not called"); }
  std::vector<std::vector<item_id>> cut_share(const std::vector<item_id>& share) override {
    if (world_->cut_throws.count(machine_) > 0) {
      throw std::runtime_error("the share cannot be cut");
    }
    std::vector<std::vector<item_id>> parts(2);
    for (std::size_t i = 0; i < share.size(); ++i) {
      parts[i % 2].push_back(share[i]);
    }
    return parts;
  }
  const run_manner& manner() const { return world_->manner; }
  /// Counts it. No more often, so that all refusals are over when the world is to be quiet.
  bool may_decline(const item_id& item) const { return world_->declined[item]++ < 3; }

private:
  std::shared_ptr<job_world> world_;
  std::size_t machine_;
};

} // namespace djm::sim
