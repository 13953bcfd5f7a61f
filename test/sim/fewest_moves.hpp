#pragma once

#include <cstddef>
#include <vector>

namespace djm::sim {

/// A state to be balanced, in counts: items of one job are alike, workers weigh the same and have room for everything.
struct share_problem {
  struct job {
    /// By worker: whether it may hold items of the job, and how many it holds. Who may not, holds none that count.
    std::vector<bool> eligible;
    std::vector<std::size_t> have;
    /// Items to be shared, those that nobody holds included.
    std::size_t items = 0;
  };
  std::vector<job> jobs;
  /// By worker: items of other jobs.
  std::vector<std::size_t> base;
};

/// The fewest items that must leave workers who may keep them so that every job is within one over its workers; with
/// `totals`, so that also the sum of the squares of the workers' totals is the least that this permits. Computed
/// without the planner.
std::size_t fewest_moves(const share_problem& problem, bool totals);

} // namespace djm::sim
