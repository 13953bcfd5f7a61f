#pragma once

#include "djm/plan.hpp"

namespace djm {

/// Workers whose totals are compared: those that accept new items and are eligible for a job that has any.
std::vector<bool> taking_part(const assignment_problem& problem);

/// Gives every item without owner a reason, drops reasons of items that have one, sorts.
void explain_unassigned(const assignment_problem& problem, plan& x);

/// Fills in `moves` and the summary from the owners; leaves `moves_lower_bound`, `moves_deferred` and effort alone.
void summarise(const assignment_problem& problem, plan& x);

} // namespace djm
