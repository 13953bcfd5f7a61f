#pragma once

#include <cstdint>
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

/// The leader's knowledge of who is gone since when, and of the locks they left (protocol §3, Break).
///
/// The clock of an incarnation starts at the receipt of a read that showed it gone, and starts again whenever the mzxid
/// of `workers/<w>` has changed meanwhile: it may have been back in between. It counts on this leader's own clock only.
class lock_watchdog {
public:
  struct tracker {
    time_point since{};
    store::zxid_t mzxid = 0;
    /// Tolerance in its registration: when its items may move and its locks are first looked at.
    duration tolerance = duration::zero();
    /// Locks it may have left, each with the moment at which it may be broken.
    std::map<item_ref, time_point> locks;
  };

  /// A read of `workers/<w>` (its mzxid) followed by a read of `alive/<w>` (the incarnation there, empty for none).
  /// True when the incarnation is gone.
  bool observe(const incarnation_ref& who, store::zxid_t mzxid, const std::string& alive, duration tolerance,
               time_point received);
  void forget(const incarnation_ref& who) { trackers_.erase(who); }
  /// Forgets those without locks to look at for which `over` holds, so that lives that have ended do not pile up.
  template <class F>
  void forget_settled(F over) {
    for (auto i = trackers_.begin(); i != trackers_.end();) {
      i = i->second.locks.empty() && over(i->first) ? trackers_.erase(i) : std::next(i);
    }
  }
  void clear() {
    trackers_.clear();
    folders_.clear();
  }

  const std::map<incarnation_ref, tracker>& trackers() const { return trackers_; }
  tracker* find(const incarnation_ref& who);

  /// Gone for at least its tolerance: its items may move.
  bool expired(const incarnation_ref& who, time_point now) const;
  /// The next moment at which an incarnation or a lock becomes due.
  std::optional<time_point> next_due(time_point now) const;

  /// Adds a lock to look at; it is due when its owner has been gone for `tolerance`.
  void suspect(const incarnation_ref& who, const item_ref& lock, duration tolerance);
  /// An incarnation with locks that are due, and up to `most` of them.
  std::optional<std::pair<incarnation_ref, std::vector<item_ref>>> due(time_point now, std::size_t most) const;
  void settled(const incarnation_ref& who, const item_ref& lock);

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
  std::map<job_id, folder>& folders() { return folders_; }
  const std::map<job_id, folder>& folders() const { return folders_; }

private:
  std::map<incarnation_ref, tracker> trackers_;
  std::map<job_id, folder> folders_;
};

} // namespace djm
