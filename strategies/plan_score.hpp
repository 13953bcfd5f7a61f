#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "djm/plan.hpp"

namespace djm {

/// What a plan is worth to `balanced`, the most important first; less is better. Sums of squares are per worker weight.
struct plan_score {
  struct part {
    plan_rule rule = plan_rule::none;
    std::int64_t value = 0;
  };
  std::array<part, 9> parts;
};

plan_score score_of(const assignment_problem& problem, const std::vector<worker_index>& owner, bool totals);

/// The rule of the first part at which `b` is worse than `a`, or `tie`.
plan_rule first_worse(const plan_score& a, const plan_score& b);

} // namespace djm
