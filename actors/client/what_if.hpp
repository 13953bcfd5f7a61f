#pragma once

#include <vector>

#include "actors/manager/cluster_image.hpp"
#include "djm/client_answers.hpp"
#include "djm/strategy.hpp"

/// Plans of a cluster as it is not. An image of the tree goes in, an answer comes out. Pure.
namespace djm {

/// `unknown_worker`, `invalid_config`; and what the planner says.
expected<what_if_answer> what_would_be(const cluster_image& image, const what_if_question& question,
                                       const strategy_registry& registry);

/// Which of the nodes may be stopped together, looked at in their order: each beside those that may be stopped before
/// it. A node may not be when an item would lose its place, when it is the last one alive that offers a job or the last
/// one at all, and when somebody is gone already and still keeps items.
expected<stoppable_answer> which_may_stop(const cluster_image& image, const std::vector<node_id>& nodes,
                                          const strategy_registry& registry);

/// Jobs that are planned by a strategy that the registry does not have.
std::vector<job_id> foreign_jobs(const cluster_image& image, const strategy_registry& registry);

} // namespace djm
