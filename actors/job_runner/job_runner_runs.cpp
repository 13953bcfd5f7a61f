#include <algorithm>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"

/// Runs begin and end.
namespace djm {

// -- starts -------------------------------------------------------------------

void job_runner_core::start_due(step s, effects& out) {
  lease_.look(s.now);
  if (memory_.take_clock_set() && memory_.on()) {
    ask_memory(s, out, true);
  }
  start_preparation(s, out);
  turns_.look_at_trial();
  rhythm_.follow(lanes_, s, out);
  for (const auto no : rhythm_.take_superseded()) {
    runs_.stop_lane(no, stop_reason::superseded, s, out);
  }
  // Where a cap leaves too few places, the lane that has waited longest goes first. One that does not start ends the
  // turn, since the reason (no lease, no place, the job stops) holds for the others as well: each lane that is offered
  // has an item that may run, because `follow` has judged those whose moment has come, and `prepare` the others.
  while (const auto next = lanes_.next_to_start(s.now)) {
    if (!may_start(s)) {
      return;
    }
    if (prepare(*next, s, out)) {
      continue;
    }
    if (!start_lane(*next, s, out)) {
      return;
    }
    lanes_.settle();
  }
}

bool job_runner_core::may_start(step s) const {
  return !stopping_ && !turns_.paused() && lease_.in_force(s.now) && !full();
}

/// What waits for its claim has its place already.
bool job_runner_core::full() const {
  return cfg_.spec.max_concurrent_runs > 0 && runs_.size() + memory_.size() >= cfg_.spec.max_concurrent_runs;
}

/// True: the lane is not what it was, and perhaps not to start any more.
bool job_runner_core::prepare(lane_no no, step s, effects& out) {
  std::vector<item_no> parked;
  const bool waited = lanes_[no].retry_at.has_value();
  const auto again = *lanes_[no].retry;
  bool changed = turns_.check_retry(no, s, parked, out) || put_off(no, s);
  if (changed && waited && again.slot && memory_.on() && lanes_[no].due && *lanes_[no].due <= s.now &&
      again.attempt == again.spared + 1) {
    rhythm_.tell_superseded(lanes_[no], *again.slot, out); // no run of it has come to its end
  }
  leave_lanes(parked, out);
  decline_failed(s, out);
  if (!changed) {
    changed = turns_.set_aside(no) || rhythm_.choose_slot(lanes_, no, s, out);
  }
  if (changed) {
    lanes_.settle();
    rhythm_.follow(lanes_, s, out); // what is due now has to be judged
  }
  return changed;
}

/// Another attempt of a slot that has not come any more by the store's clock waits for it, as the first one does. That
/// clock may be set right meanwhile: it is looked at each minute.
bool job_runner_core::put_off(lane_no no, step s) {
  constexpr std::chrono::minutes look_again{1};
  const auto& l = lanes_[no];
  const bool asked = l.triggered || l.again || (l.due && *l.due <= s.now);
  if (asked || !memory_.on() || !l.retry_at || *l.retry_at > s.now || !l.retry->slot ||
      memory_.has_come(*l.retry->slot, s)) {
    return false;
  }
  lanes_.edit(no).retry_at = s.now + std::min<duration>(memory_.until_come(*l.retry->slot, s), look_again);
  return true;
}

/// Sorted, unless a run before did not get through: then it begins one item further each time, and what is known to
/// fail comes last. A run that is asked to stop whenever the share changes, or that throws at one item, must not keep
/// those behind from their turn for ever.
std::vector<item_no> job_runner_core::items_to_start(const lane& l, bool due, bool retry, step s) const {
  std::vector<item_no> found;
  // Beside a run that goes on: what has been in none yet, and what is due again.
  for (const auto no : lanes_.idle_items(l, l.busy > 0 && !due && !retry)) {
    const auto& it = items_[no];
    if (it.granted && it.run == 0 && (retry ? it.retrying : rhythm_.takes_part(l, it, s))) {
      found.push_back(no);
    }
  }
  if (found.size() > 1) {
    std::sort(found.begin(), found.end(), [this](item_no a, item_no b) { return items_[a].rank < items_[b].rank; });
    const auto first = static_cast<std::ptrdiff_t>(l.turn % found.size());
    std::rotate(found.begin(), found.begin() + first, found.end());
    std::stable_partition(found.begin(), found.end(), [this](item_no no) { return !items_[no].failed; });
  }
  return found;
}

bool job_runner_core::start_lane(lane_no no, step s, effects& out) {
  if (stopping_ || held_ || preparation_.holds_back() || !lease_.in_force(s.now)) {
    return false;
  }
  const bool busy = lanes_[no].busy > 0;
  const bool due = lanes_[no].due && *lanes_[no].due <= s.now;
  const bool asked = lanes_[no].triggered || lanes_[no].again;
  const bool retry = !due && !asked && lanes_[no].retry_at && *lanes_[no].retry_at <= s.now;
  active_run r;
  r.items = items_to_start(lanes_[no], due, retry, s);
  if (r.items.empty()) {
    return false;
  }
  const auto id = (cfg_.run_base << 40) | ++last_run_;
  std::vector<item_id> fed;
  std::vector<work_item> handed;
  handed.reserve(r.items.size());
  for (const auto item : r.items) {
    waiting_.leave(item, fed);
    lanes_.change(item, [&](held_item& it) {
      it.run = id;
      it.fresh = false;
    });
    handed.push_back(items_.handed_out(item));
    turns_.begin_trial(item);
  }
  auto& l = lanes_.edit(no);
  r.started = s.now;
  r.token = handed.front().token;
  r.late = due ? s.now - *lanes_[no].due : duration::zero();
  r.started_ms = s.wall_ms;
  r.extra = l.triggered && !l.again && !due;
  if (retry) {
    r.purpose = turns_.begin_retry(l);
  } else if (due) {
    r.purpose = rhythm_.purpose(l);
  }
  r.purpose.generation = preparation_.generation();
  if (!r.extra && (!retry || cfg_.spec.schedule.kind == schedule_kind::fixed_delay)) {
    rhythm_.advance(l, s);
  }
  if (l.again && cfg_.spec.on_new_items == new_items_policy::restart) {
    r.hold = runs_.hold();
  }
  if (!busy) {
    runs_.restarted();
  }
  l.again = false;
  l.triggered = l.triggered && busy; // what a run under way holds runs once more after it
  l.open = true;
  if (memory_.claims() && r.purpose.slot) {
    waiting_.tell_fed(std::move(fed), out);
    claim(id, std::move(r), std::move(handed), out);
    return true;
  }
  ++counters_.started;
  out.push_back(emit_effect{run_started{cfg_.spec.id, id, handed, r.purpose.slot, r.purpose.attempt}});
  waiting_.tell_fed(std::move(fed), out);
  out.push_back(start_run{id, std::move(handed), r.purpose});
  runs_.add(id, std::move(r));
  return true;
}

// -- ends ---------------------------------------------------------------------

job_runner_core::effects job_runner_core::on_run_done(run_id id, const run_end& end, step s) {
  s = memory_.by_store(s);
  if (questions_.has(id)) {
    return on_answered(id, end, s);
  }
  effects out;
  if (runs_.find(id) == nullptr) {
    return out;
  }
  runs_.note_lease_end(s, out); // the executor stops runs by itself, and they may be over before we see that it is time
  const auto r = runs_.take(id);
  if (!end.dropped) {
    times_.run_time.add(end.took);
    times_.start_delay.add(r.late + end.waited);
  }
  const auto outcome = outcome_of(r, end, s);
  tell_end(id, r, end, outcome, s, out);
  remember(id, r, end, outcome, out);
  if (r.preparation) {
    end_preparation(id, r, end, outcome, s, out);
    start_due(s, out);
    return out;
  }
  std::vector<lane_no> lanes;
  std::vector<item_no> stayed;
  std::vector<item_id> free;
  std::vector<item_id> fed;
  // What is to be remembered of the slot is written before its item is given back.
  const auto noted = memory_.on() && r.purpose.slot && r.items.size() == 1 && items_[r.items.front()].run == id &&
                         items_[r.items.front()].token == r.token
                       ? r.items.front()
                       : no_item;
  if (noted != no_item) {
    ++items_[noted].notes;
  } else if (end.dropped && r.purpose.slot && r.items.size() == 1 && items_[r.items.front()].run == id) {
    tell_lost(r.items.front(), *r.purpose.slot, out); // its item was granted anew since: nothing can be written of it
  }
  for (const auto no : r.items) {
    if (items_[no].run == id) {
      if (const auto lane = items_[no].lane; lane != no_lane && (lanes.empty() || lanes.back() != lane)) {
        lanes.push_back(lane);
      }
      if (items_[no].granted && !items_[no].fresh) { // granted anew meanwhile: that is another turn
        stayed.push_back(no);
      }
      items_[no].suspect = items_[no].suspect && end.dropped;
      leave_run(no, s, free, fed);
    }
  }
  note_end(r, end.failed && end.items.empty(), std::move(lanes), s);
  const bool counted = !stayed.empty();
  note_turn(r, end, outcome, std::move(stayed), s, out);
  if (noted != no_item) {
    --items_[noted].notes;
    note_slot(noted, r, end, outcome, counted, s, out);
    if (!items_[noted].granted && !items_.in_use(noted)) {
      free.push_back(*items_[noted].name);
      forget(noted, fed);
    }
  }
  decline_failed(s, out);
  waiting_.tell_fed(std::move(fed), out);
  give_back(std::move(free), out);
  start_due(s, out);
  return out;
}

void job_runner_core::leave_run(item_no no, step s, std::vector<item_id>& free, std::vector<item_id>& fed) {
  lanes_.change(no, [](held_item& it) { it.run = 0; });
  if (!items_[no].granted) {
    if (!items_.in_use(no)) { // else the last question about it gives it back
      free.push_back(*items_[no].name);
      forget(no, fed);
    }
  } else {
    waiting_.enter(no, s);
  }
}

void job_runner_core::give_back(std::vector<item_id> items, effects& out) const {
  if (!items.empty()) {
    out.push_back(emit_effect{items_released{cfg_.spec.id, items}});
    out.push_back(released{std::move(items)});
  }
}

/// `lanes`: those whose items it held.
void job_runner_core::note_end(const active_run& r, bool broken, std::vector<lane_no> lanes, step s) {
  std::sort(lanes.begin(), lanes.end());
  lanes.erase(std::unique(lanes.begin(), lanes.end()), lanes.end());
  // A lane without a moment of its own waited for this run although all it shared with it was taken away.
  const auto& waited = lanes_.without_moment();
  lanes.insert(lanes.end(), waited.begin(), waited.end());
  for (const auto no : lanes) {
    auto& l = lanes_.edit(no);
    // Nobody knows how far a run came that threw or was interrupted: the next one begins with another item.
    l.turn = broken || r.stopping || r.pressed ? l.turn + 1 : 0;
    l.open = false;
    if (!r.extra) {
      l.last_end = s.now;
    }
    if (cfg_.spec.schedule.kind == schedule_kind::fixed_delay && (!r.extra || !l.due)) {
      l.due = s.now + cfg_.spec.schedule.period;
      l.beat.reset();
    }
  }
}

job_runner_core::effects job_runner_core::on_run_released(run_id id, const std::vector<item_id>& items, step s,
                                                          const std::optional<std::string>& refused) {
  s = memory_.by_store(s);
  effects out;
  auto* const r = runs_.find(id);
  if (r == nullptr) {
    return out;
  }
  auto gone = items;
  std::sort(gone.begin(), gone.end());
  std::vector<item_id> free;
  std::vector<item_id> fed;
  std::vector<item_no> unwanted;
  for (const auto& name : gone) {
    const auto no = items_.find(name);
    if (no == no_item || items_[no].run != id) {
      continue;
    }
    runs_.let_go(*r, items_[no]);
    hand_slot_on(no, *r, out);
    if (refused) {
      lanes_.change(no, [](held_item& it) { it.run = 0; });
      unwanted.push_back(no);
    } else {
      leave_run(no, s, free, fed);
    }
  }
  runs_.check_debts(id, *r);
  waiting_.tell_fed(std::move(fed), out);
  give_back(std::move(free), out);
  if (!unwanted.empty()) {
    decline(unwanted, cfg_.spec.failures.refused_for, *refused, s, out);
  }
  start_due(s, out);
  return out;
}

/// Items that are in no run go back to the worker, and are to go elsewhere.
void job_runner_core::decline(const std::vector<item_no>& items, duration length, const std::string& why, step s,
                              effects& out) {
  std::vector<item_id> names;
  std::vector<item_id> fed;
  for (const auto no : items) {
    names.push_back(*items_[no].name);
    items_[no].granted = false;
    lanes_.leave(no);
    turns_.forget(no, out);
    if (items_.in_use(no)) {
      items_[no].declined = true; // forgotten with the last that is under way
    } else {
      forget(no, fed);
    }
  }
  waiting_.tell_fed(std::move(fed), out);
  out.push_back(emit_effect{items_declined{cfg_.spec.id, names, why}});
  out.push_back(emit_effect{items_released{cfg_.spec.id, names}});
  out.push_back(declined{std::move(names), length, why});
  recut({}, s, out);
}

} // namespace djm
