#pragma once

#include <cstddef>

#include "djm/status.hpp"
#include "zkstore/tree/snapshot_reader.hpp"

namespace djm {

/// The tree as people and programs look at it. `max_locks`: how many locks may be looked at, for the text that says so.
cluster_view view_of(const store::tree_snapshot& tree, std::size_t max_locks);

} // namespace djm
