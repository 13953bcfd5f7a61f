#pragma once

#include "djm/strategy.hpp"

namespace djm {

/// The default strategy. In this order: the hard rules; as many items placed as possible, by priority; every job
/// balanced over its eligible workers; the totals of the workers balanced; fewest moves.
class balanced_strategy final : public strategy {
public:
  std::string_view name() const noexcept override { return "balanced"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override;
};

/// Per-job balance only, with the fewest moves for that; new items go to the worker with least of the job, then least
/// in total.
class evenly_spread_strategy final : public strategy {
public:
  std::string_view name() const noexcept override { return "evenly_spread"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override;
};

} // namespace djm
