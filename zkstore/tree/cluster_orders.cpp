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

expected<record_change> record_ops(const tree_schema& tree, const job_id& job, const job_order& what,
                                   std::optional<std::int64_t> expected_rev, const std::string& by,
                                   std::int64_t wall_ms, const read_result& record, const read_result& config,
                                   const std::optional<earlier_attempt>& tried, const read_result* submission) {
  const auto path = tree.job(job);
  const auto now = read_payload<job_payload>(record, path);
  const bool removes = std::holds_alternative<order::remove>(what);
  const bool submitted = removes && submission != nullptr && submission->code == rc::ok;
  // One that is not that of the earlier attempt was made after that had gone: it is none of this order's business.
  const bool another = submitted && tried && submission->stat.czxid != tried->submission;
  if (now.problem) {
    return tl::make_unexpected(*now.problem);
  }
  record_change result;
  if (submitted && !another) { // the jobs-version that was read guards it, whatever nodes write into it meanwhile
    result.submission = submission->stat.czxid;
    result.ops.emplace_back(remove_op{tree.submission(job)});
  }
  if (!now.value && removes && (submitted || tried)) {
    return result;
  }
  if (!now.value) {
    return fail(errc::unknown_job, "job \"" + job + "\" has no record in the cluster: no node has registered it");
  }
  // A configuration that others have damaged is replaced by whatever is set now.
  const auto before = read_payload<config_payload>(config, tree.job_config(job)).value.value_or(config_payload{});
  const auto next = carry_out(what, job, *now.value, before, expected_rev, by, wall_ms);
  if (!next) {
    return tl::make_unexpected(next.error());
  }
  result.rev = next->record ? next->record->rev : now.value->rev;
  if (tried && next->record && (another || result.rev != tried->rev) && removes) {
    return fail(errc::unknown_outcome, "job \"" + job +
                                         "\" may or may not have been removed, and its record has changed "
                                         "since: look again");
  }
  if (next->record) {
    result.ops.emplace_back(set_op{path, encode(*next->record, record.data), record.stat.version});
  }
  if (next->config) {
    const auto data = encode(*next->config, config.data);
    if (config.code == rc::ok) {
      result.ops.emplace_back(set_op{tree.job_config(job), data, config.stat.version});
    } else {
      result.ops.emplace_back(create_op{tree.job_config(job), data});
    }
  }
  return result;
}

write_op tell_of_record(const tree_schema& tree, const job_id& job, const std::string& by, const read_result& version) {
  // One that others have damaged says nothing of earlier changes, so all records are read anew.
  const auto before = read_payload<jobs_version_payload>(version, tree.jobs_version()).value;
  return set_op{tree.jobs_version(),
                encode_change(before.value_or(jobs_version_payload{}), version.stat.version, {job}, by),
                version.stat.version};
}

} // namespace djm::store
