#include <algorithm>
#include <utility>

#include "actors/job_runner/job_rhythm.hpp"
#include "actors/job_runner/rhythm.hpp"

/// The slots of calendars: which of them a lane starts for, and which it leaves out.
namespace djm {

namespace {

/// A clock that was wrong by more than this and is set right must not silence a job until it gets there again. Where
/// slots are remembered it does: what has been started is on record.
constexpr std::chrono::hours most_set_back{24};

wall_time instant(duration since_unix_epoch) {
  return wall_time{std::chrono::duration_cast<std::chrono::milliseconds>(since_unix_epoch)};
}

} // namespace

slot_clock job_rhythm::slots(item_no own) const {
  return {*cfg_.table, cfg_.spec, own != no_item ? std::string_view{*items_[own].name} : std::string_view{}};
}

/// Nothing: no slot is to come. One beyond the range of our clock is none.
void job_rhythm::aim_at(lane_course& l, std::optional<slot_moment> m, step s) const {
  l.slot.reset();
  l.beat.reset();
  l.due.reset();
  if (!m || l.held_back) {
    return;
  }
  const auto ms = m->start.time_since_epoch().count();
  if (const auto beat = since_epoch(ms); beat == std::chrono::milliseconds{ms}) {
    l.slot = m->slot;
    l.beat = beat;
    l.due = s.now + (beat - wall_of(s));
  }
}

void job_rhythm::set_first_slot(lane_course& l, item_no own, step s) const {
  l.missed.reset();
  aim_at(l, slots(own).first_from(instant(wall_of(s)), l.last_slot), s);
}

void job_rhythm::aim_after_last(lane_course& l, item_no own, step s) const {
  l.missed.reset();
  aim_at(l, l.last_slot ? slots(own).after(*l.last_slot) : std::nullopt, s);
}

run_purpose job_rhythm::purpose(const lane& l) const {
  run_purpose p;
  if (l.beat) {
    p.due = instant(*l.beat).time_since_epoch().count();
    p.slot = l.slot ? slot_id(*l.slot) : *p.due;
  }
  p.missed = *l.missed;
  return p;
}

void job_rhythm::skip(const lane& l, wall_time first, wall_time last, skip_reason why, runner_effects::all& out) {
  const auto n = slots(l.own).count(first, last);
  skipped_ += n;
  out.push_back(emit_effect{slots_skipped{cfg_.spec.id, l.own != no_item ? *items_[l.own].name : item_id{}, n,
                                          slot_id(first), slot_id(last), why}});
}

void job_rhythm::tell_unknown(const lane& l, std::int64_t since_ms, step s, runner_effects::all& out) {
  if (!by_calendar()) {
    return;
  }
  const auto wall = wall_of(s);
  const auto from =
    std::max<duration>(since_epoch(since_ms) + std::chrono::milliseconds{1}, wall - duration{cfg_.spec.slots.window});
  const auto first = slots(l.own).first_from(instant(from), {});
  if (first && first->slot <= instant(wall)) {
    skip(l, first->slot, slots(l.own).latest(instant(wall), *first).slot, skip_reason::clock, out);
  }
}

void job_rhythm::tell_superseded(const lane& l, std::int64_t slot_ms, runner_effects::all& out) {
  const auto slot = wall_time{std::chrono::milliseconds{slot_ms}};
  if (by_calendar()) {
    skip(l, slot, slot, skip_reason::overlap, out);
  }
}

/// Slots that come while a run goes on. Those that were due before it began are caught up on, and wait for its end.
void job_rhythm::judge_slots(lane_table& lanes, lane_no no, step s, runner_effects::all& out) {
  const auto& l = lanes[no];
  const auto wall = wall_of(s);
  const bool before = l.last_start && *l.beat <= wall - (s.now - *l.last_start);
  if (cfg_.spec.slots.overlap == overlap::queue_one || before) {
    lanes.judged(no);
    return;
  }
  if (cfg_.spec.slots.overlap == overlap::restart) {
    superseded_.push_back(no);
    lanes.judged(no);
    return;
  }
  const auto latest = slots(l.own).latest(instant(wall), {*l.slot, instant(*l.beat)});
  leave_out(lanes, no, latest.slot, skip_reason::overlap, s, out);
}

/// Nobody is left who was held at the moment that is due: on with the next slot that somebody was held at.
void job_rhythm::pass_slot(lane_table& lanes, lane_no no, duration held_since, step s) {
  auto& l = lanes.edit(no);
  l.last_slot = std::max(l.last_slot, l.slot);
  l.missed.reset();
  aim_at(l, slots(l.own).first_from(instant(std::min(held_since, wall_of(s))), l.last_slot), s);
}

std::vector<lane_no> job_rhythm::take_superseded() {
  return std::exchange(superseded_, {});
}

std::optional<time_point> job_rhythm::wake_at(const lane_table& lanes) const {
  return by_calendar() && cfg_.spec.slots.overlap != overlap::queue_one ? lanes.first_unjudged() : std::nullopt;
}

/// Why slots from that of the lane on have passed.
skip_reason job_rhythm::why_missed(const lane& l, step s) const {
  const auto wall = wall_of(s);
  if (*l.beat > jumped_from_ && *l.beat <= jumped_to_) {
    return skip_reason::clock;
  }
  const bool in_run = l.last_end && *l.beat <= wall - (s.now - *l.last_end);
  return in_run ? skip_reason::overlap : skip_reason::backlog;
}

/// What was due too long ago is left out; nothing of it where the latest was, either. The first slot that is left.
wall_time job_rhythm::leave_window(lane_table& lanes, lane_no no, wall_time latest, step s, runner_effects::all& out) {
  const auto& l = lanes[no];
  const auto clock = slots(l.own);
  const auto oldest = instant(wall_of(s) - cfg_.spec.slots.window);
  const auto end = std::min(clock.before(oldest), clock.before(latest));
  if (instant(*l.beat) >= oldest || *end < *l.slot) {
    return *l.slot;
  }
  skip(l, *l.slot, *end, skip_reason::window, out);
  lanes.edit(no).last_slot = end;
  return clock.after(*end)->slot;
}

/// The latest, but `most_caught_up` in all.
slot_moment job_rhythm::earliest_to_catch_up(const lane& l, wall_time first, slot_moment latest) const {
  const auto clock = slots(l.own);
  auto slot = latest.slot;
  for (std::size_t n = 1; n < most_caught_up && slot > first; ++n) {
    slot = *clock.before(slot);
  }
  return slot == *l.slot ? slot_moment{slot, instant(*l.beat)} : *clock.after(*clock.before(slot));
}

bool job_rhythm::choose_slot(lane_table& lanes, lane_no no, step s, runner_effects::all& out) {
  const auto& l = lanes[no];
  if (!by_calendar() || !l.slot || !l.due || *l.due > s.now) {
    return false;
  }
  const auto wall = instant(wall_of(s));
  const auto rule = cfg_.spec.slots.catch_up;
  const auto clock = slots(l.own);
  const auto latest = clock.latest(wall, {*l.slot, instant(*l.beat)});
  const auto why = why_missed(l, s);
  if (wall - latest.start > (rule == catch_up::none ? on_time : duration{cfg_.spec.slots.window})) {
    leave_out(lanes, no, latest.slot, why == skip_reason::backlog ? skip_reason::window : why, s, out);
    return true;
  }
  if (latest.slot == *l.slot) {
    return false;
  }
  const auto first = leave_window(lanes, no, latest.slot, s, out);
  const auto chosen = rule == catch_up::all ? earliest_to_catch_up(l, first, latest) : latest;
  auto& x = lanes.edit(no);
  if (chosen.slot > first) {
    const auto last = *clock.before(chosen.slot);
    skip(l, first, last, why, out);
    x.missed.reset();
    if (rule == catch_up::last) {
      x.missed.set({clock.count(first, last), first, last});
    }
    x.last_slot = last;
  }
  aim_at(x, chosen, s);
  return false;
}

/// All that have come, up to this one.
void job_rhythm::leave_out(lane_table& lanes, lane_no no, wall_time latest, skip_reason why, step s,
                           runner_effects::all& out) {
  skip(lanes[no], *lanes[no].slot, latest, why, out);
  auto& l = lanes.edit(no);
  l.last_slot = latest;
  l.missed.reset();
  aim_at(l, slots(l.own).after(latest), s);
}

void job_rhythm::skip_pause(lane_table& lanes, step s, runner_effects::all& out) {
  if (!by_calendar()) {
    return;
  }
  // The clock may have been set while nothing was woken: what has come is told by it as it is now.
  follow(lanes, s, out);
  lanes.each([&](lane_no no) {
    const auto& l = lanes[no];
    if (l.slot && l.due && *l.due <= s.now) {
      const auto latest = slots(l.own).latest(instant(wall_of(s)), {*l.slot, instant(*l.beat)});
      leave_out(lanes, no, latest.slot, skip_reason::paused, s, out);
    }
  });
}

/// Somebody has set the wall clock. What has come by it starts; what has not come any more waits for it, and slots
/// before the latest one do not come again.
void job_rhythm::follow_slots(lane_table& lanes, step s) {
  const auto wall = wall_of(s);
  lanes.each([&](lane_no no) {
    auto& l = lanes.edit(no);
    if (!remembers_ && l.last_slot && *l.last_slot - instant(wall) > most_set_back) {
      l.last_slot = instant(wall);
    }
    const auto since = instant(since_epoch(since_ms_));
    if (remembers_ && since - instant(wall) <= most_set_back && (!l.last_slot || *l.last_slot < since)) {
      l.last_slot = since; // that the clock was set right brings back what does not count
    }
    if (l.slot && l.last_slot && *l.slot <= *l.last_slot) {
      aim_after_last(l, l.own, s);
    } else if (!l.beat || *l.beat > wall) {
      set_first_slot(l, l.own, s);
    } else {
      l.due = s.now + (*l.beat - wall);
    }
  });
}

} // namespace djm
