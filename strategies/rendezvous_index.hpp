#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "djm/assignment_problem.hpp"

namespace djm {

/// Rendezvous owners of one problem after another, recomputing only what a change can affect: an item compares its
/// owner with new workers, and all workers again only when its owner is gone. The result is that of `rendezvous` on an
/// unconstrained problem, whatever came before; jobs are recognised by name and the very same `item_set`.
/// Keeps 12 bytes per item. Not thread-safe.
class rendezvous_index {
public:
  /// Owners by eligibility alone, one per item of `problem`.
  std::vector<worker_index> owners(const assignment_problem& problem);

private:
  struct entry {
    std::shared_ptr<const item_set> items;
    std::vector<std::string> workers; // eligible, sorted
    std::vector<std::uint32_t> owner; // position in `workers`
    std::vector<std::int64_t> weight; // of the owner
  };

  static void refresh(const assignment_problem& problem, job_index j, entry& e);

  std::map<std::string, entry, std::less<>> jobs_;
};

} // namespace djm
