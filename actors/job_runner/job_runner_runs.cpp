#include <algorithm>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"

/// What becomes of runs under way: requests to stop, releases, ends.
namespace djm {

namespace {

template <class Set>
bool intersects(const std::set<item_id>& a, const Set& b) {
  return std::any_of(a.begin(), a.end(), [&](const item_id& x) { return b.count(x) > 0; });
}

} // namespace

// -- ends -----------------------------------------------------------------------

job_runner_core::effects job_runner_core::on_run_done(run_id id, const run_end& end, step s) {
  effects out;
  auto i = runs_.find(id);
  if (i == runs_.end()) {
    return out;
  }
  note_lease_end(s, out); // the executor stops runs by itself, and they may be over before we see that it is time
  auto r = std::move(i->second);
  runs_.erase(i);
  if (!end.dropped) {
    note_failures(r, end.failed, end.items, s);
  }
  if (end.failed) {
    ++counters_.failed;
    last_failure_ = end.failure;
    out.push_back(emit_effect{run_failed{cfg_.spec.id, id, end.took, end.failure, end.waited, end.items}});
  } else {
    ++(end.dropped ? counters_.dropped : counters_.finished);
    out.push_back(emit_effect{run_finished{cfg_.spec.id, id, end.took, end.waited}});
  }
  std::set<item_id> done;
  std::vector<item_id> free;
  std::vector<item_id> fed;
  for (const auto& w : r.items) {
    auto it = items_.find(w.id);
    if (it == items_.end() || it->second.run != id) {
      continue;
    }
    it->second.run = 0;
    done.insert(w.id);
    if (!it->second.granted) {
      forget(it, fed);
      free.push_back(w.id);
    } else {
      begin_wait(w.id, it->second, s);
    }
  }
  note_end(r, end.failed && end.items.empty(), done, s);
  tell_fed(std::move(fed), out);
  give_back(std::move(free), out);
  start_due(s, out);
  return out;
}

void job_runner_core::give_back(std::vector<item_id> items, effects& out) const {
  if (!items.empty()) {
    out.push_back(emit_effect{items_released{cfg_.spec.id, items}});
    out.push_back(released{std::move(items)});
  }
}

void job_runner_core::note_failures(const run& r, bool failed, const std::vector<item_id>& named, step s) {
  const std::set<item_id> names(named.begin(), named.end());
  for (const auto& w : r.items) {
    if (auto it = items_.find(w.id); it != items_.end()) {
      const bool bad = failed && (names.empty() || names.count(w.id) > 0);
      failing_items_ += bad && !it->second.failed ? 1 : 0;
      failing_items_ -= !bad && it->second.failed ? 1 : 0;
      it->second.failed = bad;
    }
  }
  failures_in_a_row_ = failed ? failures_in_a_row_ + 1 : 0;
  if (failed) {
    failed_at_ = s.now;
  }
}

void job_runner_core::note_end(const run& r, bool broken, const std::set<item_id>& done, step s) {
  for (auto& l : lanes_) {
    // A lane without a moment of its own waited for this run although all it shared with it was taken away.
    const bool waited = !l.due && !lane_busy(l);
    if (!waited && !intersects(l.items, done)) {
      continue;
    }
    // Nobody knows how far a run came that threw or was interrupted: the next one begins with another item.
    l.turn = broken || r.stopping || r.pressed ? l.turn + 1 : 0;
    if (!r.extra) {
      l.last_end = s.now;
    }
    if (cfg_.spec.schedule.kind == schedule_kind::fixed_delay && (!r.extra || !l.due)) {
      l.due = s.now + cfg_.spec.schedule.period;
      l.beat.reset();
    }
  }
}

job_runner_core::effects job_runner_core::on_run_released(run_id id, const std::vector<item_id>& items, step s) {
  effects out;
  auto i = runs_.find(id);
  if (i == runs_.end()) {
    return out;
  }
  auto& r = i->second;
  const std::set<item_id> gone(items.begin(), items.end());
  std::vector<item_id> free;
  std::vector<item_id> fed;
  for (const auto& name : gone) {
    auto it = items_.find(name);
    if (it == items_.end() || it->second.run != id) {
      continue;
    }
    it->second.run = 0;
    if (!it->second.granted) {
      forget(it, fed);
      free.push_back(name);
    } else {
      begin_wait(name, it->second, s);
    }
  }
  r.items.erase(
    std::remove_if(r.items.begin(), r.items.end(), [&](const work_item& w) { return gone.count(w.id) > 0; }),
    r.items.end());
  const bool owes = std::any_of(r.items.begin(), r.items.end(), [&](const work_item& w) {
    auto it = items_.find(w.id);
    return it != items_.end() && it->second.run == id && !it->second.granted;
  });
  if (!owes) {
    r.press_at.reset();
    if (std::exchange(r.pressed, false) && !r.stopping) {
      r.overrun_reported = r.deadline_reported;
    }
  }
  tell_fed(std::move(fed), out);
  give_back(std::move(free), out);
  start_due(s, out);
  return out;
}

// -- requests to stop -----------------------------------------------------------

bool job_runner_core::keeps_items(run_id id, const run& r) const {
  return std::any_of(r.items.begin(), r.items.end(), [&](const work_item& w) {
    auto it = items_.find(w.id);
    return it != items_.end() && it->second.run == id && it->second.granted;
  });
}

/// What is merely planned to go elsewhere leaves the run in peace for as long as it would have to stop anyway: it may
/// end by itself, or release what it loses. Everything else is urgent.
void job_runner_core::revoke_from(run_id id, run& r, stop_reason reason, std::vector<item_id> gone, step s,
                                  effects& out) {
  if (reason != stop_reason::revoked || r.stopping || !keeps_items(id, r)) {
    ask_stop(id, r, reason, std::move(gone), s, out);
    return;
  }
  if (r.pressed) {
    out.push_back(stop_run{id, reason, std::move(gone)});
    return;
  }
  out.push_back(tell_run{id, std::move(gone)});
  if (!r.press_at) {
    r.press_at = s.now + std::min(grace(), cfg_.stop_grace);
  }
}

void job_runner_core::press(run_id id, run& r, step s, effects& out) {
  std::vector<item_id> owed;
  for (const auto& w : r.items) {
    if (auto it = items_.find(w.id); it != items_.end() && it->second.run == id && !it->second.granted) {
      owed.push_back(w.id);
    }
  }
  r.press_at.reset();
  r.pressed = true;
  r.grace_ends = s.now + grace();
  std::sort(owed.begin(), owed.end());
  out.push_back(stop_run{id, stop_reason::revoked, std::move(owed)});
}

/// A pool that keeps growing must not keep every run from its end: each run that new items begin is left alone for
/// twice as long as the one before, until one gets to its end or nothing new has come for a while.
void job_runner_core::restart_runs(step s, effects& out) {
  constexpr duration least = std::chrono::seconds{1};
  restart_wanted_ = false;
  for (auto& [id, r] : runs_) {
    const auto age = s.now - r.started;
    if (r.stopping) {
      continue;
    }
    if (age < r.hold) {
      restart_wanted_ = true;
      continue;
    }
    hold_ = std::max(least, age > 4 * r.hold ? least : 2 * r.hold);
    ask_stop(id, r, stop_reason::new_items, {}, s, out);
  }
}

void job_runner_core::ask_stop(run_id id, run& r, stop_reason reason, std::vector<item_id> revoked, step s,
                               effects& out) {
  if (!r.stopping) {
    r.stopping = true;
    r.press_at.reset();
    r.grace_ends = r.pressed ? std::min(r.grace_ends, s.now + grace()) : s.now + grace();
  } else if (revoked.empty()) {
    return;
  }
  out.push_back(stop_run{id, reason, std::move(revoked)});
}

/// Told once for each lease that ends while anything runs.
void job_runner_core::note_lease_end(step s, effects& out) {
  if (!leased_ || s.now < run_until_) {
    lease_end_told_ = false;
  } else if (!lease_end_told_ && !runs_.empty()) {
    lease_end_told_ = true;
    std::vector<run_id> runs;
    for (const auto& [id, r] : runs_) {
      runs.push_back(id);
    }
    out.push_back(emit_effect{lease_ended{cfg_.spec.id, std::move(runs)}});
  }
}

void job_runner_core::check_runs(step s, effects& out) {
  note_lease_end(s, out);
  for (auto& [id, r] : runs_) {
    if (leased_ && s.now >= run_until_) {
      ask_stop(id, r, stop_reason::lease_expiring, {}, s, out);
    }
    if (r.press_at && s.now >= *r.press_at) {
      press(id, r, s, out);
    }
    const bool past = leased_ && s.now >= deadline_;
    if (past && !r.deadline_reported) {
      r.deadline_reported = true;
      r.overrun_reported = true;
      ++counters_.overruns;
      out.push_back(emit_effect{run_overrun{cfg_.spec.id, id, true}});
    } else if ((r.stopping || r.pressed) && !r.overrun_reported && s.now >= r.grace_ends) {
      r.overrun_reported = true;
      ++counters_.overruns;
      out.push_back(emit_effect{run_overrun{cfg_.spec.id, id, false}});
    }
  }
}

// -- items that wait ------------------------------------------------------------

bool job_runner_core::may_starve() const {
  return cfg_.spec.schedule.kind != schedule_kind::on_trigger && !stopping_;
}

void job_runner_core::begin_wait(const item_id& id, item& it, step s) {
  if (!it.granted || it.run != 0 || it.starved || it.starves_at || !may_starve()) {
    return;
  }
  const auto& x = cfg_.spec.schedule;
  const auto most = it.fresh && !x.lasting() ? std::max(x.period, x.initial_delay) : x.period;
  it.starves_at = s.now + most + grace();
  waiting_.insert({*it.starves_at, id});
}

void job_runner_core::end_wait(const item_id& id, item& it, std::vector<item_id>& fed) {
  if (it.starves_at) {
    waiting_.erase({*it.starves_at, id});
    it.starves_at.reset();
  }
  if (std::exchange(it.starved, false)) {
    fed.push_back(id);
  }
}

/// The time that is too long counts anew: nothing could start, or the schedule is another one.
void job_runner_core::wait_anew(step s, effects& out) {
  std::vector<item_id> fed;
  for (auto& [id, it] : items_) {
    if (it.starved && may_starve()) {
      continue;
    }
    end_wait(id, it, fed);
    begin_wait(id, it, s);
  }
  tell_fed(std::move(fed), out);
}

void job_runner_core::check_waiting(step s, effects& out) {
  if (waiting_.empty() || waiting_.begin()->first > s.now || !leased_ || lease_over_ || stopping_) {
    return;
  }
  // Looks at all items; but only when one has waited for too long, for all that have by then.
  std::map<item_id, const lane*> lane_of;
  for (const auto& l : lanes_) {
    for (const auto& id : l.items) {
      lane_of.emplace(id, &l);
    }
  }
  std::vector<item_id> starved;
  while (!waiting_.empty() && waiting_.begin()->first <= s.now) {
    const auto id = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    auto& it = items_.at(id);
    it.starves_at.reset();
    const auto l = lane_of.find(id);
    if (l == lane_of.end() && cut_request_ == 0) {
      continue; // left out by the job itself
    }
    if (l != lane_of.end() && l->second->due && *l->second->due > s.now && !lane_busy(*l->second)) {
      it.starves_at = *l->second->due + grace(); // its turn has a time
      waiting_.insert({*it.starves_at, id});
      continue;
    }
    it.starved = true;
    starved.push_back(id);
  }
  if (!starved.empty()) {
    std::sort(starved.begin(), starved.end());
    counters_.starved += starved.size();
    out.push_back(emit_effect{item_starved{cfg_.spec.id, std::move(starved), false}});
  }
}

void job_runner_core::tell_fed(std::vector<item_id> fed, effects& out) const {
  if (!fed.empty()) {
    std::sort(fed.begin(), fed.end());
    out.push_back(emit_effect{item_starved{cfg_.spec.id, std::move(fed), true}});
  }
}

void job_runner_core::forget(std::map<item_id, item>::iterator i, std::vector<item_id>& fed) {
  end_wait(i->first, i->second, fed);
  failing_items_ -= i->second.failed ? 1 : 0;
  items_.erase(i);
}

} // namespace djm
