#include "actors/job_runner/slot_memory.hpp"

#include <algorithm>
#include <utility>

namespace djm {

/// What the rule is takes a millisecond to find out, so it is asked where anything about it has changed.
bool slot_memory::follow(std::int64_t since_ms) {
  const auto& spec = cfg_.spec;
  const bool moved = since_ms_ != since_ms;
  if (rules_ && *rules_ == spec.slots && schedule_ == spec.schedule && !moved) {
    return false;
  }
  const bool same_slots = rules_ && schedule_ == spec.schedule;
  const auto before = rule_;
  rules_ = spec.slots;
  schedule_ = spec.schedule;
  since_ms_ = since_ms;
  since_is_wrong_ = since_is_wrong_ && !moved;
  rule_ = memory_of(spec);
  return !same_slots || moved || rule_ != before;
}

step slot_memory::by_store(step s) {
  if (s.now == by_store_.now && s.wall_ms == by_store_.wall_ms) {
    return s; // seen that way already
  }
  const auto offset = [](const step& x) { return x.wall_ms - store_time::boot_ms(x.now); };
  const bool first = by_node_.now == time_point{};
  if (!first && std::abs(offset(s) - offset(by_node_)) > (time_ ? *time_ : store_time{}).skew) {
    note_clock_set();
  }
  by_node_ = s;
  if (time_ && on()) {
    if (const auto limit = time_->limit(s.now); limit < s.wall_ms) {
      s.wall_ms = limit;
      s.wall_rest = duration::zero();
    }
  }
  by_store_ = s;
  return s;
}

std::int64_t slot_memory::since(step s) const {
  if (!time_) {
    return since_ms_ - s.wall_ms > store_time::too_far_ms ? nothing_reached : since_ms_;
  }
  since_is_wrong_ = since_is_wrong_ || time_->is_too_far(since_ms_, s.now, by_node_.wall_ms);
  return since_is_wrong_ ? nothing_reached : since_ms_;
}

std::vector<slot_memory::pending_note> slot_memory::drop_notes() {
  std::vector<pending_note> dropped;
  for (const auto& [wish, what] : std::exchange(notes_, {})) {
    dropped.push_back(what);
  }
  return dropped;
}

std::vector<run_id> slot_memory::all() const {
  std::vector<run_id> ids;
  for (const auto& [id, c] : claims_) {
    ids.push_back(id);
  }
  return ids;
}

/// Nothing starts again that was started, and nothing is passed over that was not.
slot_plan slot_memory::plan(const slot_answer& a, const std::optional<run_purpose>& here, time_point granted,
                            step s) const {
  using store::slot_mark;
  slot_plan p;
  const auto from = since(s);
  if (!a.record) {
    // An unknown past is none, but for what has come since the item was here and by a clock that was wrong did not
    // count.
    const auto held = std::chrono::ceil<std::chrono::milliseconds>(s.now - granted).count();
    p.floor = a.anew ? std::max(from, s.wall_ms) : from > 0 ? from : s.wall_ms - held - 1;
    return p;
  }
  const auto& r = *a.record;
  p.floor = std::max(r.slot, from);
  p.failures = r.failures;
  run_purpose next;
  next.slot = r.slot;
  next.due = r.slot;
  next.attempt = r.attempt;
  next.spared = r.spared;
  const bool counts = r.slot > from; // else it belongs to slots that are none any more
  if (r.mark == slot_mark::parked) {
    p.parked = true;
  } else if (r.mark == slot_mark::given_back && counts) {
    if (r.attempt > 1) {
      p.again = next;
    } else {
      p.floor = std::max(r.slot - 1, from);
    }
  } else if (r.mark == slot_mark::claimed && rule_ != slots::claimed) {
    const bool goes_on = here && here->slot == r.slot && here->attempt == r.attempt && r.token == a.token;
    if (!goes_on) {
      const auto& f = cfg_.spec.failures;
      p.interrupted = true;
      p.failures += a.writer_gone ? 1 : 0; // one that lives has only lost the item
      p.park = a.writer_gone && f.park_item_after > 0 && p.failures >= f.park_item_after;
      if (!p.park && counts && r.attempt - r.spared < f.retry.attempts_allowed) {
        p.again = next;
        ++p.again->attempt;
      }
    }
  }
  return p;
}

} // namespace djm
