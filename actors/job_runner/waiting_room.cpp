#include "actors/job_runner/waiting_room.hpp"

#include <algorithm>
#include <utility>

namespace djm {

bool waiting_room::may_starve() const {
  return cfg_.spec.schedule.kind != schedule_kind::on_trigger && !closed_;
}

void waiting_room::enter(item_no no, step s) {
  const auto& it = items_[no];
  if (!it.granted || it.run != 0 || it.starved || it.parked || queue_.has(no) || !may_starve()) {
    return;
  }
  const auto& x = cfg_.spec.schedule;
  const duration most = it.fresh && !x.lasting() ? std::max<duration>(x.period, x.initial_delay) : duration{x.period};
  queue_.set(no, s.now + most + cfg_.grace());
}

void waiting_room::leave(item_no no, std::vector<item_id>& fed) {
  queue_.erase(no);
  if (auto& it = items_[no]; std::exchange(it.starved, false)) {
    fed.push_back(*it.name);
  }
}

void waiting_room::count_anew(step s, runner_effects::all& out) {
  std::vector<item_id> fed;
  items_.each([&](item_no no) {
    if (!items_[no].starved || !may_starve()) {
      leave(no, fed);
      enter(no, s);
    }
  });
  tell_fed(std::move(fed), out);
}

void waiting_room::check(bool cut_open, step s, runner_effects::all& out) {
  std::vector<item_id> starved;
  while (!queue_.empty() && queue_.first().at <= s.now) {
    const item_no no = queue_.first().number;
    auto& it = items_[no];
    queue_.erase(no);
    if (it.lane == no_lane && !cut_open) {
      continue; // left out by the job itself
    }
    if (const auto later = not_before(it, s)) {
      queue_.set(no, *later);
      continue;
    }
    if (it.lane != no_lane && by_calendar() && !lanes_[it.lane].due) {
      continue; // no slot is to come
    }
    it.starved = true;
    starved.push_back(*it.name);
  }
  if (!starved.empty()) {
    std::sort(starved.begin(), starved.end());
    starved_ += starved.size();
    out.push_back(emit_effect{item_starved{cfg_.spec.id, std::move(starved), false}});
  }
}

/// Its turn has a time. Many items may have theirs at one slot, and few places.
std::optional<time_point> waiting_room::not_before(const held_item& it, step s) const {
  constexpr duration after_slot = std::chrono::hours{1};
  if (it.lane == no_lane || !lanes_[it.lane].due) {
    return std::nullopt;
  }
  const auto& l = lanes_[it.lane];
  if (by_calendar()) {
    const auto at = *l.due + after_slot + cfg_.grace();
    return at > s.now ? std::optional{at} : std::nullopt;
  }
  return *l.due > s.now && l.busy == 0 ? std::optional{*l.due + cfg_.grace()} : std::nullopt;
}

void waiting_room::close() {
  closed_ = true;
  queue_.clear();
}

void waiting_room::tell_fed(std::vector<item_id> fed, runner_effects::all& out) const {
  if (!fed.empty()) {
    std::sort(fed.begin(), fed.end());
    out.push_back(emit_effect{item_starved{cfg_.spec.id, std::move(fed), true}});
  }
}

std::optional<time_point> waiting_room::first() const {
  return queue_.empty() ? std::nullopt : std::optional<time_point>{queue_.first().at};
}

std::optional<time_point> waiting_room::starves_at(item_no no) const {
  return queue_.has(no) ? std::optional<time_point>{queue_.at(no)} : std::nullopt;
}

} // namespace djm
