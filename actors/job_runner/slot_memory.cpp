#include "actors/job_runner/slot_memory.hpp"

#include <algorithm>

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
  rule_ = memory_of(spec);
  return !same_slots || moved || rule_ != before;
}

std::vector<run_id> slot_memory::all() const {
  std::vector<run_id> ids;
  for (const auto& [id, c] : claims_) {
    ids.push_back(id);
  }
  return ids;
}

/// Nothing starts again that was started, and nothing is passed over that was not.
slot_plan slot_memory::plan(const slot_answer& a, const std::optional<run_purpose>& here, std::int64_t wall_ms) const {
  using store::slot_mark;
  slot_plan p;
  const auto from = since(wall_ms);
  if (!a.record) {
    p.floor = from > 0 ? from : wall_ms - 1; // where nothing is known of the past, there is none
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
