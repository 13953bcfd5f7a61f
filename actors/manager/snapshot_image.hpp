#pragma once

#include <set>

#include "actors/manager/cluster_image.hpp"
#include "zkstore/tree/snapshot_reader.hpp"

namespace djm {

/// The image that a leader would have of the tree: what a node that does not lead plans from when it is asked.
/// Malformed payloads are passed over as the leader does. Error `malformed_payload`: the tree is incomplete.
expected<cluster_image> image_of(const store::tree_snapshot& tree);

/// Workers that are neither there nor left: the leader may be waiting for them.
std::set<node_id> away(const cluster_image& image);

} // namespace djm
