#include "actors/job_runner/job_rhythm.hpp"

#include <algorithm>

#include "actors/job_runner/rhythm.hpp"

namespace djm {

namespace {

/// A wall clock that drifts is followed in steps of this size, so that not every event moves every timer.
constexpr duration noticeable = std::chrono::milliseconds{100};
/// Nobody notices this one.
constexpr duration shortest_wait = std::chrono::microseconds{100};
/// How long the first items of a share wait for the last. Longer than locking takes, shorter than people wait for a
/// run.
constexpr duration longest_gathering = std::chrono::seconds{1};

} // namespace

void job_rhythm::items_came(lane_table& lanes, bool more_to_come, step s) {
  const auto& x = cfg_.spec.schedule;
  if (!eligible_) {
    eligible_ = s.now;
    origin_ = s.now + x.initial_delay;
  }
  const bool before = gathers_;
  gathers_ = more_to_come && cfg_.spec.mode != running_mode::thread_per_item && !x.lasting();
  if (gathers_ && !before) {
    gathers_until_ = s.now + std::min<duration>(x.period, longest_gathering);
  } else if (!gathers_ && before && cfg_.spec.mode == running_mode::single_thread) {
    lanes.each([&](lane_no no) { share_is_here(lanes.edit(no), s); }); // one; a cut makes its lanes anew
  }
}

void job_rhythm::share_is_here(lane_course& l, step s) const {
  if (!gathers_ && !l.last_start && l.due && l.due == gathers_until_) {
    set_first_due(l, no_item, s);
  }
}

void job_rhythm::count_anew() {
  if (eligible_) {
    const auto& x = cfg_.spec.schedule;
    origin_ = last_start_ ? *last_start_ + x.period : *eligible_ + x.initial_delay;
  }
}

duration job_rhythm::phase(item_no own) const {
  return phase_of(cfg_.spec.schedule, cfg_.spec.id, own != no_item ? *items_[own].name : item_id{});
}

/// Due at this moment of the grid; at the next one where that would come right after a start, because the wall clock
/// was set.
void job_rhythm::aim(lane_course& l, duration beat, step s) const {
  const auto period = cfg_.spec.schedule.period;
  l.beat = beat;
  l.due = s.now + (beat - wall_of(s));
  while (l.last_start && *l.due < *l.last_start + period / 2) {
    *l.beat += period;
    *l.due += period;
  }
}

void job_rhythm::set_first_due(lane_course& l, item_no own, step s) const {
  const auto& x = cfg_.spec.schedule;
  l.due.reset();
  l.beat.reset();
  if (x.kind == schedule_kind::on_trigger || !origin_) {
    return;
  }
  if (by_calendar()) {
    set_first_slot(l, own, s);
  } else if (x.lasting()) {
    aim(l, moment_from(wall_of(s), x.period, phase(own)), s);
  } else if (*origin_ >= s.now) {
    l.due = origin_;
  } else {
    // A lane that comes later starts at once or, at a fixed rate, at the next beat of the job's rhythm. That begins
    // with the first run, where a run takes more than one item: it may have waited for the rest of them, or for a cut.
    const bool on_beat = x.kind == schedule_kind::fixed_rate && (last_start_ || own != no_item);
    l.due = on_beat ? next_after(*origin_, s.now) : s.now;
  }
  if (gathers_ && !x.lasting()) {
    l.due = std::max(*l.due, *gathers_until_);
  }
}

void job_rhythm::set_due_from_now_on(lane& l, step s) const {
  const auto& x = cfg_.spec.schedule;
  l.slot.reset();
  l.missed.reset();
  const bool counts_from_end = x.kind == schedule_kind::fixed_delay && (l.last_end || l.busy > 0);
  if (x.kind == schedule_kind::on_trigger || (x.lasting() && !counts_from_end)) {
    set_first_due(l, l.own, s);
    return;
  }
  l.beat.reset();
  const auto first = l.since + x.initial_delay;
  if (x.kind == schedule_kind::fixed_rate) {
    l.due = l.last_start ? *l.last_start + x.period : first;
  } else if (l.busy > 0) {
    l.due.reset(); // the end of its run says when
  } else {
    l.due = l.last_end ? *l.last_end + x.period : first;
  }
}

void job_rhythm::skip_missed(lane& l, step s) {
  const auto& x = cfg_.spec.schedule;
  if (!l.due || *l.due >= s.now || x.kind == schedule_kind::on_trigger) {
    return;
  }
  if (x.lasting()) {
    set_first_due(l, l.own, s);
  } else {
    l.due = x.kind == schedule_kind::fixed_rate ? next_after(*l.due, s.now) : s.now + x.period;
  }
  skipped_ += x.kind == schedule_kind::fixed_rate ? 1 : 0;
}

void job_rhythm::advance(lane& l, step s) {
  const auto period = cfg_.spec.schedule.period;
  l.last_start = s.now;
  last_start_ = s.now;
  gathers_ = false;
  if (by_calendar()) {
    l.last_slot = l.slot;
    l.missed.reset();
    aim_at(l, l.slot ? slots(l.own).after(*l.slot) : std::nullopt, s);
    return;
  }
  if (cfg_.spec.schedule.kind != schedule_kind::fixed_rate || !l.due) {
    l.due.reset();
    l.beat.reset();
    return;
  }
  if (*l.due > s.now) {
    return; // new items have started it before its time
  }
  skipped_ += static_cast<std::uint64_t>((s.now - *l.due) / period);
  if (!l.beat) {
    l.due = next_after(*l.due, s.now);
    return;
  }
  const auto wall = wall_of(s);
  aim(l, moment_from(std::max(wall, *l.beat) + duration{1}, period, phase(l.own)), s);
}

bool job_rhythm::counts_by_wall(const lane& l, const held_item& it, duration wall) const {
  return l.beat && it.since_wall <= wall;
}

/// A start that comes late (the run before went on, or there was no lease) is for those that were held at its moment:
/// what came later may have had that moment's run on the node that it comes from. By the wall's clock, where the moment
/// is one of the grid and nobody has set that clock back since: by our own it may come later than to the node before
/// us.
bool job_rhythm::takes_part(const lane& l, const held_item& it, step s) const {
  if (!cfg_.spec.schedule.lasting() || l.triggered || l.again || !l.due || remembers_) {
    return true;
  }
  return counts_by_wall(l, it, wall_of(s)) ? it.since_wall <= *l.beat : it.since <= *l.due;
}

/// Where nobody is left who was held at the moment that is due, the lane goes on with the next one.
void job_rhythm::judge(lane_table& lanes, lane_no no, step s, runner_effects::all& out) {
  const auto& l = lanes[no];
  const auto wall = wall_of(s);
  if (l.beat && wall < *l.beat) {
    hold_back(lanes.edit(no), s);
    return;
  }
  if (by_calendar() && l.busy > 0) {
    judge_slots(lanes, no, s, out);
    return;
  }
  std::optional<duration> doubt;
  duration since = duration::max();
  const bool held = lanes.any_idle(l, [&](const held_item& it) {
    const bool takes = takes_part(l, it, s);
    since = std::min(since, it.since_wall);
    if (takes && l.beat && it.since_wall > wall) {
      doubt = it.since_wall; // by our own clock; when the wall's has come so far, that says something else
    }
    return takes;
  });
  if (!held && l.idle() > 0) {
    if (by_calendar()) {
      pass_slot(lanes, no, since, s);
      return;
    }
    skipped_ += cfg_.spec.schedule.kind == schedule_kind::fixed_rate ? 1 : 0;
    auto& x = lanes.edit(no);
    set_first_due(x, x.own, s);
    return;
  }
  lanes.judged(no);
  if (doubt) {
    doubts_.set(no, time_point{*doubt});
  }
}

time_point job_rhythm::next_after(time_point due, time_point now) const {
  const auto period = cfg_.spec.schedule.period;
  if (now < due) {
    return due;
  }
  return due + period * ((now - due) / period + 1);
}

/// Our clock is faster than the wall's, and it is the wall's that all have in common. What is left is not waited for in
/// ever smaller parts where one of the two is coarse.
void job_rhythm::hold_back(lane_course& l, step s) {
  const auto wall = wall_of(s);
  if (l.beat && l.due && *l.due <= s.now && wall < *l.beat) {
    l.due = s.now + std::max<duration>(*l.beat - wall, shortest_wait);
  }
}

/// Somebody may set the wall clock, by seconds or by years: what is due on the grid moves with it, but no farther away
/// than the next moment.
void job_rhythm::follow(lane_table& lanes, step s, runner_effects::all& out) {
  const auto wall = wall_of(s);
  const auto offset = wall - s.now.time_since_epoch();
  const bool moved = !wall_offset_ || offset - *wall_offset_ >= noticeable || *wall_offset_ - offset >= noticeable;
  const bool back = wall < wall_;
  if (wall_offset_ && offset > *wall_offset_ + noticeable) {
    jumped_from_ = wall - (offset - *wall_offset_);
    jumped_to_ = wall;
  }
  wall_offset_ = moved ? offset : wall_offset_;
  wall_ = wall;
  lanes.settle();
  if (!cfg_.spec.schedule.lasting()) {
    return;
  }
  if (by_calendar() && (moved || back)) {
    follow_slots(lanes, s);
  } else if (moved || back) {
    const auto period = cfg_.spec.schedule.period;
    lanes.each([&](lane_no no) {
      auto& l = lanes.edit(no);
      hold_back(l, s);
      if (moved && l.beat) {
        aim(l, *l.beat - wall > period ? moment_from(wall, period, phase(l.own)) : *l.beat, s);
      }
    });
  }
  for (; !doubts_.empty() && doubts_.first().at <= time_point{wall}; doubts_.erase(doubts_.first().number)) {
    if (lanes.has(doubts_.first().number)) {
      lanes.edit(doubts_.first().number);
    }
  }
  lanes.settle();
  while (const auto no = lanes.unjudged(s.now)) {
    judge(lanes, *no, s, out);
    lanes.settle();
  }
}

} // namespace djm
