#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/status.hpp"
#include "djm/strategy.hpp"

namespace djm {

/// What people and metrics see of a plan.
struct plan_report {
  std::string text;
  plan_status figures;
  /// Items without an owner, as many as the status names; and how many there are.
  std::vector<pending_item> unassigned;
  std::uint64_t unassigned_items = 0;
};

plan_report describe_plan(const assignment_problem& problem, const plan& p, duration elapsed);

} // namespace djm
