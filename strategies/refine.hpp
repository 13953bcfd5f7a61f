#pragma once

#include <cstdint>
#include <vector>

#include "strategies/count_model.hpp"
#include "strategies/global_balance.hpp"

namespace djm {

/// Most items on each worker by every rule that counts items alone: `max_items`, and capacities where all jobs have the
/// same profile.
std::vector<std::uint32_t> room_for_items(const assignment_problem& problem);

/// Settled counts of `model` under `room`, where it is too short for the balanced counts: as many items placed as
/// possible by priority, then zones, jobs and totals as even as they can be (least sums of squares), then the fewest
/// moves. Starts from a greedy placement and cancels negative cycles of the flow network (Bellman-Ford); `exact` when
/// none is left within `effort`. With `from_counts` it starts from the settled counts, which must keep all rules.
balance_result refine_counts(count_model& model, const std::vector<std::uint32_t>& room, std::uint64_t effort,
                             bool from_counts);

} // namespace djm
