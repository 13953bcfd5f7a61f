#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/manager/cluster_image.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// One multi of an assignment: its prefix of the whole work is a consistent state, because every item leaves its old
/// owner and reaches the new one in the same multi.
struct assignment_batch {
  store::transaction txn;
  std::vector<item_transfer> transfers;
  /// What the multi does besides: folders it creates, `assigned` nodes it sets (with incarnation and counter).
  std::set<std::pair<node_id, job_id>> folders;
  std::map<node_id, store::assigned_payload> touched;
};

/// Cuts transfers into multis of at most `max_ops` operations and `max_bytes`. Each checks the latch and checks and
/// bumps `worker-assignment-version`, whose versions are known in advance: `version`, `version + 1`, ... `adopt` are
/// workers whose `assigned` is to be (re-)written for their present incarnation even without a transfer.
std::vector<assignment_batch> make_batches(const cluster_image& image, const store::tree_schema& tree,
                                           const std::vector<item_transfer>& transfers, const std::set<node_id>& adopt,
                                           const std::string& latch, std::int32_t version, const std::string& id_prefix,
                                           std::size_t max_ops = 200, std::size_t max_bytes = 256u << 10);

/// The image after the batch was committed.
void apply(cluster_image& image, const assignment_batch& batch);

} // namespace djm
