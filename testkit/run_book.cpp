#include "testkit/run_book.hpp"

#include <algorithm>
#include <set>

namespace djm::test {

void run_book::began(host h, const node_id& node, run_id run, const job_id& job, std::vector<work_item> items,
                     duration now) {
  open_[{h, run}] = runs_.size();
  auto& r = runs_.emplace_back();
  r.node = node;
  r.job = job;
  r.run = run;
  r.items = std::move(items);
  r.began = now;
  auto& p = places_.emplace_back();
  p.on = h;
  p.began = ++sequence_;
}

void run_book::stop_asked(host h, run_id run, stop_reason reason, duration now) {
  const auto i = open_.find({h, run});
  if (i == open_.end() || runs_[i->second].stop_asked) {
    return;
  }
  runs_[i->second].stop_asked = now;
  runs_[i->second].reason = reason;
}

void run_book::released(host h, run_id run, const item_id& item, duration now) {
  if (const auto i = open_.find({h, run}); i != open_.end()) {
    places_[i->second].released.emplace(item, std::pair{++sequence_, now});
  }
}

void run_book::ended(host h, run_id run, run_end how, std::string failure, duration now) {
  const auto i = open_.find({h, run});
  if (i == open_.end()) {
    return;
  }
  auto& r = runs_[i->second];
  r.ended = now;
  r.how = how;
  r.failure = std::move(failure);
  places_[i->second].ended = ++sequence_;
  open_.erase(i);
}

void run_book::crashed(host h, duration now) {
  for (auto i = open_.lower_bound({h, 0}); i != open_.end() && i->first.first == h; i = open_.lower_bound({h, 0})) {
    ended(h, i->first.second, run_end::crashed, {}, now);
  }
}

void run_book::paused(host h, duration now) {
  pauses_[h].push_back({now, duration::max()});
}

void run_book::resumed(host h, duration now, duration grace) {
  if (auto& all = pauses_[h]; !all.empty()) {
    all.back().to = now + grace;
  }
}

bool run_book::excused(const run_record& first, host on, duration from, duration now) const {
  const auto all = pauses_.find(on);
  if (all == pauses_.end()) {
    return false;
  }
  return std::any_of(all->second.begin(), all->second.end(), [&](const pause& p) {
    return first.began <= p.from && p.from <= from && first.ended.value_or(now) <= p.to;
  });
}

std::vector<run_book::double_run> run_book::double_runs(duration now) const {
  std::vector<double_run> result;
  // Of each item the runs that had not ended when the latest one began, by their indices.
  std::map<item_ref, std::set<std::size_t>> running;
  for (std::size_t second = 0; second < runs_.size(); ++second) {
    for (const auto& item : runs_[second].items) {
      auto& others = running[{runs_[second].job, item.id}];
      for (auto i = others.begin(); i != others.end();) {
        const auto& first = runs_[*i];
        if (places_[*i].left(item.id) < places_[second].began) {
          i = others.erase(i);
          continue;
        }
        overlap o;
        o.job = first.job;
        o.item = item.id;
        o.first = first;
        o.second = runs_[second];
        o.from = o.second.began;
        if (first.ended && o.second.ended) {
          o.to = std::min(*first.ended, *o.second.ended);
        } else {
          o.to = first.ended ? first.ended : o.second.ended;
        }
        const bool paused = excused(first, places_[*i].on, o.from, now);
        result.push_back({std::move(o), paused});
        ++i;
      }
      others.insert(second);
    }
  }
  return result;
}

} // namespace djm::test
