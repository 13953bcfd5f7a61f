#include <algorithm>
#include <cstdlib>

#include "actors/job_runner/job_runner_core.hpp"
#include "actors/job_runner/rhythm.hpp"

/// When the lanes are due.
namespace djm {

namespace {

/// A wall clock that drifts is followed in steps of this size, so that not every event moves every timer.
constexpr duration noticeable = std::chrono::milliseconds{100};

} // namespace

duration job_runner_core::phase(const lane& l) const {
  const bool own = cfg_.spec.mode == running_mode::thread_per_item && l.items.size() == 1;
  return phase_of(cfg_.spec.schedule, cfg_.spec.id, own ? std::string_view{*l.items.begin()} : std::string_view{});
}

/// Due at this moment of the grid; at the next one where that would come right after a start, because the wall clock
/// was set.
void job_runner_core::aim(lane& l, duration beat, step s) const {
  const auto period = cfg_.spec.schedule.period;
  l.beat = beat;
  l.due = s.now + (beat - since_epoch(s.wall_ms));
  while (l.last_start && *l.due < *l.last_start + period / 2) {
    *l.beat += period;
    *l.due += period;
  }
}

/// For a lane that is new.
void job_runner_core::set_first_due(lane& l, step s) const {
  const auto& x = cfg_.spec.schedule;
  l.due.reset();
  l.beat.reset();
  if (x.kind == schedule_kind::on_trigger || !origin_) {
    return;
  }
  if (x.lasting()) {
    aim(l, moment_from(since_epoch(s.wall_ms), x.period, phase(l)), s);
  } else if (*origin_ >= s.now) {
    l.due = origin_;
  } else {
    // A lane that comes later starts at once or, at a fixed rate, at the next beat of the job's rhythm.
    l.due = x.kind == schedule_kind::fixed_rate ? next_after(*origin_, s.now) : s.now;
  }
}

/// For a lane that is there when the schedule changes.
void job_runner_core::set_due_from_now_on(lane& l, step s) const {
  const auto& x = cfg_.spec.schedule;
  const bool counts_from_end = x.kind == schedule_kind::fixed_delay && (l.last_end || lane_busy(l));
  if (x.kind == schedule_kind::on_trigger || (x.lasting() && !counts_from_end)) {
    set_first_due(l, s);
    return;
  }
  l.beat.reset();
  const auto first = l.since + x.initial_delay;
  if (x.kind == schedule_kind::fixed_rate) {
    l.due = l.last_start ? *l.last_start + x.period : first;
  } else if (lane_busy(l)) {
    l.due.reset(); // the end of its run says when
  } else {
    l.due = l.last_end ? *l.last_end + x.period : first;
  }
}

/// A run of the rhythm has started.
void job_runner_core::advance(lane& l, step s) {
  const auto period = cfg_.spec.schedule.period;
  l.last_start = s.now;
  last_start_ = s.now;
  if (cfg_.spec.schedule.kind != schedule_kind::fixed_rate || !l.due) {
    l.due.reset();
    l.beat.reset();
    return;
  }
  if (*l.due > s.now) {
    return; // new items have started it before its time
  }
  counters_.skipped += static_cast<std::uint64_t>((s.now - *l.due) / period);
  if (!l.beat) {
    l.due = next_after(*l.due, s.now);
    return;
  }
  const auto wall = since_epoch(s.wall_ms);
  aim(l, moment_from(std::max(wall, *l.beat) + duration{1}, period, phase(l)), s);
}

/// A start that comes late (the run before went on, or there was no lease) is for those that were held at its moment:
/// what came later may have had that moment's run on the node that it comes from. By the wall's clock, where the moment
/// is one of the grid and nobody has set that clock back since: by our own it may come later than to the node before
/// us.
bool job_runner_core::takes_part(const lane& l, const item& it, step s) const {
  if (!cfg_.spec.schedule.lasting() || l.triggered || l.again || !l.due) {
    return true;
  }
  const bool by_wall = l.beat && it.since_wall <= since_epoch(s.wall_ms);
  return by_wall ? it.since_wall <= *l.beat : it.since <= *l.due;
}

/// Where nobody is left who was held at the moment that is due, the lane goes on with the next one.
void job_runner_core::skip_missed(lane& l, step s) {
  if (!cfg_.spec.schedule.lasting() || !l.due || *l.due > s.now) {
    return;
  }
  bool newcomers = false;
  for (const auto& id : l.items) {
    const auto& it = items_.at(id);
    if (it.run == 0 && takes_part(l, it, s)) {
      return;
    }
    newcomers = newcomers || it.run == 0;
  }
  if (newcomers) {
    counters_.skipped += cfg_.spec.schedule.kind == schedule_kind::fixed_rate ? 1 : 0;
    set_first_due(l, s);
  }
}

time_point job_runner_core::next_after(time_point due, time_point now) const {
  auto period = cfg_.spec.schedule.period;
  if (now < due) {
    return due;
  }
  return due + period * ((now - due) / period + 1);
}

/// Somebody may set the wall clock, by seconds or by years: what is due on the grid moves with it, but no farther away
/// than the next moment.
void job_runner_core::follow_wall_clock(step s) {
  const auto wall = since_epoch(s.wall_ms);
  for (auto& l : lanes_) {
    // Our clock is faster than the wall's, and it is the wall's that all have in common.
    if (l.beat && l.due && *l.due <= s.now && wall < *l.beat) {
      l.due = s.now + (*l.beat - wall);
    }
  }
  const auto offset = wall - s.now.time_since_epoch();
  if (wall_offset_ && offset - *wall_offset_ < noticeable && *wall_offset_ - offset < noticeable) {
    return;
  }
  wall_offset_ = offset;
  for (auto& l : lanes_) {
    if (!l.beat) {
      continue;
    }
    const bool far = *l.beat - wall > cfg_.spec.schedule.period;
    aim(l, far ? moment_from(wall, cfg_.spec.schedule.period, phase(l)) : *l.beat, s);
  }
}

} // namespace djm
