#include "actors/node/admin_core.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "actors/node/cluster_view_of.hpp"

namespace djm {

using store::rc;

namespace {

/// The job that a wish is about; empty: none.
job_id subject_of(const admin_core::wish& w) {
  if (const auto* x = std::get_if<admin_core::set_job_enabled>(&w)) {
    return x->job;
  }
  if (const auto* x = std::get_if<admin_core::change_record>(&w)) {
    return x->job;
  }
  if (const auto* x = std::get_if<admin_core::see_state>(&w)) {
    return x->item.job;
  }
  if (const auto* x = std::get_if<admin_core::set_state>(&w)) {
    return x->what.item.job;
  }
  const auto* x = std::get_if<admin_core::remove_job>(&w);
  return x != nullptr ? x->job : job_id{};
}

} // namespace

admin_core::admin_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    store_(open_problems{"admin"}, backoff{cfg_.backoff_min, cfg_.backoff_max}),
    wishes_(backoff{cfg_.backoff_min, cfg_.backoff_max}) {}

admin_core::effects admin_core::ask(std::uint64_t id, wish w, step s) {
  effects out;
  if (const auto held = wishes_.size() + unjudged_.size(); held >= cfg_.backlog_limit) {
    out.push_back(done{id, fail(errc::backlog_full, "node \"" + cfg_.node + "\" holds " + std::to_string(held) +
                                                      " requests back already, its limit")});
    return out;
  }
  if (auto* x = std::get_if<change_record>(&w)) {
    x->by = cfg_.incarnation + "-o" + std::to_string(id);
    if (x->judged_by_code) {
      unjudged_.emplace(id, unjudged{std::move(w), s.now + cfg_.patience});
      return out;
    }
  }
  if (auto* x = std::get_if<set_state>(&w)) {
    x->what.by = cfg_.incarnation + "-o" + std::to_string(id);
  }
  add(id, std::move(w), s, out);
  return out;
}

void admin_core::add(std::uint64_t id, wish w, step s, effects& out) {
  auto about = subject_of(w);
  wishes_.add({id, std::move(w), std::move(about), s.now + cfg_.patience, "it was not its turn yet"});
  next(s, out);
}

admin_core::effects admin_core::on_session(const store::session_view& view, step s) {
  effects out;
  const bool was = connected_;
  connected_ = view.phase == store::session_phase::connected;
  session_ = view.number;
  if (!connected_ && was && view.phase != store::session_phase::suspended) {
    store_.drop();
  }
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_joined(bool joined, step s) {
  effects out;
  joined_ = joined;
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_stop() {
  effects out;
  const auto refuse = [&](std::uint64_t id) {
    out.push_back(done{id, fail(errc::shutting_down, "node \"" + cfg_.node + "\" is shutting down")});
  };
  while (!wishes_.empty()) {
    refuse(wishes_.take_oldest().id);
  }
  for (const auto& [id, x] : std::exchange(unjudged_, {})) {
    refuse(id);
  }
  store_.drop();
  return out;
}

std::optional<time_point> admin_core::wake_at() const {
  const auto judged_at = unjudged_.empty() ? std::nullopt : std::optional{unjudged_.begin()->second.until};
  if (wishes_.empty()) {
    return judged_at;
  }
  // While we are not connected all of them wait; the oldest knows until when.
  const auto over_at = earliest(earliest(store_.retry_at(), wishes_.oldest()->until), judged_at);
  const bool waits_for_held = connected_ && joined_ && !wishes_.under_way();
  return waits_for_held ? earliest(over_at, wishes_.held_until()) : over_at;
}

admin_core::effects admin_core::on_wake(step s) {
  effects out;
  while (!wishes_.empty() && s.now >= wishes_.oldest()->until) {
    auto why = !connected_ || !joined_
                 ? error{errc::not_connected, "node \"" + cfg_.node + "\" is not connected"}
                 : error{errc::timed_out, "the store did not take it: " + wishes_.oldest()->obstacle};
    if (wishes_.oldest_is_under_way()) {
      store_.drop();
      answer(tl::make_unexpected(std::move(why)), out);
    } else {
      out.push_back(done{wishes_.take_oldest().id, tl::make_unexpected(std::move(why))});
    }
  }
  for (auto x = unjudged_.begin(); x != unjudged_.end() && s.now >= x->second.until; x = unjudged_.erase(x)) {
    const auto& job = std::get<change_record>(x->second.what).job;
    out.push_back(done{
      x->first, fail(errc::timed_out, "the code of job \"" + job + "\" has not said whether it can work with that")});
  }
  store_.on_wake(s);
  next(s, out);
  return out;
}

void admin_core::next(step s, effects& out) {
  if (!connected_ || !joined_ || !store_.idle() || store_.retry_at()) {
    return;
  }
  if (const auto* first = wishes_.front(s.now)) {
    std::visit([&](const auto& w) { begin(w, out); }, first->what);
  }
}

void admin_core::answer(expected<void> result, effects& out) {
  out.push_back(done{wishes_.take_front().id, std::move(result), std::exchange(rev_, 0), std::exchange(saved_, {})});
  store_.reset_backoff();
  store_.retry_now();
}

void admin_core::again(step s, std::string why) {
  wishes_.current()->obstacle = std::move(why);
  store_.retry(s);
}

void admin_core::hold(step s, std::string why) {
  wishes_.current()->obstacle = std::move(why);
  wishes_.hold_front(s);
}

admin_core::effects admin_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (!q->ok()) {
    again(s, "a read failed: " + q->text);
    return out;
  }
  q->then(*this, s, out);
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (!store_.answered(request)) {
    return out;
  }
  if (std::holds_alternative<store::conflict>(outcome) || std::holds_alternative<store::rejected>(outcome)) {
    forget_attempt();
  }
  if (std::holds_alternative<store::committed>(outcome)) {
    answer({}, out);
  } else if (const auto* no = std::get_if<store::rejected>(&outcome);
             no != nullptr && no->why.code != errc::not_connected && no->why.code != errc::timed_out) {
    answer(tl::make_unexpected(no->why), out);
  } else {
    // Known or not: reading again shows whether it stands.
    again(s, std::holds_alternative<store::conflict>(outcome) ? "others keep changing it" : "its outcome is unknown");
  }
  next(s, out);
  return out;
}

// -- switches and marks -------------------------------------------------------------

/// The guards of a change: this node is alive, and what the version node guards is as it was read.
store::transaction admin_core::change(const std::string& version_path, const store::read_result& version) const {
  const store::version_payload p{cfg_.incarnation + "-d" + std::to_string(store_.numbers().next())};
  return {
    {store::check_op{tree_.alive(cfg_.node)}, store::set_op{version_path, store::encode(p), version.stat.version}}};
}

void admin_core::write(store::transaction txn, effects& out) {
  store_.commit({}, session_, std::move(txn), out);
}

/// Answers what stands already, or cannot be.
void admin_core::change_by(const std::string& version_path, const store::read_result& version, store::order_ops ops,
                           effects& out) {
  if (!ops || ops->empty()) {
    answer(ops ? expected<void>{} : tl::make_unexpected(ops.error()), out);
    return;
  }
  auto txn = change(version_path, version);
  std::move(ops->begin(), ops->end(), std::back_inserter(txn.ops));
  write(std::move(txn), out);
}

void admin_core::begin(const set_job_enabled& x, effects& out) {
  read_batch ask;
  const pool_slots slots{ask.get(tree_.pool_version()), ask.get(tree_.pool(x.job))};
  store_.read({}, ask, true, out, &admin_core::switch_one, slots);
}

void admin_core::switch_one(const pool_slots& slots, step s, effects& out) {
  const auto& x = wished<set_job_enabled>();
  const auto& pool = *slots.pool;
  if (pool.code != rc::ok && x.offered) {
    hold(s, "the work pool of job \"" + x.job + "\" is not written yet");
    return;
  }
  change_by(tree_.pool_version(), *slots.version, store::switch_job_ops(tree_, x.job, x.enabled, pool), out);
}

void admin_core::begin(const set_all_disabled&, effects& out) {
  read_batch ask;
  const pool_slots slots{ask.get(tree_.pool_version()), ask.get(tree_.pools())};
  store_.read({}, ask, true, out, &admin_core::switch_everything, slots);
}

void admin_core::switch_everything(const pool_slots& slots, step, effects& out) {
  change_by(tree_.pool_version(), *slots.version,
            store::switch_all_ops(tree_, wished<set_all_disabled>().disabled, *slots.pool), out);
}

void admin_core::begin(const set_marks& x, effects& out) {
  read_batch ask;
  const mark_slots slots{ask.get(tree_.worker_version()), ask.get(tree_.mark(x.worker)),
                         ask.get(tree_.worker(x.worker))};
  store_.read({}, ask, true, out, &admin_core::mark, slots);
}

void admin_core::mark(const mark_slots& slots, step, effects& out) {
  const auto& x = wished<set_marks>();
  change_by(tree_.worker_version(), *slots.version,
            store::mark_ops(tree_, x.worker, {x.draining, x.cordoned}, *slots.mark, *slots.registration), out);
}

// -- the cluster view -------------------------------------------------------------

void admin_core::begin(const see_cluster&, effects& out) {
  viewer_.emplace(tree_, store::snapshot_reader::scope{true, cfg_.max_lock_reads, true});
  read_view(out);
}

void admin_core::read_view(effects& out) {
  store_.read({}, viewer_->next(), false, out, &admin_core::take_view);
}

void admin_core::take_view(step, effects& out) {
  viewer_->take();
  if (!viewer_->complete()) {
    read_view(out);
    return;
  }
  out.push_back(viewed{wishes_.take_front().id, view_of(viewer_->snapshot(), cfg_.max_lock_reads)});
  viewer_.reset();
}

} // namespace djm
