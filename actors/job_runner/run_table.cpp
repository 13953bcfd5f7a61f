#include "actors/job_runner/run_table.hpp"

#include <algorithm>

namespace djm {

void run_table::add(run_id id, active_run r) {
  ++looks_;
  for (const auto no : r.items) {
    if (items_[no].granted) {
      ++r.kept;
    } else {
      ++r.owed;
      r.owes.push_back(no);
    }
  }
  ++going_on_;
  ++in_time_;
  if (cfg_.spec.on_new_items == new_items_policy::restart) {
    holds_.insert({r.started + r.hold, id});
  }
  if (const auto most = patience()) {
    r.look_at = r.started + *most;
  }
  auto& added = runs_.emplace(id, std::move(r)).first->second;
  if (added.look_at) {
    set_alarm(id, added);
  }
}

std::optional<duration> run_table::patience() const {
  const auto& f = cfg_.spec.failures;
  std::optional<duration> most;
  for (const duration d : {duration{f.run_timeout}, duration{f.beat_timeout}}) {
    if (d > duration::zero()) {
      most = std::min(d, most.value_or(d));
    }
  }
  return most;
}

active_run* run_table::find(run_id id) {
  ++looks_;
  const auto i = runs_.find(id);
  return i == runs_.end() ? nullptr : &i->second;
}

active_run run_table::take(run_id id) {
  auto r = std::move(*find(id));
  runs_.erase(id);
  if (r.alarm) {
    alarms_.erase({*r.alarm, id});
  }
  if (!r.stopping) {
    --going_on_;
    holds_.erase({r.started + r.hold, id});
  }
  in_time_ -= r.deadline_reported ? 0 : 1;
  return r;
}

void run_table::regained(item_no no) {
  auto& r = *find(items_[no].run);
  ++r.kept;
  --r.owed;
}

void run_table::lost(item_no no) {
  auto& r = *find(items_[no].run);
  if (r.owes.size() > 2 * std::size_t{r.owed} + 16) {
    compact(items_[no].run, r);
  }
  --r.kept;
  ++r.owed;
  r.owes.push_back(no);
}

/// Leaves those of which `owes` is true, once each: what is revoked and granted again and again, while others are owed,
/// must not make it longer and longer.
void run_table::compact(run_id id, active_run& r) const {
  looks_ += r.owes.size();
  auto& all = r.owes;
  all.erase(std::remove_if(all.begin(), all.end(), [&](item_no no) { return !owes(id, no); }), all.end());
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

void run_table::let_go(active_run& r, const held_item& it) {
  --(it.granted ? r.kept : r.owed);
}

void run_table::check_debts(run_id id, active_run& r) {
  if (r.owed > 0) {
    return;
  }
  r.owes.clear();
  r.press_at.reset();
  if (std::exchange(r.pressed, false) && !r.stopping) {
    r.overrun_reported = r.deadline_reported;
  }
  set_alarm(id, r);
}

/// The moment at which the run is looked at, whatever else happens.
void run_table::set_alarm(run_id id, active_run& r) {
  auto at = earliest(r.press_at, r.look_at);
  if ((r.stopping || r.pressed) && !r.overrun_reported) {
    at = earliest(at, r.grace_ends);
  }
  if (at == r.alarm) {
    return;
  }
  ++looks_;
  if (r.alarm) {
    alarms_.erase({*r.alarm, id});
  }
  r.alarm = at;
  if (at) {
    alarms_.insert({*at, id});
  }
}

std::vector<run_id> run_table::all_ids() const {
  std::vector<run_id> ids;
  ids.reserve(runs_.size());
  for (const auto& [id, r] : runs_) {
    ++looks_;
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// Those that say of themselves that they are in it.
std::vector<item_id> run_table::held_by(run_id id, const active_run& r) const {
  std::vector<item_id> names;
  names.reserve(r.kept + r.owed);
  for (const auto no : r.items) {
    if (items_[no].run == id) {
      names.push_back(*items_[no].name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// Each item is in one run at most, so that this tells no more than the list of the items does.
void run_table::show(runner_status& st, time_point now) const {
  constexpr std::size_t most = 100;
  for (const auto id : all_ids()) {
    if (st.runs.size() == most) {
      return;
    }
    const auto& r = runs_.at(id);
    st.runs.push_back(
      {id, r.kept + r.owed, r.purpose.slot, r.purpose.attempt, now - r.started, r.why, {}, held_by(id, r)});
  }
}

std::optional<time_point> run_table::wake_at() const {
  std::optional<time_point> at;
  if (!alarms_.empty()) {
    at = alarms_.begin()->first;
  }
  if (restart_wanted_ && !holds_.empty()) {
    at = earliest(at, holds_.begin()->first);
  }
  if (lease_.leased() && going_on_ > 0) {
    at = earliest(at, lease_.run_until());
  }
  if (lease_.leased() && in_time_ > 0) {
    at = earliest(at, lease_.deadline());
  }
  return at;
}

} // namespace djm
