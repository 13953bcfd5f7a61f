#include <algorithm>
#include <utility>

#include "actors/job_runner/job_runner_core.hpp"

/// What the end of a run means: for those who hear of it, for its items, and for the turn that it was part of.
namespace djm {

namespace {

constexpr std::size_t most_remembered_items = 100;
constexpr std::size_t most_remembered_text = 4096;

template <class T>
std::vector<T> first_of(const std::vector<T>& all) {
  return {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), most_remembered_items))};
}

/// Not in the middle of a character of UTF-8.
std::string cut_text(std::string text) {
  if (text.size() > most_remembered_text) {
    auto end = most_remembered_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) {
      --end;
    }
    text.resize(end);
  }
  return text;
}

std::string text_of(const active_run& r, const job_runner_core::run_end& end, run_outcome outcome,
                    const failure_rules& rules) {
  if (outcome != run_outcome::timed_out) {
    return end.failure;
  }
  const auto text = r.silent ? "timed out: no sign of life for beat_timeout, " + describe_duration(rules.beat_timeout)
                             : "timed out: took longer than run_timeout, " + describe_duration(rules.run_timeout);
  return end.failure.empty() ? text : text + "; " + end.failure;
}

} // namespace

/// The executor stops runs at the end of the lease by itself, and they may be over before we see that it is time.
run_outcome job_runner_core::outcome_of(const active_run& r, const run_end& end, step s) const {
  if (end.dropped) {
    return run_outcome::dropped;
  }
  if (r.why == stop_reason::timed_out) {
    return run_outcome::timed_out;
  }
  if (r.why == stop_reason::cancelled) {
    return run_outcome::cancelled;
  }
  if (r.stopping || lease_.has_ended(s.now)) {
    return run_outcome::stopped;
  }
  if (end.again_in) {
    return run_outcome::postponed;
  }
  if (end.failed) {
    return end.for_good ? run_outcome::failed_for_good : run_outcome::failed;
  }
  return run_outcome::finished;
}

void job_runner_core::tell_end(run_id id, const active_run& r, const run_end& end, run_outcome outcome, step s,
                               effects& out) {
  const bool cancelled = outcome == run_outcome::cancelled;
  const bool failed = outcome == run_outcome::timed_out || (end.failed && !cancelled);
  if (!end.dropped) {
    failures_.note_run(id, r.items, failed, end.items, s.now);
  }
  counters_.cancelled += cancelled ? 1 : 0;
  counters_.postponed += outcome == run_outcome::postponed ? 1 : 0;
  if (failed) {
    auto text = text_of(r, end, outcome, cfg_.spec.failures);
    ++counters_.failed;
    failures_.note_text(text);
    out.push_back(emit_effect{run_failed{cfg_.spec.id, id, end.took, std::move(text), end.waited, end.items}});
  } else {
    ++(end.dropped ? counters_.dropped : counters_.finished);
    last_success_ = end.dropped || cancelled ? last_success_ : s.now;
    out.push_back(emit_effect{run_finished{cfg_.spec.id, id, end.took, end.waited}});
  }
}

void job_runner_core::remember(run_id id, const active_run& r, const run_end& end, run_outcome outcome,
                               effects& out) const {
  past_run past;
  past.job = cfg_.spec.id;
  past.run = id;
  for (const auto no : first_of(r.items)) {
    if (items_[no].run == id) { // released ones may have another name by now
      past.items.push_back(items_.handed_out(no));
    }
  }
  past.item_count = r.items.size();
  past.slot = r.purpose.slot;
  past.due = r.purpose.due;
  past.attempt = r.purpose.attempt;
  past.started_ms = r.started_ms;
  past.waited = end.waited;
  past.took = end.took;
  past.outcome = outcome;
  past.error = cut_text(text_of(r, end, outcome, cfg_.spec.failures));
  past.failed_items = first_of(end.items);
  past.progress = end.progress;
  past.progress.text = cut_text(std::move(past.progress.text));
  out.push_back(remember_run{std::move(past)});
}

/// `stayed`: the items that it held to its end and that this node still holds.
void job_runner_core::note_turn(const active_run& r, const run_end& end, run_outcome outcome,
                                std::vector<item_no> stayed, step s, effects& out) {
  turn_end t;
  t.outcome = outcome;
  t.purpose = r.purpose;
  if (outcome == run_outcome::postponed && memory_.claims()) { // no attempt, but a start that is claimed
    ++t.purpose.attempt;
    ++t.purpose.spared;
  }
  t.items = std::move(stayed);
  t.alone = r.items.size() == 1;
  if (outcome != run_outcome::finished) {
    t.named = end.items;
    t.for_good = end.items_for_good;
    t.what = text_of(r, end, outcome, cfg_.spec.failures);
    t.pause = end.again_in.value_or(duration::zero());
  }
  leave_lanes(turns_.note(t, s, out), out);
}

/// Too many of their turns have failed on this node. What is being written or asked of one is answered first, and where
/// it has a lane of its own nothing of it starts meanwhile. A lane that others share goes on.
void job_runner_core::decline_failed(step s, effects& out) {
  if (const auto refused = turns_.take_declined(); !refused.empty()) {
    decline(refused, cfg_.spec.failures.refused_for, turns_.what_failed(), s, out);
  }
  for (const auto no : turns_.to_decline()) {
    if (const auto lane = items_[no].lane; lane != no_lane && lanes_[lane].own == no) {
      hold_lane(no);
    }
  }
}

/// They are parked, and do not wait for anything.
void job_runner_core::leave_lanes(const std::vector<item_no>& parked, effects& out) {
  std::vector<item_id> fed;
  for (const auto no : parked) {
    waiting_.leave(no, fed);
  }
  waiting_.tell_fed(std::move(fed), out);
}

// -- what somebody asks for -------------------------------------------------------------

job_runner_core::effects job_runner_core::on_look(const std::vector<run_look>& runs, step s) {
  s = memory_.by_store(s);
  effects out;
  for (const auto& r : runs) {
    runs_.looked(r.id, r.started, r.began, r.beat, s, out);
  }
  return out;
}

expected<job_runner_core::effects> job_runner_core::on_cancel(run_id id, step s) {
  s = memory_.by_store(s);
  effects out;
  if (!runs_.stop_one(id, stop_reason::cancelled, s, out)) {
    return fail(errc::invalid_state,
                "job \"" + cfg_.spec.id + "\": run " + std::to_string(id) + " does not go on on this node");
  }
  return out;
}

expected<job_runner_core::effects> job_runner_core::on_release_item(const item_id& item, step s) {
  s = memory_.by_store(s);
  effects out;
  const auto no = items_.find(item);
  if (!turns_.release(no, out)) {
    return fail(errc::invalid_state, "job \"" + cfg_.spec.id + "\": item \"" + item + "\" is not parked on this node");
  }
  waiting_.enter(no, s);
  note_release(no, s, out);
  recut({no}, s, out);
  if (memory_.on()) {
    ask_memory(no, s, out);
  }
  start_due(s, out);
  return out;
}

expected<job_runner_core::effects> job_runner_core::on_resume(step s) {
  s = memory_.by_store(s);
  effects out;
  if (!turns_.resume(out)) {
    return fail(errc::invalid_state, "job \"" + cfg_.spec.id + "\" is not paused on this node");
  }
  rhythm_.skip_pause(lanes_, s, out);
  waiting_.count_anew(s, out);
  start_due(s, out);
  return out;
}

} // namespace djm
