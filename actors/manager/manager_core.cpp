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
    backoff_(cfg_.backoff_min, cfg_.backoff_max),
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
  if (doing_ == activity::writing || doing_ == activity::breaking || doing_ == activity::clean_write) {
    // The term may be lost because of what was written: too much for the store, say.
    duration apart{};
    if (const auto* t = doing_ == activity::breaking ? watchdog_.find(verifying_) : nullptr) {
      // The next term counts from its own first look, so that its attempt comes later by the tolerance.
      apart = std::chrono::minutes{1} + 2 * (now_ - t->since);
    }
    problems_.failing(subject_of(doing_), "leadership was lost before the answer", now_, out, apart);
  }
  // A leader that lost its term knows nothing: the next term starts from what it reads.
  refused_ = activity::none;
  epoch_ = 0;
  latch_.clear();
  session_ = 0;
  doing_ = activity::none;
  request_ = 0;
  retry_at_.reset();
  backoff_.reset();
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
  in_flight_.clear();
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
  problems_.close(out); // whoever leads now finds out
}

// -- the loop -------------------------------------------------------------------

void manager_core::next(step s, effects& out) {
  now_ = s.now;
  give_up_strategies(s, out);
  if (!leading() || doing_ != activity::none || (retry_at_ && s.now < *retry_at_)) {
    return;
  }
  retry_at_.reset();
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
    if (doing_ != activity::none) {
      return;
    }
  }
  if (watchdog_.due(s.now, 1)) {
    start_verify(s, out);
    return;
  }
  if (problems_.tries() && scanned_ && !watchdog_.suspects()) {
    problems_.works(effort::breaking, out); // whoever has given them back
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
    if (problems_.has_path()) {
      // Whoever mends or removes what others have written need not tell us. A read for each worker, once in a sweep,
      // for as long as that is told.
      members_dirty_ = true;
    }
    read(activity::scan_jobs, {store::children(tree_.locks())}, false, out);
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
      problems_.works(effort::cleaning, out); // whoever has done it
      no_longer_refused(activity::clean_write, out);
    }
  }
  if (!clean_queue_.empty()) {
    start_clean(out);
  }
}

std::optional<time_point> manager_core::wake_at() const {
  if (!leading() || doing_ != activity::none) {
    return std::nullopt;
  }
  if (retry_at_) {
    return retry_at_;
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
  problems_.failing(what, why, s.now, out);
  start_over(s, why, out);
}

/// Waits a little, then reads everything again.
void manager_core::start_over(step s, const std::string& why, effects& out) {
  doing_ = activity::none;
  request_ = 0;
  queue_.clear();
  in_flight_.clear();
  write_failed_ = false;
  scanning_ = false;
  scan_jobs_.clear();
  scan_queue_.clear();
  clean_queue_.clear();
  books_.withdrawn();
  all_dirty_ = true;
  retry_at_ = s.now + backoff_.draw(s.entropy);
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
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  if (r.status != store::read_status::ok) {
    reading_failed(std::exchange(doing_, activity::none), r, s, out);
    next(s, out);
    return out;
  }
  failures_in_a_row_ = 0;
  relieve("read", out);
  answers_.insert(answers_.end(), r.results.begin(), r.results.end());
  if (asked_for_ < questions_.size()) {
    read_part(false, out);
    return out;
  }
  const auto what = std::exchange(doing_, activity::none);
  const store::read_outcome whole{store::read_status::ok, std::exchange(answers_, {}), {}};
  switch (what) {
  case activity::load_base: apply_base(whole, s, out); break;
  case activity::load_changed: apply_changed(whole, s, out); break;
  case activity::load_details: apply_details(whole, s, out); break;
  case activity::load_items: apply_items(whole, s, out); break;
  case activity::observing: apply_observation(whole, s); break;
  case activity::verifying: apply_verification(whole, s, out); break;
  case activity::scan_jobs:
  case activity::scan_folders:
  case activity::scan_locks: apply_scan(whole, what, s, out); break;
  case activity::clean_read: apply_clean(whole, s, out); break;
  default: break;
  }
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  now_ = s.now;
  const auto* ok = std::get_if<store::committed>(&outcome);
  const auto* met = std::get_if<store::conflict>(&outcome);
  const auto* no = std::get_if<store::rejected>(&outcome);
  if (doing_ == activity::writing) {
    auto i = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& x) { return x.first == request; });
    if (i == in_flight_.end()) {
      return out;
    }
    learn_limits(outcome, batch_, s, out);
    if (ok != nullptr) {
      djm::apply(image_, i->second);
      counters_.moves += i->second.transfers.size();
      ++assignment_version_;
    } else {
      write_failed_ = true;
      if (met != nullptr) {
        ++counters_.conflicts;
        write_failure_ = "a transaction of the plan met a conflict";
      } else {
        ++counters_.unknowns;
        write_failure_ = "an outcome is unknown";
      }
    }
    in_flight_.erase(i);
    if (write_failed_) {
      // Those behind it fail as well, because their version does not come; wait for the last of them.
      queue_.clear();
      if (in_flight_.empty()) {
        setback(s, effort::planning, write_failure_, out);
      }
    } else {
      send_batches(out);
      if (in_flight_.empty()) {
        doing_ = activity::none;
        backoff_.reset();
        plan_written(out);
      }
    }
    next(s, out);
    return out;
  }
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  learn_limits(outcome, doing_ == activity::breaking ? break_batch_ : batch_, s, out);
  const auto what = std::exchange(doing_, activity::none);
  if (ok == nullptr && met == nullptr) {
    ++counters_.unknowns;
    setback(s, subject_of(what), ok == nullptr && no != nullptr ? no->why.text : "an outcome is unknown", out);
  } else if (met != nullptr) {
    ++counters_.conflicts;
    if (what == activity::breaking && met->index >= 3) {
      // A lock that went by itself; the others are looked at again.
      watchdog_.settled(verifying_, breaking_[met->index - 3]);
    } else if (what == activity::clean_write) {
      clean_conflict(met->index, s);
      problems_.failing(effort::cleaning, "others are in the way", s.now, out);
    } else if (what == activity::breaking && met->index == 1) {
      problems_.failing(effort::breaking, "nodes join all the time", s.now, out);
      retry_at_ = s.now + backoff_.draw(s.entropy); // somebody joined: from the first read again
    } else {
      setback(s, subject_of(what), "a conflict", out);
    }
  } else {
    backoff_.reset();
    problems_.works(subject_of(what), out);
    if (what == activity::breaking) {
      ++assignment_version_;
      counters_.broken_locks += breaking_.size();
      for (const auto& lock : breaking_) {
        watchdog_.settled(verifying_, lock);
        watchdog_.folders()[lock.job].owners.erase(lock.item);
      }
      out.push_back(log_effect{log_level::info, fmt::format("broke {} locks of {} ({})", breaking_.size(),
                                                            verifying_.worker, verifying_.incarnation)});
    } else if (what == activity::clean_write) {
      cleaned(s);
    }
  }
  next(s, out);
  return out;
}

} // namespace djm
