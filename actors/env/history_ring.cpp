#include "actors/env/history_ring.hpp"

#include <algorithm>

namespace djm {

namespace {

bool has_failed(const past_run& r) {
  return r.outcome == run_outcome::failed || r.outcome == run_outcome::failed_for_good ||
         r.outcome == run_outcome::timed_out;
}

/// About what it takes, with its places in the lists.
std::size_t size_of(const past_run& r) {
  constexpr std::size_t place = 64;
  auto n = sizeof(past_run) + place + r.node.size() + r.job.size() + r.error.size() + r.progress.text.size();
  for (const auto& w : r.items) {
    n += sizeof(w) + w.id.size() + place;
  }
  for (const auto& id : r.failed_items) {
    n += sizeof(id) + id.size();
  }
  return n;
}

bool matches(const past_run& r, const get_history& which) {
  if ((!which.job.empty() && r.job != which.job) || (which.outcome && r.outcome != *which.outcome)) {
    return false;
  }
  return which.item.empty() ||
         std::any_of(r.items.begin(), r.items.end(), [&](const work_item& w) { return w.id == which.item; });
}

} // namespace

void history_ring::add(past_run run) {
  const auto no = ++last_;
  auto& e = runs_[no];
  e.bytes = size_of(run);
  e.run = std::move(run);
  bytes_ += e.bytes;
  for (const auto& w : e.run.items) {
    auto& mine = of_item_[{e.run.job, w.id}];
    mine.push_back(no);
    ++e.held_by;
    if (mine.size() > limits_.of_item) {
      drop_first(mine);
    }
  }
  if (has_failed(e.run)) {
    failures_.push_back(no);
    ++e.held_by;
    if (failures_.size() > limits_.failures) {
      drop_first(failures_);
    }
  }
  while (bytes_ > limits_.bytes && runs_.size() > 1) {
    forget_oldest();
  }
}

void history_ring::drop_first(list& from) {
  const auto i = runs_.find(from.front());
  from.pop_front();
  if (--i->second.held_by == 0) {
    bytes_ -= i->second.bytes;
    ++forgotten_;
    runs_.erase(i);
  }
}

/// It stands first in each list in which it is.
void history_ring::forget_oldest() {
  const auto oldest = runs_.begin();
  for (const auto& w : oldest->second.run.items) {
    const auto mine = of_item_.find({oldest->second.run.job, w.id});
    if (mine != of_item_.end() && !mine->second.empty() && mine->second.front() == oldest->first) {
      mine->second.pop_front();
      if (mine->second.empty()) {
        of_item_.erase(mine);
      }
    }
  }
  if (!failures_.empty() && failures_.front() == oldest->first) {
    failures_.pop_front();
  }
  bytes_ -= oldest->second.bytes;
  ++forgotten_;
  runs_.erase(oldest);
}

run_history history_ring::find(const get_history& which) const {
  run_history found;
  found.forgotten = forgotten_;
  for (auto i = runs_.rbegin(); i != runs_.rend() && found.runs.size() < which.limit; ++i) {
    if (matches(i->second.run, which)) {
      found.runs.push_back(i->second.run);
    }
  }
  return found;
}

} // namespace djm
