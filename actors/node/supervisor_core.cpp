#include "actors/node/supervisor_core.hpp"

#include <algorithm>
#include <utility>

#include "djm/time.hpp"

namespace djm {

const char* supervisor_core::name_of(part x) {
  constexpr const char* names[] = {"store", "keeper", "election", "manager", "worker", "deployer"};
  return names[static_cast<std::size_t>(x)];
}

supervisor_core::supervisor_core(settings s) : cfg_(std::move(s)) {}

supervisor_core::effects supervisor_core::start() {
  effects out;
  for (auto p : parts()) {
    alive_.insert(p);
    out.push_back(start_part{p, false});
  }
  out.push_back(introduce_all{});
  out.push_back(open_session{});
  return out;
}

node_lifecycle supervisor_core::state() const {
  switch (phase_) {
  case life::starting: return node_lifecycle::starting;
  case life::running: return node_lifecycle::running;
  case life::stopped: return node_lifecycle::stopped;
  default: return node_lifecycle::stopping;
  }
}

// -- jobs -----------------------------------------------------------------------

supervisor_core::effects supervisor_core::add_job(const job_id& job) {
  effects out;
  jobs_.emplace(job, job_life{});
  out.push_back(offer{job}); // the keeper must know the job before the runner sends it the pool
  run(job, out);
  return out;
}

void supervisor_core::run(const job_id& job, effects& out) {
  running_.insert(job);
  out.push_back(start_runner{job});
}

supervisor_core::effects supervisor_core::leave_job(const job_id& job, time_point now) {
  effects out;
  auto j = jobs_.find(job);
  if (j == jobs_.end()) {
    return out;
  }
  if (give_up_at_.emplace(job, now + patience()).second) {
    to_give_up_.emplace(now + patience(), job);
  }
  if (!std::exchange(j->second.leaving, true)) {
    out.push_back(withdraw{job});
    out.push_back(remove_job{job});
  }
  return out;
}

bool supervisor_core::is_leaving(const job_id& job) const {
  auto j = jobs_.find(job);
  return j != jobs_.end() && j->second.leaving;
}

supervisor_core::effects supervisor_core::on_job_free(const job_id& job) {
  effects out;
  if (auto j = jobs_.find(job); j != jobs_.end() && j->second.leaving && !std::exchange(j->second.free, true)) {
    runners_dead_.erase(job);
    out.push_back(let_go{job});
    if (running_.erase(job) > 0 && phase_ == life::ending) {
      end_when_alone(out); // nobody will tell of the end of a runner that was let go
    }
  }
  return out;
}

supervisor_core::effects supervisor_core::on_job_gone(const job_id& job) {
  effects out;
  if (jobs_.erase(job) > 0) {
    if (const auto late = give_up_at_.find(job); late != give_up_at_.end()) {
      to_give_up_.erase({late->second, job});
      give_up_at_.erase(late);
    }
    out.push_back(free_job{job});
    if (phase_ == life::ending) {
      end_when_alone(out);
    }
  }
  return out;
}

// -- what the parts say -----------------------------------------------------------

void supervisor_core::on_joined() {
  joined_ = true;
  if (phase_ == life::starting) {
    phase_ = life::running;
  }
}

void supervisor_core::on_unjoined() {
  joined_ = false;
}

void supervisor_core::on_settled(bool settled) {
  settled_ = settled;
}

void supervisor_core::on_session(store::session_phase phase) {
  connected_ = phase == store::session_phase::connected;
  if (phase == store::session_phase::expired || phase == store::session_phase::closed) {
    joined_ = false;
  }
}

// -- failures ---------------------------------------------------------------------

supervisor_core::effects supervisor_core::on_part_down(part which, const error& why, time_point now) {
  effects out;
  alive_.erase(which);
  if (which == part::store && phase_ != life::ending) {
    out.push_back(end_session{});
  }
  if (which == part::store && why.code == errc::store_went_back && !is_stopping()) {
    begin_new_life(why, out);
  } else if (phase_ == life::ending) {
    end_when_alone(out);
  } else if (!is_stopping()) {
    dead_.insert(which);
    if (which == part::keeper || which == part::store) {
      joined_ = false;
    }
    fail(name_of(which), why, now, out);
  } else {
    skip_step_of(which, now, out);
  }
  return out;
}

supervisor_core::effects supervisor_core::on_runner_down(const job_id& job, const error& why, time_point now) {
  effects out;
  running_.erase(job);
  if (phase_ == life::ending) {
    end_when_alone(out);
  } else if (jobs_.count(job) > 0) {
    runners_dead_.insert(job);
    fail("runner of job \"" + job + "\"", why, now, out);
  }
  return out;
}

void supervisor_core::fail(const std::string& what, const error& why, time_point now, effects& out) {
  recent_failures_.push_back(now);
  while (now - recent_failures_.front() > cfg_.failure_window) {
    recent_failures_.pop_front();
  }
  ++restarts_;
  out.push_back(report{what, {why.code, what + " failed and is rebuilt: " + why.text}});
  if (recent_failures_.size() > cfg_.max_failures) {
    verdict_ =
      error{errc::too_many_failures, what + " failed " + std::to_string(cfg_.max_failures + 1) + " times within " +
                                       format_duration(cfg_.failure_window) + "; last: " + why.text};
    begin_stop(true, now, out);
    return;
  }
  if (!rebuild_at_) {
    const auto delay = cfg_.backoff_min * (1u << std::min<std::size_t>(recent_failures_.size(), 6));
    rebuild_at_ = now + std::min<duration>(delay, cfg_.backoff_max);
  }
}

/// No failure: nothing of the node is broken, but what it knows is of a store that is gone.
void supervisor_core::begin_new_life(const error& why, effects& out) {
  out.push_back(report{"store", {why.code, why.text + "; this node goes on in a new life"}});
  out.push_back(forget_life{});
  joined_ = false;
  const auto all = parts();
  dead_ = {all.begin(), all.end()};
  rebuild(out);
}

void supervisor_core::rebuild(effects& out) {
  if (draining()) {
    replace_dead_runners(out);
    return;
  }
  if (is_stopping()) {
    return;
  }
  const auto parts = std::exchange(dead_, {});
  const auto runners = std::exchange(runners_dead_, {});
  for (auto p : parts) {
    alive_.insert(p);
    out.push_back(start_part{p, true});
  }
  // Whoever is new knows what it works for before those who make it work (the keeper: `joined`, a runner: `pool`) learn
  // that it is there.
  const bool new_worker = parts.count(part::worker) > 0;
  if (new_worker) {
    out.push_back(introduce_worker{});
  }
  for (const auto& [job, x] : jobs_) {
    if (x.free) {
      continue; // nobody but its own code has to do with it any more
    }
    if (parts.count(part::keeper) > 0 && !x.leaving) {
      out.push_back(offer{job});
    }
    if (runners.count(job) > 0) {
      run(job, out);
    } else if (new_worker) {
      out.push_back(adopt_runner{job});
    }
    if (new_worker && x.leaving) {
      out.push_back(remove_job{job});
    }
  }
  if (parts.empty()) {
    return;
  }
  out.push_back(introduce_all{});
  if (parts.count(part::store) > 0) {
    out.push_back(open_session{});
  }
}

/// While the node drains: somebody has to say when the runs that a dead runner left behind have ended.
void supervisor_core::replace_dead_runners(effects& out) {
  for (const auto& job : std::exchange(runners_dead_, {})) {
    run(job, out);
    out.push_back(stop_runs{job});
  }
}

// -- stopping ---------------------------------------------------------------------

supervisor_core::effects supervisor_core::stop(bool hurry, time_point now) {
  effects out;
  begin_stop(hurry, now, out);
  return out;
}

supervisor_core::effects supervisor_core::on_refused(const error& why, time_point now) {
  effects out;
  out.push_back(report{"keeper", why});
  verdict_ = why;
  begin_stop(true, now, out);
  return out;
}

void supervisor_core::begin_stop(bool hurry, time_point now, effects& out) {
  if (phase_ == life::ending || phase_ == life::stopped) {
    stage_until_ = earliest(stage_until_, now + cfg_.code_patience);
    return;
  }
  if (!is_stopping()) {
    phase_ = life::draining;
    out.push_back(refuse_wishes{});
    for (const auto& [job, x] : jobs_) {
      if (!x.free) {
        out.push_back(stop_runs{job});
      }
    }
    replace_dead_runners(out);
    out.push_back(drain_worker{});
    stage_until_ = now + cfg_.stop_timeout;
    code_until_ = now + cfg_.stop_timeout;
    look_at_ = now + cfg_.operation_deadline;
    hurry = hurry || cfg_.stop_timeout <= duration::zero();
    for (auto dead : dead_) {
      skip_step_of(dead, now, out);
    }
  } else {
    hurry = true; // the second request
  }
  if (hurry && !hurried_) {
    hurried_ = true;
    out.push_back(hurry_worker{});
    // Even a store that answers nothing must not keep the node.
    const auto until = now + (phase_ == life::ending ? cfg_.code_patience : cfg_.operation_deadline);
    stage_until_ = draining() ? until : earliest(stage_until_, until);
  }
}

/// A part that is dead answers no step of the shutdown.
void supervisor_core::skip_step_of(part dead, time_point now, effects& out) {
  if (dead == part::store) {
    phase_ = life::closing; // no session is left to leave with
    proceed(now, out);
  } else if ((dead == part::worker && phase_ == life::draining) || (dead == part::keeper && phase_ == life::leaving)) {
    proceed(now, out);
  }
}

void supervisor_core::proceed(time_point now, effects& out) {
  switch (phase_) {
  case life::draining:
    phase_ = life::leaving;
    out.push_back(leave{});
    // The store may have stopped answering: leaving is given as long as an operation, then the session just ends.
    stage_until_ = now + cfg_.operation_deadline;
    break;
  case life::leaving:
    phase_ = life::closing;
    out.push_back(close_session{});
    stage_until_ = now + cfg_.operation_deadline * 2;
    break;
  case life::closing:
    phase_ = life::ending;
    // What code is left belongs to no run: a pool function, the destructor of a job, or what nobody waits for.
    stage_until_ = now + cfg_.code_patience;
    if (!hurried_) {
      stage_until_ = std::max(*stage_until_, code_until_);
    }
    out.push_back(end_parts{});
    end_when_alone(out);
    break;
  default: break;
  }
}

void supervisor_core::end_when_alone(effects& out) {
  const bool waits_for_code = !jobs_.empty() && stage_until_;
  if (alive_.empty() && running_.empty() && !waits_for_code && !std::exchange(closing_environment_, true)) {
    out.push_back(close_environment{});
  }
}

supervisor_core::effects supervisor_core::on_drained(time_point now) {
  effects out;
  if (phase_ == life::draining) {
    proceed(now, out);
  }
  return out;
}

supervisor_core::effects supervisor_core::on_left(time_point now) {
  effects out;
  if (phase_ == life::leaving) {
    proceed(now, out);
  }
  return out;
}

supervisor_core::effects supervisor_core::on_store_closed(time_point now) {
  effects out;
  if (phase_ == life::closing) {
    proceed(now, out);
  }
  return out;
}

supervisor_core::effects supervisor_core::on_environment_closed() {
  phase_ = life::stopped;
  return {finish{}};
}

// -- time -------------------------------------------------------------------------

supervisor_core::effects supervisor_core::on_wake(bool user_code_runs, time_point now) {
  effects out;
  const auto due = [now](std::optional<time_point>& at) {
    const bool yes = at && *at <= now;
    if (yes) {
      at.reset();
    }
    return yes;
  };
  if (due(rebuild_at_)) {
    rebuild(out);
  }
  if (due(look_at_)) {
    look_for_store(user_code_runs, now, out);
  }
  while (!to_give_up_.empty() && to_give_up_.begin()->first <= now) {
    const auto late = to_give_up_.extract(to_give_up_.begin()).value().second;
    give_up_at_.erase(late);
    out.push_back(give_up_job{late});
  }
  if (due(stage_until_)) {
    if (phase_ == life::ending) {
      end_when_alone(out);
    } else if (draining() && !hurried_) {
      begin_stop(true, now, out);
    } else {
      proceed(now, out);
    }
  }
  return out;
}

/// Two looks in a row without a connection and without a run: left to wait for is a store that may not come back. The
/// leader breaks the locks.
void supervisor_core::look_for_store(bool user_code_runs, time_point now, effects& out) {
  if (!draining() || hurried_) {
    return;
  }
  if (!connected_ && was_away_ && !user_code_runs) {
    begin_stop(true, now, out);
    return;
  }
  was_away_ = !connected_;
  look_at_ = now + cfg_.operation_deadline;
}

std::optional<time_point> supervisor_core::wake_at() const {
  if (phase_ == life::stopped || closing_environment_) {
    return std::nullopt;
  }
  if (phase_ == life::ending) {
    return stage_until_;
  }
  const auto at = earliest(rebuild_at_, earliest(look_at_, stage_until_));
  return to_give_up_.empty() ? at : earliest(at, to_give_up_.begin()->first);
}

} // namespace djm
