#pragma once

#include <cstdint>
#include <vector>

#include "djm/assignment_problem.hpp"
#include "djm/plan.hpp"

namespace djm {

/// Who holds how much while a plan is made, and whether one more item fits: the hard rules in one place.
class ledger {
public:
  explicit ledger(const assignment_problem& problem);

  /// The first hard rule that keeps the item (of job `j`) off worker `w` now; `none` when it may be put there. The item
  /// itself must not be on the books.
  plan_rule blocks(job_index j, item_index i, worker_index w) const;

  /// The same without what depends on the item itself (pins, newness): what depends on the books and on eligibility.
  plan_rule blocks_any(job_index j, worker_index w) const;

  void put(job_index j, item_index i, worker_index w);
  void take(job_index j, item_index i, worker_index w);

  /// Items of the job on the worker.
  std::uint32_t count(job_index j, worker_index w) const noexcept { return counts_[j * workers_ + w]; }
  /// Items on the worker, base included.
  std::uint32_t items(worker_index w) const noexcept { return items_[w]; }
  /// Weight on the worker in milli-units, base included.
  std::int64_t load(worker_index w) const noexcept { return loads_[w]; }
  std::int64_t used(worker_index w, std::uint32_t r) const noexcept { return used_[w * kinds_ + r]; }

private:
  plan_rule eligibility_rule(job_index j, worker_index w) const;

  const assignment_problem& problem_;
  std::size_t workers_;
  std::size_t kinds_;
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint32_t> items_;
  std::vector<std::int64_t> loads_;
  std::vector<std::int64_t> used_;
  std::vector<std::uint32_t> placed_;  // items of each job on any worker
  std::vector<std::uint32_t> holders_; // workers that have items of each job
};

/// Why the item cannot be placed, judged over all workers: the rule of the worker that came nearest to taking it, or
/// `strategy` when a worker could.
plan_rule why_unassigned(const assignment_problem& problem, const ledger& books, job_index j, item_index i);

/// `chosen`, or when that is nobody the previous owner if it may go on, as a draining worker may that nobody relieves.
worker_index or_stay(const assignment_problem& problem, const ledger& books, job_index j, item_index i,
                     worker_index chosen);

} // namespace djm
