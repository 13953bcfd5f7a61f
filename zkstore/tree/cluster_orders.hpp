#pragma once

#include <optional>
#include <string>
#include <vector>

#include "zkstore/payloads.hpp"
#include "zkstore/tree_schema.hpp"

/// What people order of the whole cluster, as changes of the tree: decided from what was read, in one way for nodes and
/// for clients outside of it. The guards of the transaction are up to whoever sends it. Pure.
namespace djm::store {

/// What an order changes; empty: all stands already as it is ordered.
using order_ops = expected<std::vector<write_op>>;

/// Marks of a worker; what is not given stays as it is.
struct wished_marks {
  std::optional<bool> draining, cordoned;
};

/// `mark` and `registration`: what was read of `marks/<w>` and `workers/<w>`. A version without `marks/<w>` may have
/// marked the registration: what is said there counts until it is overruled. `malformed_payload`.
order_ops mark_ops(const tree_schema& tree, const node_id& worker, const wished_marks& wish, const read_result& mark,
                   const read_result& registration);

/// `pool`: what was read of `work-pool/<job>`. `unknown_job`, `malformed_payload`.
order_ops switch_job_ops(const tree_schema& tree, const job_id& job, bool enabled, const read_result& pool);

/// `pools`: what was read of `work-pool`. Data that makes no sense is replaced.
order_ops switch_all_ops(const tree_schema& tree, bool disabled, const read_result& pools);

} // namespace djm::store
