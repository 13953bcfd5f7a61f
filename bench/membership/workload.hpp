#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "djm/ids.hpp"
#include "djm/job.hpp"

namespace djm::bench {

/// So many items in so many jobs, spread as evenly as it goes. Ids have the same length whatever the numbers are, so
/// that znodes have the same sizes.
struct workload {
  std::size_t items = 100'000;
  std::size_t jobs = 100;

  job_id job(std::size_t n) const;
  /// Of the n-th job.
  std::vector<item_id> items_of(std::size_t n) const;
  /// Jobs that run when they are triggered, which nobody does.
  std::vector<job_definition> definitions() const;
};

} // namespace djm::bench
