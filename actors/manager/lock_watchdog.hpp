#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "djm/ids.hpp"
#include "djm/time.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// One life of a worker.
struct incarnation_ref {
  node_id worker;
  std::string incarnation;
  bool operator<(const incarnation_ref& o) const {
    return worker != o.worker ? worker < o.worker : incarnation < o.incarnation;
  }
};

/// What a read of `workers/<w>` says of whose the id is. All zero: there was nothing to read.
struct registration_seen {
  registration_seen() = default;
  registration_seen(store::zxid_t modified) : mzxid(modified) {}
  registration_seen(const store::stat& s, const std::optional<store::worker_payload>& p)
    : czxid(s.czxid), mzxid(s.mzxid), version(s.version) {
    if (p) {
      incarnation = p->incarnation;
      took_over = p->took_over;
    }
  }

  store::zxid_t czxid = 0;
  store::zxid_t mzxid = 0;
  std::int32_t version = -1;
  /// Empty while it cannot be read.
  std::string incarnation;
  std::int64_t took_over = -1;
};

/// The leader's knowledge of who is gone since when, and of the locks they left (protocol §4.5).
///
/// The clock of an incarnation starts at the receipt of a read that showed it gone. It starts again when `workers/<w>`
/// has been written meanwhile, because it may have been back in between; but not for a life that is over for good: one
/// that finds another named there never joins again. So a node that crashes and returns again and again does not keep
/// the locks of its earlier lives. Clocks count on this leader's own clock only.
class lock_watchdog {
public:
  struct tracker {
    time_point since{};
    /// The receipt of the latest read that showed it gone.
    time_point looked_at{};
    /// `workers/<w>` as it was at the latest look.
    registration_seen seen;
    /// Tolerance in its registration: when its items may move and its locks are first looked at.
    duration tolerance = duration::zero();
    /// Locks it may have left, each with the moment at which it may be broken.
    std::map<item_ref, time_point> locks;
  };

  /// A read of `workers/<w>` followed by a read of `alive/<w>` (the incarnation there, empty for none). True when the
  /// incarnation is gone.
  bool observe(const incarnation_ref& who, registration_seen seen, const std::string& alive, duration tolerance,
               time_point received);
  void forget(const incarnation_ref& who) { trackers_.erase(who); }
  /// Forgets those without locks to look at for which `over` holds, so that lives that have ended do not pile up.
  template <class F>
  void forget_settled(F over) {
    for (auto i = trackers_.begin(); i != trackers_.end();) {
      i = i->second.locks.empty() && over(i->first) ? trackers_.erase(i) : std::next(i);
    }
  }
  const std::map<incarnation_ref, tracker>& trackers() const { return trackers_; }
  const tracker* find(const incarnation_ref& who) const;

  // -- of whom it is not known whether they are gone --

  /// To be looked at as soon as possible: it may have left locks.
  void look_at(const incarnation_ref& who) { to_look_at_.insert(who); }
  const std::set<incarnation_ref>& to_look_at() const { return to_look_at_; }
  /// They are being looked at.
  void looking() { to_look_at_.clear(); }
  void no_look_at(const incarnation_ref& who) { to_look_at_.erase(who); }

  /// Gone for at least its tolerance, as far as this leader knows.
  bool expired(const incarnation_ref& who, time_point now) const;
  /// And a look after that has shown it gone still: its items may move. What this leader has not heard yet, because it
  /// stood still itself, may be that it was back.
  bool stays_gone(const incarnation_ref& who, time_point now) const;
  /// The next moment at which an incarnation or a lock becomes due.
  std::optional<time_point> next_due(time_point now) const;

  /// Adds a lock to look at; it is due when its owner has been gone for `tolerance`.
  void suspect(const incarnation_ref& who, const item_ref& lock, duration tolerance);
  /// An incarnation with locks that are due, and up to `most` of them.
  std::optional<std::pair<incarnation_ref, std::vector<item_ref>>> due(time_point now, std::size_t most) const;
  void settled(const incarnation_ref& who, const item_ref& lock);
  /// Whether there are locks to look at, now or later. Walks the lives that are gone.
  bool suspects() const;

  // -- what lies in the lock folders, so that a calm cluster is not read again and again --

  struct lock_owner {
    incarnation_ref who;
    duration tolerance = duration::zero();
  };
  struct folder {
    store::zxid_t pzxid = 0;
    std::int32_t cversion = -1;
    std::map<item_id, lock_owner> owners;
  };
  const std::map<job_id, folder>& folders() const { return folders_; }
  void put_folder(const job_id& job, folder f) { folders_[job] = std::move(f); }
  void drop_folder(const job_id& job) { folders_.erase(job); }
  /// Only these are left; sorted.
  void keep_folders(const std::vector<job_id>& jobs);
  /// This leader has deleted the lock.
  void broken(const incarnation_ref& who, const item_ref& lock);
  /// Locks whose owner is not alive: watched from now on, or found to be due.
  void judge_locks(const std::function<bool(const incarnation_ref&)>& alive);

private:
  tracker* tracked(const incarnation_ref& who);

  std::map<incarnation_ref, tracker> trackers_;
  std::map<job_id, folder> folders_;
  std::set<incarnation_ref> to_look_at_;
};

} // namespace djm
