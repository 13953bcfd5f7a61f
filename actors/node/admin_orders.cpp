#include "actors/node/admin_core.hpp"

/// Orders about jobs that stand in their records: whoever follows a record hears of them by the one watch.
namespace djm {

using store::rc;

void admin_core::begin(const change_record& x, effects& out) {
  read_batch ask;
  const auto version = ask.get(tree_.jobs_version());
  const store::record_reads found{tree_, x.job, ask};
  store_.read({}, ask, true, out, &admin_core::change_job, version, found);
}

void admin_core::change_job(const read_slot& version, const store::record_reads& found, step s, effects& out) {
  const auto& x = wished<change_record>();
  const auto path = tree_.job(x.job);
  const auto record = store::read_payload<store::job_payload>(*found.record, path);
  const auto config = store::read_payload<store::config_payload>(*found.config, tree_.job_config(x.job));
  if (record.problem) {
    answer(tl::make_unexpected(*record.problem), out);
    return;
  }
  if (!record.value && x.offered) {
    hold(s, "the record of job \"" + x.job + "\" is not written yet");
    return;
  }
  if (!record.value) {
    answer(fail(errc::unknown_job, "job \"" + x.job + "\" has no record in the cluster: no node has registered it"),
           out);
    return;
  }
  // A configuration that others have damaged is replaced by whatever is set now.
  const auto before = config.value.value_or(store::config_payload{});
  auto next = store::carry_out(x.what, x.job, *record.value, before, x.expected_rev, x.by, s.wall_ms);
  if (!next) {
    answer(tl::make_unexpected(std::move(next.error())), out);
    return;
  }
  rev_ = next->record ? next->record->rev : record.value->rev;
  if (!next->record) {
    answer({}, out);
    return;
  }
  const auto news = store::read_payload<store::jobs_version_payload>(*version, tree_.jobs_version()).value;
  store::transaction txn;
  txn.ops.emplace_back(store::check_op{tree_.alive(cfg_.node)});
  txn.ops.emplace_back(store::set_op{
    tree_.jobs_version(),
    store::encode_change(news.value_or(store::jobs_version_payload{}), version->stat.version, {x.job}, x.by),
    version->stat.version});
  txn.ops.emplace_back(
    store::set_op{path, store::encode(*next->record, found.record->data), found.record->stat.version});
  if (next->config) {
    const auto data = store::encode(*next->config, found.config->data);
    if (found.config->code == rc::ok) {
      txn.ops.emplace_back(store::set_op{tree_.job_config(x.job), data, found.config->stat.version});
    } else {
      txn.ops.emplace_back(store::create_op{tree_.job_config(x.job), data});
    }
  }
  write(std::move(txn), out);
}

} // namespace djm
