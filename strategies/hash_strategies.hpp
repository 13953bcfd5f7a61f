#pragma once

#include "djm/strategy.hpp"

namespace djm {

/// weight(job, item, worker): murmur3_64 of `job + ":" + item + worker` as a signed number. Wire-stable.
std::int64_t rendezvous_weight(std::string_view job, std::string_view item, std::string_view worker);

/// Each item on the worker of greatest weight among those that may hold it. Stateless and monotone: a new worker only
/// takes, a lost one only gives. Loads are those of chance.
class rendezvous_strategy final : public strategy {
public:
  std::string_view name() const noexcept override { return "rendezvous"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override;
};

/// Rendezvous with caps per job: counts of a job differ by at most one. Ignores previous owners.
class evenly_rendezvous_strategy final : public strategy {
public:
  std::string_view name() const noexcept override { return "evenly_rendezvous"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override;
};

/// Consistent hashing with bounded loads (Mirrokni, Thorup, Zadimoghaddam): 100 points per worker and unit of weight on
/// a ring, each item on the next worker that has room; nobody gets more than 5/4 of its share of all items, where
/// eligibility permits. Ignores previous owners.
class bounded_hash_strategy final : public strategy {
public:
  std::string_view name() const noexcept override { return "bounded_hash"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override;
};

} // namespace djm
