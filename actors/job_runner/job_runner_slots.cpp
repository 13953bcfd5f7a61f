#include <algorithm>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"
#include "djm/jitter.hpp"

/// The memory of slots: what is asked, what starts wait for, and what is written of their ends (protocol §4.16).
namespace djm {

namespace {

slot_note note_of(store::slot_mark mark, const run_purpose& p, std::uint32_t failures) {
  return {mark, p.slot.value_or(0), p.attempt, p.spared, failures};
}

} // namespace

/// Nothing of a slot starts before it is known what is remembered of the item.
void job_runner_core::ask_memory(item_no no, step s, effects& out) {
  const auto& it = items_[no];
  if (it.lane != no_lane) {
    auto& l = lanes_.edit(it.lane);
    l.held_back = true;
    l.slot.reset();
    l.beat.reset();
    l.due.reset();
    if (l.retry_at && l.retry->slot && *l.retry->slot <= memory_.since(s)) { // a slot that is none any more
      l.retry_at.reset();
      items_[no].retrying = false;
    }
  }
  const auto wish = memory_.draw();
  memory_.looks(no, wish);
  out.push_back(ask_slot{{*it.name, it.token, std::nullopt, false, wish}});
}

/// Of all items; or of those alone about which something was decided by the clocks as they were. What has been told as
/// left out of the others would come back.
void job_runner_core::ask_memory(step s, effects& out, bool only_by_clocks) {
  items_.each([&](item_no no) {
    if (items_[no].granted && items_[no].lane != no_lane &&
        (!only_by_clocks || memory_.rests_on_clocks(no, s.wall_ms))) {
      ask_memory(no, s, out);
    }
  });
}

void job_runner_core::follow_memory(std::int64_t since_ms, step s, effects& out) {
  const bool was_on = memory_.on();
  if (!memory_.follow(since_ms)) {
    return;
  }
  rhythm_.remember(memory_.on(), since_ms);
  if (memory_.on()) {
    ask_memory(s, out);
  } else if (was_on) {
    lanes_.each([&](lane_no no) {
      auto& l = lanes_.edit(no);
      if (std::exchange(l.held_back, false)) {
        rhythm_.set_first_due(l, l.own, s);
      }
    });
  }
}

job_runner_core::effects job_runner_core::on_slots_told(const std::vector<slot_answer>& answers, step s,
                                                        const std::optional<store_time>& time) {
  if (time) {
    memory_.hear(*time);
  }
  s = memory_.by_store(s);
  effects out;
  for (const auto& a : answers) {
    const auto no = items_.find(a.item);
    if (no == no_item) {
      continue;
    }
    if (!a.of_write) {
      if (a.what == slot_result::known && memory_.awaits_look(no, a.number)) {
        learn(no, a, s, out);
      }
      continue; // one that is lost is granted anew, or gone
    }
    const auto run = items_[no].run;
    const auto* claim = memory_.find(run);
    if (claim != nullptr && claim->wish == a.number) {
      claim_answered(run, no, a, s, out);
    } else if (const auto note = memory_.noted(no, a.number)) { // else nobody waits for it: see `hand_slot_on`
      if (a.what == slot_result::lost && note->given_back) {
        tell_lost(no, note->slot, out);
      }
      note_answered(no, a, s, out);
    }
  }
  start_due(s, out);
  return out;
}

/// What is remembered of an item says what starts next.
void job_runner_core::learn(item_no no, const slot_answer& a, step s, effects& out) {
  const auto& it = items_[no];
  if (!memory_.on() || !it.granted || it.token != a.token || it.lane == no_lane) {
    return;
  }
  if (it.notes > 0) {
    return; // what was read is older than what is being written; the answer to that tells more
  }
  std::optional<run_purpose> here;
  if (const auto* claim = memory_.find(it.run); claim != nullptr && claim->run.token == it.token) {
    auto& l = lanes_.edit(it.lane); // what was read is older than what is being written
    l.held_back = false;
    l.last_slot = wall_time{std::chrono::milliseconds{std::max(memory_.reached(no), memory_.since(s))}};
    rhythm_.aim_after_last(l, l.own, s);
    return;
  }
  if (const auto* r = it.run != 0 ? runs_.find(it.run) : nullptr) {
    here = r->purpose;
  } else if (it.retrying && lanes_[it.lane].retry->slot) { // the run before the one that is planned
    here = *lanes_[it.lane].retry;
    --here->attempt;
  }
  auto p = memory_.plan(a, here, it.since, s);
  turns_.know_failures(no, p.failures);
  memory_.set(no, here && here->slot ? std::max(p.floor, *here->slot) : p.floor);
  memory_.looked(no, a.anew, s.wall_ms);
  if (p.interrupted) {
    if (a.writer_gone) {
      turns_.suspect(no);
    }
    out.push_back(emit_effect{
      slot_interrupted{cfg_.spec.id, *it.name, a.record->slot, a.record->attempt, a.record->by, p.again.has_value()}});
  }
  if (p.parked || p.park) {
    park(no, a.record->by, p.park, *a.record, s, out);
    return;
  }
  if (a.anew) {
    rhythm_.tell_unknown(lanes_[it.lane], memory_.since(s), s, out);
  }
  auto& l = lanes_.edit(it.lane);
  l.held_back = false;
  l.last_slot = wall_time{std::chrono::milliseconds{memory_.reached(no)}};
  rhythm_.aim_after_last(l, l.own, s);
  if (p.again) {
    const auto pause =
      p.interrupted ? retry_delay(cfg_.spec.failures.retry, cfg_.spec.id, *it.name, *p.again->slot, a.record->attempt)
                    : duration::zero();
    turns_.go_on_with(no, *p.again, pause, s);
  }
}

/// `now`: it has not been before, and others are to know of it.
void job_runner_core::park(item_no no, const node_id& by, bool now, const store::slot_payload& record, step s,
                           effects& out) {
  const auto what = now ? "its process has ended during " + std::to_string(items_[no].failed_turns) +
                            " of its runs, the latest on node \"" + by + "\""
                        : "it was parked by node \"" + by + "\"";
  leave_lanes({no}, out);
  turns_.park(no, what, s);
  out.push_back(emit_effect{items_parked{cfg_.spec.id, {*items_[no].name}, what, false}});
  if (now) {
    run_purpose p;
    p.slot = record.slot;
    p.attempt = record.attempt;
    p.spared = record.spared;
    write_note(no, note_of(store::slot_mark::parked, p, items_[no].failed_turns), out);
  }
}

void job_runner_core::write_note(item_no no, const slot_note& note, effects& out) {
  auto& it = items_[no];
  ++it.notes;
  const auto wish = memory_.draw();
  memory_.notes(wish, {no, note.slot, note.mark == store::slot_mark::given_back});
  out.push_back(ask_slot{{*it.name, it.token, note, it.granted && note.mark == store::slot_mark::done, wish}});
  if (memory_.claims()) {
    hold_lane(no); // what comes next is claimed on top of it
  }
}

// -- claims -----------------------------------------------------------------------------

/// It starts when its claim is written.
void job_runner_core::claim(run_id id, active_run r, std::vector<work_item> handed, effects& out) {
  const auto no = r.items.front();
  memory_.reached(no, *r.purpose.slot);
  const auto wish = memory_.draw();
  out.push_back(ask_slot{{handed.front().id, handed.front().token,
                          note_of(store::slot_mark::claimed, r.purpose, items_[no].failed_turns), false, wish}});
  memory_.add(id, {std::move(r), std::move(handed), false, wish});
}

/// Only a claim that is written for certain starts, and only where the item may still run.
void job_runner_core::claim_answered(run_id id, item_no no, const slot_answer& a, step s, effects& out) {
  auto& c = *memory_.find(id);
  const auto& it = items_[no];
  if (a.what == slot_result::written && !c.giving_back) {
    const bool ours = it.granted && it.token == c.run.token && !stopping_ && !held_ && !turns_.paused() &&
                      *c.run.purpose.slot > memory_.since(s) && memory_.has_come(*c.run.purpose.slot, s);
    if (ours && lease_.in_force(s.now)) {
      begin_claimed(id, s, out);
      return;
    }
    c.giving_back = true;
    c.wish = memory_.draw();
    out.push_back(ask_slot{
      {*it.name, c.run.token, note_of(store::slot_mark::given_back, c.run.purpose, it.failed_turns), false, c.wish}});
    return;
  }
  if (a.what == slot_result::lost && (c.giving_back || a.unsure)) {
    tell_lost(no, *c.run.purpose.slot, out);
  }
  std::vector<item_id> free;
  std::vector<item_id> fed;
  memory_.take(id);
  if (it.lane != no_lane) {
    lanes_.edit(it.lane).open = false;
  }
  leave_run(no, s, free, fed);
  waiting_.tell_fed(std::move(fed), out);
  if (!free.empty()) {
    give_back(std::move(free), out);
  } else if (a.what == slot_result::lost) {
    hold_lane(no);
  } else {
    learn(no, a, s, out);
  }
}

/// Its lock is gone, or its node leaves: what may start is known when it is granted again.
void job_runner_core::hold_lane(item_no no) {
  if (const auto lane = items_[no].lane; lane != no_lane) {
    auto& l = lanes_.edit(lane);
    l.held_back = true;
    l.slot.reset();
    l.beat.reset();
    l.due.reset();
    l.retry_at.reset();
  }
}

void job_runner_core::begin_claimed(run_id id, step s, effects& out) {
  auto c = memory_.take(id);
  c.run.late += s.now - c.run.started;
  c.run.started = s.now;
  c.run.started_ms = s.wall_ms;
  ++counters_.started;
  out.push_back(emit_effect{run_started{cfg_.spec.id, id, c.handed, c.run.purpose.slot, c.run.purpose.attempt}});
  out.push_back(start_run{id, std::move(c.handed), c.run.purpose});
  runs_.add(id, std::move(c.run));
}

/// The worker is another one: nobody answers any more. What is granted again is looked at again.
void job_runner_core::forget_claims(step s, effects& out) {
  std::vector<item_id> free;
  std::vector<item_id> fed;
  for (const auto id : memory_.all()) {
    const auto c = memory_.take(id);
    tell_lost(c.run.items.front(), *c.run.purpose.slot, out); // before its name can go
    leave_run(c.run.items.front(), s, free, fed);
  }
  std::vector<item_no> noted;
  for (const auto& note : memory_.drop_notes()) {
    if (note.given_back) {
      tell_lost(note.item, note.slot, out);
    }
  }
  items_.each([&](item_no no) {
    if (std::exchange(items_[no].notes, 0) > 0 && !items_[no].granted && !items_.in_use(no)) {
      noted.push_back(no);
    }
  });
  for (const auto no : noted) {
    free.push_back(*items_[no].name);
    forget(no, fed);
  }
  waiting_.tell_fed(std::move(fed), out);
  give_back(std::move(free), out);
}

// -- ends -------------------------------------------------------------------------------

/// Whether the turn of the slot goes on with another attempt, here or elsewhere; and what that costs.
bool job_runner_core::goes_on(const active_run& r, const run_end& end, run_outcome outcome, run_purpose& next) const {
  next = r.purpose;
  ++next.attempt;
  switch (outcome) {
  case run_outcome::stopped: ++next.spared; return r.why != stop_reason::superseded;
  case run_outcome::dropped:
  case run_outcome::postponed: ++next.spared; return true;
  case run_outcome::failed:
  case run_outcome::timed_out:
    return !end.for_good && end.items_for_good.empty() &&
           r.purpose.attempt - r.purpose.spared < cfg_.spec.failures.retry.attempts_allowed;
  case run_outcome::finished:
  case run_outcome::cancelled:
  case run_outcome::failed_for_good: break;
  }
  return false;
}

/// The run of a slot is over: what others are to know of it. `stayed`: its failure has been counted.
void job_runner_core::note_slot(item_no no, const active_run& r, const run_end& end, run_outcome outcome, bool stayed,
                                step s, effects& out) {
  auto& it = items_[no];
  const bool failed =
    outcome == run_outcome::failed || outcome == run_outcome::timed_out || outcome == run_outcome::failed_for_good;
  const auto failures = it.failed_turns + (failed && !stayed ? 1 : 0);
  run_purpose next;
  const bool here = it.granted && it.token == r.token && it.lane != no_lane;
  if (it.parked) {
    write_note(no, note_of(store::slot_mark::parked, r.purpose, failures), out);
  } else if (goes_on(r, end, outcome, next)) {
    if (here && it.retrying) {
      return; // the claim of the next attempt says all
    }
    if (memory_.tracks() || (memory_.claims() && end.dropped)) { // of `claimed` that alone is sure not to have started
      write_note(no, note_of(store::slot_mark::given_back, next, failures), out);
    } else if (here && memory_.notes_ends()) {
      turns_.go_on_with(no, next, duration::zero(), s);
    }
  } else if (memory_.notes_ends()) {
    auto past = r.purpose;
    if (it.lane != no_lane && lanes_[it.lane].last_slot) {
      memory_.reached(no, slot_id(*lanes_[it.lane].last_slot));
    }
    if (const auto upto = memory_.reached(no); upto <= s.wall_ms) { // else slots count from a moment that is to come
      past.slot = std::max(*past.slot, upto); // what was left out during the run is done with as well
    }
    write_note(no, note_of(store::slot_mark::done, past, failed ? failures : 0), out);
  }
}

/// A run lets its item go before it ends: whoever has it next goes on with the next attempt. That is on its way before
/// the item is, and nobody waits for the answer: where it is lost, the run counts as cut off.
void job_runner_core::hand_slot_on(item_no no, const active_run& r, effects& out) {
  const auto& it = items_[no];
  if (memory_.tracks() && r.purpose.slot && it.token == r.token) {
    auto next = r.purpose;
    ++next.attempt;
    ++next.spared;
    out.push_back(ask_slot{
      {*it.name, it.token, note_of(store::slot_mark::given_back, next, it.failed_turns), false, memory_.draw()}});
  }
}

/// The code of a run of `claimed` was not called, and the record may say that it was claimed: whoever has the item next
/// takes the slot for started.
void job_runner_core::tell_lost(item_no no, std::int64_t slot, effects& out) {
  if (memory_.claims() && !memory_.tracks()) {
    out.push_back(emit_effect{slots_skipped{cfg_.spec.id, *items_[no].name, 1, slot, slot, skip_reason::backlog}});
  }
}

void job_runner_core::note_answered(item_no no, const slot_answer& a, step s, effects& out) {
  auto& it = items_[no];
  --it.notes;
  if (it.granted && !items_.in_use(no)) {
    decline_failed(s, out);
    if (!items_[no].granted) {
      return; // it is gone
    }
  }
  if (!it.granted && !items_.in_use(no)) {
    std::vector<item_id> fed;
    std::vector<item_id> free;
    if (!it.declined) {
      free.push_back(*it.name);
    }
    forget(no, fed);
    waiting_.tell_fed(std::move(fed), out);
    give_back(std::move(free), out);
    return;
  }
  const bool waits = it.lane != no_lane && lanes_[it.lane].held_back;
  if (a.what == slot_result::superseded || (a.what == slot_result::written && waits)) {
    learn(no, a, s, out);
  }
}

/// An operator has released it.
void job_runner_core::note_release(item_no no, step s, effects& out) {
  run_purpose p;
  p.slot = memory_.reached(no);
  if (*p.slot <= memory_.since(s)) { // not what the record says, and it may be a moment that is to come
    p.slot = std::min(*p.slot, s.wall_ms);
  }
  if (memory_.on() && *p.slot > slot_memory::nothing_reached) {
    write_note(no, note_of(store::slot_mark::done, p, 0), out);
  }
}

} // namespace djm
