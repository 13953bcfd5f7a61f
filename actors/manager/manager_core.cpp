#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

manager_core::manager_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    batch_(cfg_.max_transaction_ops),
    break_batch_(cfg_.lock_batch, 1),
    // Another leader may have done long ago what has failed here.
    store_(open_problems{"manager", std::chrono::minutes{1}}, backoff{cfg_.backoff_min, cfg_.backoff_max}, cfg_.numbers,
           cfg_.read_batch),
    strategy_backoff_(cfg_.backoff_min, cfg_.backoff_max),
    desk_({cfg_.strategy_timeout}),
    history_(cfg_.flap_patience) {}

// -- leadership -----------------------------------------------------------------

manager_core::effects manager_core::on_granted(std::int64_t epoch, std::string latch, std::uint64_t session, step s) {
  effects out;
  reset(out);
  now_ = s.now;
  epoch_ = epoch;
  latch_ = std::move(latch);
  session_ = session;
  all_dirty_ = true;
  sweep_at_ = s.now;
  clean_at_ = s.now + cfg_.clean_period;
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_revoked(step s) {
  effects out;
  now_ = s.now;
  reset(out);
  return out;
}

void manager_core::reset(effects& out) {
  for (const auto a : {activity::writing, activity::breaking, activity::clean_write}) {
    if (!store_.writes(a)) {
      continue;
    }
    // The term may be lost because of what was written: too much for the store, say.
    duration apart{};
    if (const auto* t = a == activity::breaking ? watchdog_.find(verifying_) : nullptr) {
      // The next term counts from its own first look, so that its attempt comes later by the tolerance.
      apart = std::chrono::minutes{1} + 2 * (now_ - t->since);
    }
    store_.failing(subject_of(a), "leadership was lost before the answer", now_, out, apart);
  }
  // A leader that lost its term knows nothing: the next term starts from what it reads.
  refused_.reset();
  epoch_ = 0;
  latch_.clear();
  session_ = 0;
  store_.drop();
  plan_request_ = 0;
  store_.retry_now();
  store_.reset_backoff();
  strategy_backoff_.reset();
  image_ = {};
  known_ = rebuilding_ = false;
  failures_in_a_row_ = 0;
  all_dirty_ = members_dirty_ = pools_dirty_ = unwatched_ = false;
  jobs_dirty_.clear();
  plan_dirty_ = false;
  plan_at_.reset();
  asked_.reset();
  problem_.reset();
  plan_.reset();
  plan_text_.clear();
  plan_status_ = {};
  unassigned_.clear();
  unassigned_items_ = 0;
  books_.clear();
  desk_.clear();
  planned_frozen_.clear();
  history_.clear();
  planned_shunned_.clear();
  queue_.clear();
  write_failed_ = false;
  watchdog_.clear();
  observe_now_.clear();
  sweep_at_.reset();
  scanning_ = scanned_ = false;
  swept_from_ = {};
  scan_jobs_.clear();
  scan_queue_.clear();
  clean_at_.reset();
  clean_queue_.clear();
  cleaning_.clear();
  store_.problems().close(out); // whoever leads now finds out
}

// -- the loop -------------------------------------------------------------------

void manager_core::next(step s, effects& out) {
  now_ = s.now;
  give_up_strategies(s, out);
  if (!leading() || busy() || (store_.retry_at() && !store_.on_wake(s))) {
    return;
  }
  if (all_dirty_ || members_dirty_ || pools_dirty_ || !jobs_dirty_.empty()) {
    start_refresh(out);
    return;
  }
  if (auto whom = unobserved(); !whom.empty()) {
    start_observe(whom, out);
    return;
  }
  if (!plan_dirty_ && (frozen(s.now) != planned_frozen_ || shunned(s.now) != planned_shunned_)) {
    plan_dirty_ = true;
    plan_at_ = s.now; // a tolerance or a probation is over: nothing to wait for
  }
  if (plan_dirty_ && plan_at_ && s.now >= *plan_at_) {
    start_plan(s, out);
    if (busy()) {
      return;
    }
  }
  if (watchdog_.due(s.now, 1)) {
    start_verify(s, out);
    return;
  }
  if (store_.problems().tries() && scanned_ && !watchdog_.suspects()) {
    store_.works(effort::breaking, out); // whoever has given them back
    no_longer_refused(activity::breaking, out);
  }
  if (!scanning_ && sweep_at_ && s.now >= *sweep_at_) {
    scanning_ = true;
    scan_began_ = s.now;
    sweep_at_ = s.now + cfg_.sweep_period;
    ++counters_.sweeps;
    if (unwatched_) {
      all_dirty_ = true;
    }
    if (store_.problems().has_path()) {
      // Whoever mends or removes what others have written need not tell us. A read for each worker, once in a sweep,
      // for as long as that is told.
      members_dirty_ = true;
    }
    read_batch ask;
    const auto jobs = ask.children(tree_.locks());
    store_.read(activity::scan_jobs, ask, false, out, &manager_core::apply_scan_jobs, jobs);
    return;
  }
  if (scanning_) {
    continue_scan(s, out);
    return;
  }
  if (clean_at_ && s.now >= *clean_at_ && scanned_) {
    clean_at_ = s.now + cfg_.clean_period;
    plan_cleaning(s);
    if (clean_queue_.empty()) {
      store_.works(effort::cleaning, out); // whoever has done it
      no_longer_refused(activity::clean_write, out);
    }
  }
  if (!clean_queue_.empty()) {
    start_clean(out);
  }
}

std::optional<time_point> manager_core::wake_at() const {
  if (!leading() || busy()) {
    return std::nullopt;
  }
  if (store_.retry_at()) {
    return store_.retry_at();
  }
  auto at = plan_dirty_ ? plan_at_ : std::nullopt;
  at = earliest(at, watchdog_.next_due(now_));
  at = earliest(at, history_.next_end(now_));
  at = earliest(at, sweep_at_);
  at = earliest(at, desk_.next_due());
  return scanned_ ? earliest(at, clean_at_) : at;
}

/// Something did not go as the image said.
void manager_core::setback(step s, const char* what, const std::string& why, effects& out) {
  store_.failing(what, why, s.now, out);
  start_over(s, why, out);
}

/// Waits a little, then reads everything again.
void manager_core::start_over(step s, const std::string& why, effects& out) {
  store_.drop();
  queue_.clear();
  write_failed_ = false;
  scanning_ = false;
  scan_jobs_.clear();
  scan_queue_.clear();
  clean_queue_.clear();
  books_.withdrawn();
  all_dirty_ = true;
  store_.retry(s);
  ++counters_.reloads;
  out.push_back(log_effect{log_level::debug, fmt::format("reading the cluster again: {}", why)});
}

void manager_core::changed(step s) {
  if (!plan_dirty_) {
    dirty_since_ = s.now;
  }
  plan_dirty_ = true;
  plan_at_ = std::min(s.now + cfg_.debounce, dirty_since_ + cfg_.max_wait);
}

std::string manager_core::bump() {
  return store::encode(store::version_payload{fmt::format("{}-m{}", cfg_.incarnation, next_bump_++)});
}

// -- events ---------------------------------------------------------------------

manager_core::effects manager_core::on_wake(step s) {
  effects out;
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  if (!leading()) {
    return out;
  }
  const auto pools = tree_.pools() + "/";
  if (e.path == tree_.alive() || e.path == tree_.worker_version()) {
    members_dirty_ = true;
  } else if (e.path == tree_.pool_version()) {
    jobs_dirty_.insert(unwatched_jobs_.begin(), unwatched_jobs_.end());
  } else if (e.path == tree_.pools()) {
    pools_dirty_ = true;
  } else if (e.path.compare(0, pools.size(), pools) == 0) {
    jobs_dirty_.insert(e.path.substr(pools.size()));
  }
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  now_ = s.now;
  if (r.status == store::read_status::ok && store_.knows(request)) { // a part is better than nothing
    failures_in_a_row_ = 0;
    store_.relieve("read", out);
  }
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (q->ok()) {
    q->then(*this, s, out);
  } else {
    reading_failed(*q, s, out);
  }
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  now_ = s.now;
  const bool ok = std::holds_alternative<store::committed>(outcome);
  const bool met = std::holds_alternative<store::conflict>(outcome);
  const auto* no = std::get_if<store::rejected>(&outcome);
  const auto q = store_.answered(request);
  if (!q) {
    return out;
  }
  const auto what = q->topic;
  if (what != activity::writing && ok) {
    store_.reset_backoff();
    store_.works(subject_of(what), out);
  } else if (!ok) {
    met ? ++counters_.conflicts : ++counters_.unknowns;
  }
  learn_limits(what, outcome, s, out);
  if (what == activity::writing || ok || met) {
    q->then(*this, outcome, s, out);
  } else {
    setback(s, subject_of(what), no != nullptr ? no->why.text : "an outcome is unknown", out);
  }
  next(s, out);
  return out;
}

} // namespace djm
