#pragma once

#include <cstdint>
#include <vector>

#include "djm/assignment_problem.hpp"
#include "djm/plan.hpp"
#include "strategies/bit_rows.hpp"

namespace djm {

/// Items of one job are alike to the rules of balance, so a plan is first made of counts: how many items of each job on
/// each worker. A *group* is what is spread evenly: a job, or a job's part in one zone when it spreads over zones.
struct count_group {
  job_index job = 0;
  /// Items to be spread, those at fixed places included.
  std::uint32_t size = 0;
  /// Workers that hold one item more than their quota; `extra` has that many bits.
  std::uint32_t extras = 0;
};

/// Counts of the previous state, quotas and extra items. A worker's final count is its quota plus its extra.
///
/// Quotas are what a worker holds in any balanced solution; *open* workers may hold one more; *gain* marks those of
/// them to whom the extra item would save a move. The stages: `build`, `choose_extras`, then optionally the search for
/// global balance, then `deal`.
class count_model {
public:
  explicit count_model(const assignment_problem& problem);

  const assignment_problem& problem() const noexcept { return problem_; }
  std::size_t workers() const noexcept { return workers_; }
  const std::vector<count_group>& groups() const noexcept { return groups_; }

  /// Cell of (job, worker) in `have` and `quota`.
  std::size_t cell(job_index j, worker_index w) const noexcept { return j * workers_ + w; }
  std::uint32_t have(job_index j, worker_index w) const noexcept { return have_[cell(j, w)]; }

  /// Weight of a worker in the smallest whole numbers of the same proportions.
  std::int64_t weight(worker_index w) const noexcept { return problem_.worker(w).weight / weight_unit_; }

  /// Greedy choice: extras go where they save a move, then to the least loaded. Optimal in moves for balance per job.
  void choose_extras();

  /// Rows by group, columns by worker.
  bit_rows extra;
  bit_rows open;
  bit_rows gain;

  /// Items per worker as the quotas and extras stand, base load included (in items).
  std::vector<std::int64_t> loads() const;
  /// Moves that the present choice costs.
  std::size_t moves() const;
  /// Final count of a cell; only after the last change of extras, see `settle`.
  std::uint32_t count(job_index j, worker_index w) const noexcept { return quota_[cell(j, w)]; }
  /// Adds the extras to the quotas. Afterwards only `count`, `moves` and `deal` make sense.
  void settle();
  /// Changes a settled count.
  void set_count(job_index j, worker_index w, std::uint32_t n) noexcept { quota_[cell(j, w)] = n; }

  /// Owners that realise the settled counts: items stay where they may, the others are dealt in the order of their
  /// hashes. Items without a place are left at `no_worker`.
  void deal(std::vector<worker_index>& owner) const;

  /// Most items of the job on the worker, rules of room aside.
  std::uint32_t limit(job_index j, worker_index w) const;
  /// Items of the job that are not pinned to where they cannot be.
  std::uint32_t placeable(job_index j) const {
    return static_cast<std::uint32_t>(problem_.items_of(j)) - unplaceable_[j];
  }
  /// Items of the job that are pinned to the worker and may be there.
  std::uint32_t pins(job_index j, worker_index w) const { return pinned_.empty() ? 0 : pinned_[cell(j, w)]; }
  /// Items of the job that must be on the worker.
  std::uint32_t fixed(job_index j, worker_index w) const;

private:
  void count_previous();
  void count_pins(job_index j);
  void deal_waiting(job_index j, const std::vector<item_index>& waiting, std::vector<std::uint32_t>& left,
                    std::vector<worker_index>& owner) const;
  void make_groups();
  void quotas(const count_group& g, const std::vector<worker_index>& members, std::size_t at);
  void split_zones(job_index j, std::uint32_t size, std::vector<std::uint32_t>& sizes) const;
  bool pin_holds(job_index j, std::uint32_t local, worker_index pin) const;

  const assignment_problem& problem_;
  std::size_t workers_;
  std::int64_t weight_unit_ = 0; // greatest common divisor of the weights
  std::vector<count_group> groups_;
  std::vector<std::uint32_t> have_;
  std::vector<std::uint32_t> quota_;
  std::vector<std::uint32_t> pinned_; // per cell; empty when no job pins
  /// Per job that has any: what each worker gets at most.
  std::vector<std::vector<std::uint32_t>> beside_refusals_;
  std::vector<std::uint32_t> unplaceable_; // per job: pinned items that can be nowhere
  std::size_t pin_moves_ = 0;              // moves that pins force
};

} // namespace djm
