#include "zkstore/tree/cluster_orders.hpp"

#include <utility>

namespace djm::store {

order_ops mark_ops(const tree_schema& tree, const node_id& worker, const wished_marks& wish, const read_result& mark,
                   const read_result& registration) {
  const auto path = tree.mark(worker);
  const auto former = decode<mark_payload>(registration.data, {}).value_or(mark_payload{});
  auto p = former;
  if (mark.code == rc::ok) {
    auto have = decode<mark_payload>(mark.data, path);
    if (!have) {
      return tl::make_unexpected(have.error());
    }
    p = *have;
  }
  const auto before = p;
  p.draining = wish.draining.value_or(p.draining);
  p.cordoned = wish.cordoned.value_or(p.cordoned);
  std::vector<write_op> ops;
  if (p == before) {
    return ops;
  }
  if (mark.code != rc::ok) {
    ops.emplace_back(create_op{path, encode(p)});
  } else if (!p.draining && !p.cordoned && former == p) {
    ops.emplace_back(remove_op{path, mark.stat.version});
  } else {
    ops.emplace_back(set_op{path, encode(p, mark.data), mark.stat.version});
  }
  return ops;
}

order_ops switch_job_ops(const tree_schema& tree, const job_id& job, bool enabled, const read_result& pool) {
  if (pool.code != rc::ok) {
    return fail(errc::unknown_job, "job \"" + job + "\" is not in the cluster's work pool");
  }
  auto p = decode<pool_payload>(pool.data, tree.pool(job));
  if (!p) {
    return tl::make_unexpected(p.error());
  }
  std::vector<write_op> ops;
  if (p->enabled != enabled) {
    p->enabled = enabled;
    ops.emplace_back(set_op{tree.pool(job), encode(*p, pool.data), pool.stat.version});
  }
  return ops;
}

order_ops switch_all_ops(const tree_schema& tree, bool disabled, const read_result& pools) {
  auto p = decode<pools_payload>(pools.data, tree.pools()).value_or(pools_payload{});
  std::vector<write_op> ops;
  if (pools.code != rc::ok || p.all_disabled != disabled) {
    p.all_disabled = disabled;
    ops.emplace_back(set_op{tree.pools(), encode(p, pools.data), pools.stat.version});
  }
  return ops;
}

} // namespace djm::store
