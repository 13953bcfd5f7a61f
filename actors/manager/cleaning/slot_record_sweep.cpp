#include "actors/manager/cleaning/slot_record_sweep.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "zkstore/tree/job_records.hpp"

namespace djm {

using store::rc;

void slot_record_sweep::start(step s, manager_effects& out) {
  if (!items_.empty()) {
    look_at_some(out);
  } else if (!jobs_.empty()) {
    const auto job = jobs_.back();
    jobs_.pop_back();
    list(job, out);
  } else if (s.now >= at_) {
    at_ = s.now + period_;
    read_batch ask;
    const auto jobs = ask.children(store_.tree().states());
    store_.read(activity::clean_read, ask, false, out, this, &slot_record_sweep::apply_jobs, jobs);
  }
}

/// What is left is found again by the next sweep.
void slot_record_sweep::give_up() {
  jobs_.clear();
  items_.clear();
}

void slot_record_sweep::apply_jobs(const read_slot& jobs, step, manager_effects&) {
  for (const auto& name : jobs->children) {
    if (is_valid_id(name)) {
      jobs_.emplace_back(name);
    }
  }
}

/// Walks the names of all items of the job, as often as the cluster is cleaned.
void slot_record_sweep::list(const job_id& job, manager_effects& out) {
  const auto& tree = store_.tree();
  read_batch ask;
  const auto pools = ask.get(tree.pool_version());
  listing l{job, pools, ask.get(tree.job(job)), ask.children(tree.pool(job)), ask.children(tree.states(job))};
  store_.read(activity::clean_read, ask, false, out, this, &slot_record_sweep::apply_list, std::move(l));
}

void slot_record_sweep::apply_list(const listing& l, step, manager_effects&) {
  const auto record = store::read_payload<store::job_payload>(*l.record, store_.tree().job(l.job)).value;
  const auto spec = record ? store::ruling_spec(*record) : std::nullopt;
  const bool has_pool = l.pool->code == rc::ok || l.pool->code == rc::no_node;
  if (!spec || !has_pool || l.pools->code != rc::ok) {
    return;
  }
  job_ = l.job;
  pools_ = l.pools->stat.version;
  age_ = std::max<duration>(least_age, spec->slots.window + margin);
  const std::set<std::string> there{l.pool->children.begin(), l.pool->children.end()};
  for (const auto& name : l.states->children) {
    if (auto item = store::item_of_slot_name(name); item && there.count(item->str()) == 0) {
      items_.push_back(std::move(*item));
    }
  }
}

void slot_record_sweep::look_at_some(manager_effects& out) {
  constexpr std::size_t guards = 10;
  const auto& tree = store_.tree();
  const auto most = std::max(store_.most_ops(), guards + 1) - guards;
  read_batch ask;
  look l{ask.exists(tree.jobs_version()), ask.exists(tree.pool_version()), {}};
  for (; !items_.empty() && l.found.size() < most; items_.pop_back()) {
    const item_ref item{job_, items_.back()};
    l.found.push_back({items_.back(), ask.get(tree.slot_record(item)), ask.exists(tree.lock(item))});
  }
  store_.read(activity::clean_read, ask, true, out, this, &slot_record_sweep::apply_look, std::move(l));
}

void slot_record_sweep::apply_look(const look& l, step, manager_effects& out) {
  auto now_ms = std::max(l.jobs->stat.mtime_ms, l.pools->stat.mtime_ms);
  for (const auto& c : l.found) {
    now_ms = std::max(now_ms, c.record->stat.mtime_ms);
  }
  const auto& tree = store_.tree();
  txn_builder<std::monostate> txn;
  txn.add(store::check_op{store_.mine().latch});
  txn.add(store::check_op{tree.pool_version(), pools_}); // none of them has come back
  const auto guards = txn.size();
  for (const auto& c : l.found) {
    if (may_go(c, now_ms)) {
      txn.add(store::remove_op{tree.slot_record({job_, c.item}), c.record->stat.version});
    }
  }
  if (const auto records = txn.size() - guards; records > 0) {
    store_.commit(activity::clean_write, std::move(txn), out, this, &slot_record_sweep::removed, records);
  }
}

bool slot_record_sweep::may_go(const candidate& c, std::int64_t now_ms) const {
  const auto path = store_.tree().slot_record({job_, c.item});
  const auto said = store::read_payload<store::slot_payload>(*c.record, path).value;
  return said && said->mark != store::slot_mark::parked && c.lock->code == rc::no_node &&
         std::chrono::milliseconds{now_ms - c.record->stat.mtime_ms} > age_;
}

void slot_record_sweep::removed(std::size_t records, const txn_outcome<std::monostate>& o, step, manager_effects&) {
  if (o.committed()) {
    cleaned_ += records;
  } else {
    items_.clear(); // somebody has taken one up again: the next sweep sees what is left
  }
}

} // namespace djm
