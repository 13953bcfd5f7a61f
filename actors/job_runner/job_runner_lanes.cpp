#include "actors/job_runner/job_runner_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

bool job_runner_core::lane_busy(const lane& l) const {
  for (const auto& id : l.items) {
    auto it = items_.find(id);
    if (it != items_.end() && it->second.run != 0) {
      return true;
    }
  }
  return false;
}

bool job_runner_core::lane_free(const lane& l) const {
  if (!lane_busy(l)) {
    return true;
  }
  return cfg_.spec.on_new_items == new_items_policy::own_run &&
         std::any_of(l.items.begin(), l.items.end(), [this](const item_id& id) { return items_.at(id).run == 0; });
}

bool job_runner_core::has_fresh(const lane& l) const {
  bool fresh = false;
  for (const auto& id : l.items) {
    auto it = items_.find(id);
    fresh = fresh || (it != items_.end() && it->second.fresh);
  }
  return fresh && lane_busy(l);
}

void job_runner_core::recut(step s, effects& out) {
  std::set<item_id> share;
  for (const auto& [id, it] : items_) {
    if (it.granted) {
      share.insert(id);
    }
  }
  std::vector<std::set<item_id>> cuts;
  switch (cfg_.spec.mode) {
  case running_mode::single_thread:
    if (!share.empty()) {
      cuts.push_back(std::move(share));
    }
    break;
  case running_mode::thread_per_item:
    for (const auto& id : share) {
      cuts.push_back({id});
    }
    break;
  case running_mode::custom:
    cut_again_at_.reset();
    // The old lanes lose what was revoked at once; the new cut comes as an answer.
    for (auto& l : lanes_) {
      for (auto i = l.items.begin(); i != l.items.end();) {
        i = share.count(*i) > 0 ? std::next(i) : l.items.erase(i);
      }
    }
    lanes_.erase(std::remove_if(lanes_.begin(), lanes_.end(), [](const lane& l) { return l.items.empty(); }),
                 lanes_.end());
    if (share.empty()) {
      cut_request_ = 0;
      triggered_ahead_ = triggered_ahead_ && !eligible_;
      return;
    }
    if (cut_hangs_) {
      cut_request_ = 0;
      cuts = in_one_piece();
      break;
    }
    cut_request_ = next_request_++;
    if (std::exchange(cut_called_, cut_request_) == 0) {
      cut_hangs_at_ = s.now + cfg_.spec.pool_timeout;
    }
    out.push_back(cut_share{cut_request_, {share.begin(), share.end()}});
    return;
  }
  set_lanes(std::move(cuts), s);
}

void job_runner_core::set_lanes(std::vector<std::set<item_id>> cuts, step s) {
  std::map<item_id, std::size_t> old;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    for (const auto& id : lanes_[i].items) {
      old.emplace(id, i);
    }
  }
  std::vector<lane> next;
  next.reserve(cuts.size());
  for (auto& cut : cuts) {
    lane l;
    bool inherits = false;
    for (const auto& id : cut) {
      if (auto o = old.find(id); o != old.end()) {
        const auto& from = lanes_[o->second];
        if (!inherits || (from.due && (!l.due || *from.due < *l.due))) {
          l.due = from.due;
          l.beat = from.beat;
        }
        l.turn = std::max(l.turn, from.turn);
        l.triggered = l.triggered || from.triggered;
        l.again = l.again || from.again;
        l.since = inherits ? std::min(l.since, from.since) : from.since;
        l.last_start = std::max(l.last_start, from.last_start);
        l.last_end = std::max(l.last_end, from.last_end);
        inherits = true;
      }
    }
    l.items = std::move(cut);
    if (!inherits) {
      l.since = s.now;
      set_first_due(l, s);
      l.triggered = triggered_ahead_;
    }
    next.push_back(std::move(l));
  }
  lanes_ = std::move(next);
}

void job_runner_core::start_due(step s, effects& out) {
  lease_over_ = s.now >= run_until_;
  follow_wall_clock(s);
  for (auto& l : lanes_) {
    skip_missed(l, s);
  }
  std::vector<std::pair<time_point, std::size_t>> ready;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    const auto& l = lanes_[i];
    if (l.triggered || l.again || (l.due && *l.due <= s.now)) {
      ready.emplace_back(std::min(l.due.value_or(s.now), s.now), i);
    }
  }
  // Where a cap leaves too few places, the lane that has waited longest goes first.
  std::sort(ready.begin(), ready.end());
  for (const auto& [due, i] : ready) {
    start_lane(lanes_[i], s, out);
  }
}

/// Sorted, unless a run before did not get through: then it begins one item further each time, and what is known to
/// fail comes last. A run that is asked to stop whenever the share changes, or that throws at one item, must not keep
/// those behind from their turn for ever.
void job_runner_core::order_items(const lane& l, std::vector<work_item>& items) const {
  const auto first = static_cast<std::ptrdiff_t>(l.turn % items.size());
  std::rotate(items.begin(), items.begin() + first, items.end());
  std::stable_partition(items.begin(), items.end(), [this](const work_item& w) { return !items_.at(w.id).failed; });
}

void job_runner_core::start_lane(lane& l, step s, effects& out) {
  if (stopping_ || !leased_ || s.now >= run_until_) {
    return;
  }
  if (cfg_.spec.max_concurrent_runs > 0 && runs_.size() >= cfg_.spec.max_concurrent_runs) {
    return;
  }
  const bool busy = lane_busy(l);
  const bool due = l.due && *l.due <= s.now;
  if (busy && cfg_.spec.on_new_items != new_items_policy::own_run) {
    return;
  }
  run r;
  const auto id = (cfg_.run_base << 40) | next_run_;
  for (const auto& name : l.items) {
    auto& it = items_.at(name);
    // Beside a run that goes on: what has been in none yet, and what is due again.
    if (it.granted && it.run == 0 && (!busy || it.fresh || due) && takes_part(l, it, s)) {
      r.items.push_back({name, it.token});
    }
  }
  if (r.items.empty()) {
    return;
  }
  ++next_run_;
  order_items(l, r.items);
  std::vector<item_id> fed;
  for (const auto& w : r.items) {
    auto& it = items_.at(w.id);
    it.run = id;
    it.fresh = false;
    end_wait(w.id, it, fed);
  }
  r.started = s.now;
  r.extra = l.triggered && !l.again && !due;
  if (!r.extra) {
    advance(l, s);
  }
  if (l.again && cfg_.spec.on_new_items == new_items_policy::restart) {
    r.hold = hold_;
  }
  restart_wanted_ = restart_wanted_ && busy;
  l.again = false;
  l.triggered = l.triggered && busy; // what a run under way holds runs once more after it
  ++counters_.started;
  out.push_back(emit_effect{run_started{cfg_.spec.id, id, r.items}});
  tell_fed(std::move(fed), out);
  out.push_back(start_run{id, r.items});
  runs_.emplace(id, std::move(r));
}

} // namespace djm
