#include <algorithm>
#include <utility>

#include "actors/job_runner/run_table.hpp"

/// Requests to stop, and who does not obey them.
namespace djm {

/// What is merely planned to go elsewhere leaves the run in peace for as long as it would have to stop anyway: it may
/// end by itself, or release what it loses. Everything else is urgent.
void run_table::revoke_from(run_id id, stop_reason reason, std::vector<item_id> gone, step s,
                            runner_effects::all& out) {
  auto& r = *find(id);
  if (reason != stop_reason::revoked || r.stopping || r.kept == 0) {
    ask_stop(id, r, reason, std::move(gone), s, out);
    return;
  }
  if (r.pressed) {
    out.push_back(runner_effects::stop_run{id, reason, std::move(gone)});
    return;
  }
  out.push_back(runner_effects::tell_run{id, std::move(gone)});
  if (!r.press_at) {
    r.press_at = s.now + std::min(cfg_.grace(), cfg_.stop_grace);
    set_alarm(id, r);
  }
}

void run_table::press(run_id id, active_run& r, step s, runner_effects::all& out) {
  std::vector<item_id> owed;
  for (const auto no : r.owes) {
    if (owes(id, no)) {
      owed.push_back(*items_[no].name);
    }
  }
  r.press_at.reset();
  r.pressed = true;
  r.grace_ends = s.now + cfg_.grace();
  std::sort(owed.begin(), owed.end());
  owed.erase(std::unique(owed.begin(), owed.end()), owed.end()); // revoked, granted and revoked again
  out.push_back(runner_effects::stop_run{id, stop_reason::revoked, std::move(owed)});
}

/// A pool that keeps growing must not keep every run from its end: each run that new items begin is left alone for
/// twice as long as the one before, until one gets to its end or nothing new has come for a while.
void run_table::restart(step s, runner_effects::all& out) {
  constexpr duration least = std::chrono::seconds{1};
  std::vector<run_id> ids;
  for (auto i = holds_.begin(); i != holds_.end() && i->first <= s.now; ++i) {
    ids.push_back(i->second);
  }
  std::sort(ids.begin(), ids.end());
  for (const auto id : ids) {
    auto& r = *find(id);
    hold_ = std::max(least, s.now - r.started > 4 * r.hold ? least : 2 * r.hold);
    ask_stop(id, r, stop_reason::new_items, {}, s, out);
  }
  restart_wanted_ = !holds_.empty();
}

void run_table::stop_all(stop_reason reason, step s, runner_effects::all& out) {
  for (const auto id : all_ids()) {
    ask_stop(id, *find(id), reason, {}, s, out);
  }
}

void run_table::ask_stop(run_id id, active_run& r, stop_reason reason, std::vector<item_id> revoked, step s,
                         runner_effects::all& out) {
  if (!r.stopping) {
    r.stopping = true;
    r.why = reason;
    r.look_at.reset();
    r.press_at.reset();
    r.grace_ends = r.pressed ? std::min(r.grace_ends, s.now + cfg_.grace()) : s.now + cfg_.grace();
    --going_on_;
    holds_.erase({r.started + r.hold, id});
    set_alarm(id, r);
  } else if (revoked.empty()) {
    return;
  }
  out.push_back(runner_effects::stop_run{id, reason, std::move(revoked)});
}

bool run_table::stop_one(run_id id, stop_reason reason, step s, runner_effects::all& out) {
  auto* const r = find(id);
  if (r == nullptr) {
    return false;
  }
  ask_stop(id, *r, reason, {}, s, out);
  return true;
}

void run_table::stop_lane(lane_no lane, stop_reason reason, step s, runner_effects::all& out) {
  for (const auto id : all_ids()) {
    auto& r = *find(id);
    const bool in_lane = std::any_of(r.items.begin(), r.items.end(),
                                     [&](item_no no) { return items_[no].run == id && items_[no].lane == lane; });
    if (in_lane) {
      ask_stop(id, r, reason, {}, s, out);
    }
  }
}

/// A run that waits for a thread has its time still before it.
void run_table::looked(run_id id, bool started, time_point began, time_point beat, step s, runner_effects::all& out) {
  auto* const r = find(id);
  if (r == nullptr || r->stopping) {
    return;
  }
  const auto& rules = cfg_.spec.failures;
  std::optional<time_point> ends;
  std::optional<time_point> silent_at;
  if (!started) {
    ends = s.now + *patience();
  } else {
    ends = rules.run_timeout > duration::zero() ? std::optional{began + rules.run_timeout} : std::nullopt;
    silent_at = rules.beat_timeout > duration::zero() ? std::optional{beat + rules.beat_timeout} : std::nullopt;
  }
  r->look_at = earliest(ends, silent_at);
  if (started && *r->look_at <= s.now) {
    r->silent = !ends || *ends > s.now;
    ++timed_out_;
    out.push_back(emit_effect{run_timed_out{cfg_.spec.id, id, r->silent}});
    ask_stop(id, *r, stop_reason::timed_out, {}, s, out);
  }
  set_alarm(id, *r);
}

void run_table::note_lease_end(step s, runner_effects::all& out) {
  if (!lease_.has_ended(s.now)) {
    lease_end_told_ = false;
  } else if (!lease_end_told_ && !runs_.empty()) {
    lease_end_told_ = true;
    out.push_back(emit_effect{lease_ended{cfg_.spec.id, all_ids()}});
  }
}

void run_table::check(step s, runner_effects::all& out) {
  note_lease_end(s, out);
  std::vector<run_id> ids;
  if ((lease_.has_ended(s.now) && going_on_ > 0) || (lease_.is_past_deadline(s.now) && in_time_ > 0)) {
    ids = all_ids();
  } else {
    for (auto i = alarms_.begin(); i != alarms_.end() && i->first <= s.now; ++i) {
      ids.push_back(i->second);
    }
    std::sort(ids.begin(), ids.end());
  }
  for (const auto id : ids) {
    check_run(id, *find(id), s, out);
  }
}

void run_table::check_run(run_id id, active_run& r, step s, runner_effects::all& out) {
  if (lease_.has_ended(s.now)) {
    ask_stop(id, r, stop_reason::lease_expiring, {}, s, out);
  }
  if (r.press_at && s.now >= *r.press_at) {
    press(id, r, s, out);
  }
  if (r.look_at && s.now >= *r.look_at) {
    r.look_at.reset(); // the answer sets the next one
    out.push_back(runner_effects::look_at_run{id});
  }
  if (lease_.is_past_deadline(s.now) && !r.deadline_reported) {
    r.deadline_reported = true;
    --in_time_;
    report_overrun(id, r, true, out);
  } else if ((r.stopping || r.pressed) && !r.overrun_reported && s.now >= r.grace_ends) {
    report_overrun(id, r, false, out);
  }
  set_alarm(id, r);
}

void run_table::report_overrun(run_id id, active_run& r, bool past_deadline, runner_effects::all& out) {
  r.overrun_reported = true;
  ++overruns_;
  out.push_back(emit_effect{run_overrun{cfg_.spec.id, id, past_deadline}});
}

} // namespace djm
