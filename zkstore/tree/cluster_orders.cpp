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

namespace {

/// No node has registered what was submitted.
expected<record_change> removal_of_submission(const tree_schema& tree, const job_id& job,
                                              const std::optional<std::int64_t>& tried) {
  if (tried) { // somebody may have submitted it anew since
    return fail(errc::unknown_outcome, "job \"" + job + "\" may or may not have been removed: look again");
  }
  return record_change{0, {remove_op{tree.submission(job)}}};
}

} // namespace

expected<record_change> record_ops(const tree_schema& tree, const job_id& job, const job_order& what,
                                   std::optional<std::int64_t> expected_rev, const std::string& by,
                                   std::int64_t wall_ms, const read_result& record, const read_result& config,
                                   std::optional<std::int64_t> tried, const read_result* submission) {
  const auto path = tree.job(job);
  const auto now = read_payload<job_payload>(record, path);
  const bool submitted =
    std::holds_alternative<order::remove>(what) && submission != nullptr && submission->code == rc::ok;
  if (now.problem) {
    return tl::make_unexpected(*now.problem);
  }
  if (!now.value && submitted) {
    return removal_of_submission(tree, job, tried);
  }
  if (!now.value && tried && std::holds_alternative<order::remove>(what)) {
    return record_change{};
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
  record_change result;
  result.rev = next->record ? next->record->rev : now.value->rev;
  if (tried && next->record && result.rev != *tried && std::holds_alternative<order::remove>(what)) {
    return fail(errc::unknown_outcome, "job \"" + job +
                                         "\" may or may not have been removed, and its record has changed "
                                         "since: look again");
  }
  if (submitted) { // the jobs-version that was read guards it: no other submission of this name has come since
    result.ops.emplace_back(remove_op{tree.submission(job)});
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
