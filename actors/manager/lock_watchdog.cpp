#include "actors/manager/lock_watchdog.hpp"

#include <algorithm>

namespace djm {

bool lock_watchdog::observe(const incarnation_ref& who, store::zxid_t mzxid, const std::string& alive,
                            duration tolerance, time_point received) {
  if (alive == who.incarnation) {
    trackers_.erase(who);
    return false;
  }
  auto [i, added] = trackers_.try_emplace(who);
  auto& t = i->second;
  if (added || t.mzxid != mzxid) {
    const auto late = added ? duration::zero() : duration{received - t.since};
    t.since = received;
    t.mzxid = mzxid;
    for (auto& [lock, at] : t.locks) {
      at += late; // their tolerance counts from the new beginning
    }
  }
  t.tolerance = std::max(t.tolerance, tolerance);
  return true;
}

lock_watchdog::tracker* lock_watchdog::find(const incarnation_ref& who) {
  auto i = trackers_.find(who);
  return i == trackers_.end() ? nullptr : &i->second;
}

bool lock_watchdog::expired(const incarnation_ref& who, time_point now) const {
  auto i = trackers_.find(who);
  return i != trackers_.end() && now - i->second.since >= i->second.tolerance;
}

std::optional<time_point> lock_watchdog::next_due(time_point now) const {
  std::optional<time_point> next;
  auto add = [&](time_point t) {
    if (t > now && (!next || t < *next)) {
      next = t;
    }
  };
  for (const auto& [who, t] : trackers_) {
    add(t.since + t.tolerance);
    for (const auto& [lock, at] : t.locks) {
      add(at);
    }
  }
  return next;
}

void lock_watchdog::suspect(const incarnation_ref& who, const item_ref& lock, duration tolerance) {
  if (auto* t = find(who)) {
    t->locks[lock] = t->since + tolerance;
  }
}

std::optional<std::pair<incarnation_ref, std::vector<item_ref>>> lock_watchdog::due(time_point now,
                                                                                    std::size_t most) const {
  for (const auto& [who, t] : trackers_) {
    std::vector<item_ref> found;
    for (const auto& [lock, at] : t.locks) {
      if (at <= now && found.size() < most) {
        found.push_back(lock);
      }
    }
    if (!found.empty()) {
      return std::make_pair(who, std::move(found));
    }
  }
  return std::nullopt;
}

void lock_watchdog::settled(const incarnation_ref& who, const item_ref& lock) {
  if (auto* t = find(who)) {
    t->locks.erase(lock);
  }
}

} // namespace djm
