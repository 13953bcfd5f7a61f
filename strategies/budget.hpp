#pragma once

#include "djm/plan.hpp"

namespace djm {

/// Cuts a plan down to `max_moves` and `max_moves_per_worker`: the most valuable moves are kept (off draining workers,
/// then off workers where the item may not stay, then those that even out the job and the totals most), the other items
/// stay where they are. Items without a legal owner are placed now whatever the budget, where need be elsewhere than
/// planned; one whose only room is not yet free is left unassigned with reason `move_budget`. A later plan of the
/// resulting state needs no more moves than were put off, so rounds converge.
void apply_budget(const assignment_problem& problem, const plan_options& options, plan& x);

} // namespace djm
