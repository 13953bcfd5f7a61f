#pragma once

#include "djm/plan.hpp"

namespace djm {

/// Where room is short, lets those have it who are first in line (`assignment_problem::waiting`): an item that was left
/// out takes the place of one of its own or a lower priority that comes behind it and was about to be placed without
/// having an owner; of those the last in line gives way. Which place is free for whom is the plan's decision, so items
/// that stay where they are, or move, are not touched. Costs nothing while nobody waits.
void serve_in_line(const assignment_problem& problem, plan& x);

} // namespace djm
