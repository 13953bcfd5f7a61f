#include "actors/job_runner/job_runner_core.hpp"

#include <algorithm>
#include <utility>

#include "actors/job_runner/rhythm.hpp"

namespace djm {

job_runner_core::job_runner_core(settings s)
  : cfg_(std::move(s)),
    cut_backoff_(cfg_.backoff_min, cfg_.backoff_max),
    pool_backoff_(cfg_.backoff_min, cfg_.backoff_max) {}

duration job_runner_core::grace() const {
  return cfg_.spec.stop_grace > duration::zero() ? cfg_.spec.stop_grace : cfg_.stop_grace;
}

// -- events -------------------------------------------------------------------

job_runner_core::effects job_runner_core::on_start(step s) {
  effects out;
  pool_due_ = s.now;
  check_pool(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_adopted(const std::vector<run_id>& ids,
                                                     const std::vector<std::vector<work_item>>& items, step s) {
  effects out;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto& r = runs_[ids[i]];
    r.items = items[i];
    r.started = s.now;
    for (const auto& w : items[i]) {
      auto& it = items_[w.id];
      it.run = ids[i];
      it.token = w.token;
      it.fresh = false;
    }
    // Nobody has granted these items to us yet; whether they are still ours is for the worker to say.
    next_run_ = std::max(next_run_, (ids[i] & 0xffffffffffu) + 1);
  }
  return out;
}

job_runner_core::effects job_runner_core::on_granted(const std::vector<work_item>& items, step s) {
  effects out;
  if (items.empty()) {
    return out;
  }
  if (!eligible_) {
    eligible_ = s.now;
    origin_ = s.now + cfg_.spec.schedule.initial_delay;
  }
  for (const auto& w : items) {
    auto& it = items_[w.id];
    it.granted = true;
    it.fresh = true;
    it.since = s.now;
    it.since_wall = since_epoch(s.wall_ms);
    it.token = w.token; // a run of an earlier turn keeps the token it was started with
    begin_wait(w.id, it, s);
  }
  out.push_back(emit_effect{items_granted{cfg_.spec.id, items}});
  if (cfg_.spec.on_new_items == new_items_policy::restart) {
    restart_runs(s, out);
    for (auto& l : lanes_) {
      l.again = l.again || lane_busy(l);
    }
  }
  recut(s, out);
  if (cut_request_ == 0) {
    triggered_ahead_ = false;
  }
  if (cfg_.spec.on_new_items == new_items_policy::own_run) {
    for (auto& l : lanes_) {
      l.again = l.again || has_fresh(l);
    }
  }
  start_due(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_revoked(const std::vector<item_id>& items, stop_reason reason, step s) {
  effects out;
  std::vector<item_id> free;
  std::vector<item_id> idle;
  std::vector<item_id> lost;
  std::vector<item_id> fed;
  std::map<run_id, std::vector<item_id>> busy;
  for (const auto& id : items) {
    auto i = items_.find(id);
    if (i == items_.end()) {
      free.push_back(id);
      continue;
    }
    if (i->second.granted) {
      lost.push_back(id);
    }
    i->second.granted = false;
    if (i->second.run == 0) {
      idle.push_back(id);
      forget(i, fed);
      free.push_back(id);
    } else {
      busy[i->second.run].push_back(id);
    }
  }
  if (!lost.empty()) {
    out.push_back(emit_effect{items_revoked{cfg_.spec.id, std::move(lost), reason}});
  }
  for (auto& [id, revoked] : busy) {
    revoke_from(id, runs_[id], reason, std::move(revoked), s, out);
  }
  tell_fed(std::move(fed), out);
  if (!idle.empty()) {
    out.push_back(emit_effect{items_released{cfg_.spec.id, std::move(idle)}});
  }
  if (!free.empty()) {
    out.push_back(released{std::move(free)});
  }
  recut(s, out);
  start_due(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_worker_rebuilt(step s) {
  std::vector<item_id> all;
  for (const auto& [id, it] : items_) {
    all.push_back(id);
  }
  return on_revoked(all, stop_reason::revoked, s);
}

job_runner_core::effects job_runner_core::on_lease(time_point run_until, time_point deadline, step s) {
  effects out;
  const bool was_in_force = leased_ && s.now < run_until_;
  run_until_ = std::min(run_until, deadline - grace()); // a job may ask for more grace than its node
  deadline_ = deadline;
  if (!was_in_force) {
    wait_anew(s, out); // nothing could start
  }
  leased_ = true;
  check_runs(s, out);
  start_due(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_trigger(step s) {
  effects out;
  ++counters_.triggers;
  for (auto& l : lanes_) {
    l.triggered = true;
  }
  // A share that is being cut anew may have no lanes yet; those that come are meant as well. So are the first items.
  triggered_ahead_ = triggered_ahead_ || cut_request_ != 0 || !eligible_;
  start_due(s, out);
  return out;
}

std::uint64_t job_runner_core::runs_to_come() const {
  if (stopping_) {
    return 0;
  }
  return lanes_.empty() && cut_request_ != 0 ? 1 : lanes_.size();
}

expected<job_runner_core::effects> job_runner_core::on_schedule(const schedule& next, step s) {
  if (auto ok = validate(next); !ok) {
    return fail(ok.error().code, "job \"" + cfg_.spec.id + "\": " + ok.error().text);
  }
  effects out;
  if (next == cfg_.spec.schedule) {
    return out; // whoever sets it again and again, to be sure, must neither run the job nor keep it from running
  }
  cfg_.spec.schedule = next;
  if (eligible_) {
    origin_ = last_start_ ? *last_start_ + next.period : *eligible_ + next.initial_delay;
  }
  for (auto& l : lanes_) {
    set_due_from_now_on(l, s);
  }
  wait_anew(s, out);
  start_due(s, out);
  return out;
}

job_runner_core::effects job_runner_core::on_stop(stop_reason reason, step s) {
  effects out;
  stopping_ = true;
  pool_due_.reset();
  waiting_.clear();
  for (auto& [id, r] : runs_) {
    ask_stop(id, r, reason, {}, s, out);
  }
  return out;
}

job_runner_core::effects job_runner_core::on_wake(step s) {
  effects out;
  check_runs(s, out);
  check_pool(s, out);
  if (restart_wanted_) {
    restart_runs(s, out);
  }
  check_cut(s, out);
  if (cut_again_at_ && s.now >= *cut_again_at_ && !stopping_) {
    recut(s, out);
  }
  start_due(s, out);
  check_waiting(s, out);
  return out;
}

std::optional<time_point> job_runner_core::wake_at() const {
  std::optional<time_point> at = earliest(pool_due_, pool_hangs_at_);
  if (!stopping_) {
    at = earliest(earliest(at, cut_again_at_), cut_hangs_at_);
  }
  for (const auto& [id, r] : runs_) {
    at = earliest(at, r.press_at);
    if (restart_wanted_ && !r.stopping) {
      at = earliest(at, r.started + r.hold);
    }
    if ((r.stopping || r.pressed) && !r.overrun_reported) {
      at = earliest(at, r.grace_ends);
    }
    if (leased_ && !r.stopping) {
      at = earliest(at, run_until_);
    }
    if (leased_ && !r.deadline_reported) {
      at = earliest(at, deadline_);
    }
  }
  if (!waiting_.empty() && leased_ && !lease_over_ && !stopping_) {
    at = earliest(at, waiting_.begin()->first);
  }
  const bool full = cfg_.spec.max_concurrent_runs > 0 && runs_.size() >= cfg_.spec.max_concurrent_runs;
  if (!stopping_ && leased_ && !lease_over_ && !full) {
    for (const auto& l : lanes_) {
      // A lane that is all busy is looked at again when its run is done, one without a lease when the lease is renewed.
      if (l.due && lane_free(l) && *l.due < run_until_) {
        at = earliest(at, l.due);
      }
    }
  }
  return at;
}

runner_status job_runner_core::status(time_point now) const {
  runner_status st;
  st.job = cfg_.spec.id;
  st.schedule = cfg_.spec.schedule;
  for (const auto& [id, it] : items_) {
    if (it.starved) {
      st.starved.push_back(id);
    }
    if (it.granted) {
      st.items.push_back({id, it.token});
    } else {
      st.leaving.push_back(id);
    }
  }
  st.lanes = static_cast<std::uint32_t>(lanes_.size());
  st.active_runs = static_cast<std::uint32_t>(runs_.size());
  std::optional<time_point> next;
  for (const auto& l : lanes_) {
    next = earliest(next, l.due);
  }
  for (const auto& l : lanes_) {
    if (!lane_busy(l)) {
      continue;
    }
    for (const auto& id : l.items) {
      if (const auto& it = items_.at(id); it.starves_at) {
        const auto left = std::max(duration::zero(), duration{*it.starves_at - now});
        st.starves_in = std::min(left, st.starves_in.value_or(left));
      }
    }
  }
  if (next) {
    st.next_start = std::max(duration::zero(), duration{*next - now});
  }
  st.leased = leased_ && now < run_until_;
  if (failing_items_ > 0 || cut_failed_) {
    st.last_failure = last_failure_;
    st.last_failure_ago = now - failed_at_;
  }
  st.failures_in_a_row = failures_in_a_row_;
  st.pool_failure = pool_failure_;
  st.counters = counters_;
  return st;
}

} // namespace djm
