#include "actors/manager/lock_watchdog.hpp"

#include <algorithm>
#include <utility>

namespace djm {

namespace {

/// Whether it can be told that this incarnation was not there between two looks at `workers/<w>`.
bool stayed_away(const std::string& incarnation, const registration_seen& before, const registration_seen& now) {
  if (before.mzxid == now.mzxid) {
    return true;
  }
  const auto names_another = [&](const registration_seen& x) {
    return !x.incarnation.empty() && x.incarnation != incarnation;
  };
  if (!names_another(now) || before.czxid != now.czxid) {
    return false; // removed and made anew it says nothing of what was between
  }
  // Already then another life had the id; or the one that has it now took it from what we saw then.
  return names_another(before) || now.took_over == before.version;
}

} // namespace

bool lock_watchdog::observe(const incarnation_ref& who, registration_seen seen, const std::string& alive,
                            duration tolerance, time_point received) {
  if (alive == who.incarnation) {
    trackers_.erase(who);
    return false;
  }
  auto [i, added] = trackers_.try_emplace(who);
  auto& t = i->second;
  if (added || !stayed_away(who.incarnation, t.seen, seen)) {
    const auto late = added ? duration::zero() : duration{received - t.since};
    t.since = received;
    for (auto& [lock, at] : t.locks) {
      at += late; // their tolerance counts from the new beginning
    }
  }
  t.looked_at = received;
  t.seen = std::move(seen);
  t.tolerance = std::max(t.tolerance, tolerance);
  return true;
}

const lock_watchdog::tracker* lock_watchdog::find(const incarnation_ref& who) const {
  auto i = trackers_.find(who);
  return i == trackers_.end() ? nullptr : &i->second;
}

lock_watchdog::tracker* lock_watchdog::tracked(const incarnation_ref& who) {
  auto i = trackers_.find(who);
  return i == trackers_.end() ? nullptr : &i->second;
}

bool lock_watchdog::expired(const incarnation_ref& who, time_point now) const {
  auto i = trackers_.find(who);
  return i != trackers_.end() && now - i->second.since >= i->second.tolerance;
}

bool lock_watchdog::stays_gone(const incarnation_ref& who, time_point now) const {
  auto i = trackers_.find(who);
  return expired(who, now) && i->second.looked_at - i->second.since >= i->second.tolerance;
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
  if (auto* t = tracked(who)) {
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
  if (auto* t = tracked(who)) {
    t->locks.erase(lock);
  }
}

bool lock_watchdog::suspects() const {
  return std::any_of(trackers_.begin(), trackers_.end(), [](const auto& t) { return !t.second.locks.empty(); });
}

void lock_watchdog::keep_folders(const std::vector<job_id>& jobs) {
  for (auto f = folders_.begin(); f != folders_.end();) {
    f = std::binary_search(jobs.begin(), jobs.end(), f->first) ? std::next(f) : folders_.erase(f);
  }
}

void lock_watchdog::broken(const incarnation_ref& who, const item_ref& lock) {
  settled(who, lock);
  folders_[lock.job].owners.erase(lock.item);
}

void lock_watchdog::judge_locks(const std::function<bool(const incarnation_ref&)>& alive) {
  for (const auto& [job, f] : folders_) {
    for (const auto& [item, owner] : f.owners) {
      if (alive(owner.who)) {
        continue;
      }
      if (find(owner.who) == nullptr) {
        look_at(owner.who);
      } else {
        suspect(owner.who, {job, item}, owner.tolerance);
      }
    }
  }
}

} // namespace djm
