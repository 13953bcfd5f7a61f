#pragma once

#include <cstddef>

#include "djm/plan.hpp"

namespace djm {

/// Items that one waiting item may make move, at most: room for one is not worth stirring up a cluster.
constexpr std::size_t most_moves_for_room = 3;

/// Where an item was left out although workers have room enough between them: moves items off one worker, so that there
/// is room in one piece. Items move only for one of their own or of a higher priority, at most `most_moves_for_room`
/// for each that finds a place, and within the budget; nobody loses a place. Items that are pinned or bound to others
/// stay.
void make_room(const assignment_problem& problem, const plan_options& options, plan& x);

} // namespace djm
