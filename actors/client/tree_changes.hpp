#pragma once

#include <cstdint>
#include <vector>

#include "djm/client_answers.hpp"
#include "djm/cluster_view.hpp"

namespace djm {

/// What has changed from one look at the cluster to the next, in the order in which a person would tell it: who came
/// and went, who leads, jobs, items. A view without holders says nothing of locks. Pure.
std::vector<tree_event> changes_between(const cluster_view& before, const cluster_view& after, std::int64_t seen_at_ms);

} // namespace djm
