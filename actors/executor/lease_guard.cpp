#include "actors/executor/lease_guard.hpp"

#include <algorithm>
#include <utility>

namespace djm {

void lease_guard::renew(const run_lease& l) {
  lease_ = l;
  if (l.session > ended_session_) {
    ended_at_.reset();
  }
}

void lease_guard::session_ends(std::uint64_t session, time_point at) {
  ended_session_ = std::max(ended_session_, session);
  ended_at_ = ended_at_ ? std::min(*ended_at_, at) : at;
}

void lease_guard::watch(run_id id, duration grace) {
  auto& unasked = unasked_[-grace];
  runs_[id] = {grace, unasked.size(), within_.size()};
  unasked.push_back(id);
  within_.push_back(id);
}

/// Another one takes the place of the run that goes.
void lease_guard::leave(list& from, std::size_t watched::*place, run_id id) {
  const auto at = std::exchange(runs_[id].*place, nowhere);
  if (from.back() != id) {
    from[at] = from.back();
    runs_[from[at]].*place = at;
  }
  from.pop_back();
}

void lease_guard::forget(run_id id) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  if (i->second.unasked != nowhere) {
    const auto unasked = unasked_.find(-i->second.grace);
    leave(unasked->second, &watched::unasked, id);
    if (unasked->second.empty()) {
      unasked_.erase(unasked);
    }
  }
  if (i->second.within != nowhere) {
    leave(within_, &watched::within, id);
  }
  runs_.erase(i);
}

/// Of a lease that is there. What comes late, of a session whose end was asked for before, counts from that moment.
time_point lease_guard::deadline() const {
  if (ended_at_ && lease_->session <= ended_session_) {
    return std::min(lease_->deadline, *ended_at_ + lease_->after_close);
  }
  return lease_->deadline;
}

time_point lease_guard::stop_at(duration grace) const {
  return deadline() - std::max(grace, lease_->stop_grace);
}

bool lease_guard::admits(duration grace, time_point now) const {
  return !lease_ || now < stop_at(grace);
}

lease_guard::verdict lease_guard::look(time_point now) {
  verdict v;
  if (!lease_) {
    return v;
  }
  while (!unasked_.empty() && now >= stop_at(-unasked_.begin()->first)) {
    auto due = unasked_.extract(unasked_.begin());
    if (v.stop.empty()) {
      v.due = stop_at(-due.key());
    }
    std::sort(due.mapped().begin(), due.mapped().end());
    for (const auto id : due.mapped()) {
      runs_[id].unasked = nowhere;
      v.stop.push_back(id);
    }
  }
  if (now >= deadline()) {
    v.overrun = std::exchange(within_, {});
    std::sort(v.overrun.begin(), v.overrun.end());
    for (const auto id : v.overrun) {
      runs_[id].within = nowhere;
    }
  }
  return v;
}

std::optional<time_point> lease_guard::wake_at() const {
  if (!lease_) {
    return std::nullopt;
  }
  if (!unasked_.empty()) {
    return stop_at(-unasked_.begin()->first);
  }
  return within_.empty() ? std::nullopt : std::optional<time_point>{deadline()};
}

} // namespace djm
