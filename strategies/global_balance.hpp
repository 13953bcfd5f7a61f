#pragma once

#include <cstdint>
#include <vector>

#include "strategies/count_model.hpp"

namespace djm {

struct balance_result {
  /// Search steps taken.
  std::uint64_t effort = 0;
  /// The search ended by itself: the sum of the squares of the loads (by weight) is the least that balance per job
  /// permits, and among such choices the moves are the fewest.
  bool exact = false;
};

/// Moves extras between workers until the totals are as even as balance per job permits, at the least price in moves.
/// Starts from `choose_extras` and changes `extra` only; whenever it stops, jobs are balanced.
///
/// A min-cost flow with convex costs, by successive shortest paths in phases: load that a worker has above a common
/// level looks for the cheapest way, over jobs whose extra can change hands, to a worker below it or into the level
/// itself (raising it for one worker). The greedy choice is optimal in moves, so it gives valid node potentials. The
/// network has a node per worker and group and an arc per cell: its size does not depend on the number of items.
/// `room`: most items per worker; where it cannot be kept by moving extras the result is not exact.
balance_result balance_totals(count_model& model, const std::vector<std::uint32_t>& room, std::uint64_t effort);

} // namespace djm
