#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/leader_store.hpp"
#include "actors/manager/lock_watchdog.hpp"

namespace djm {

/// The sweep: a walk through the lock folders, from time to time, for locks of whoever is gone. Many folders are looked
/// at with one question; only those in which something was created or deleted since are listed. One question at a time;
/// between two of them more urgent activities have their turn.
class lock_scan {
public:
  lock_scan(manager_lifetime& life, leader_store& store, const cluster_knowledge& known, dirty_marks& dirty,
            lock_watchdog& watchdog, time_point first)
    : cfg_(life.cfg),
      store_(store),
      known_(known),
      dirty_(dirty),
      watchdog_(watchdog),
      sweeps_(life.counters.sweeps),
      at_(first) {}

  /// When the next sweep begins.
  time_point next() const { return at_; }
  bool under_way() const { return walk_.has_value(); }
  /// When the latest sweep began that is over; nothing: none is.
  std::optional<time_point> swept_from() const { return swept_from_; }

  void start(step s, manager_effects& out);
  /// Takes the next step of the sweep that is under way. False: it was the last, and nothing was asked.
  bool go_on(manager_effects& out);
  /// The sweep that is under way is given up; the next one comes in its time.
  void give_up() { walk_.reset(); }

private:
  /// A sweep under way.
  struct walk {
    explicit walk(time_point at) : began(at) {}

    time_point began;
    std::deque<job_id> jobs;    ///< whose folders are still to be looked at
    std::deque<job_id> changed; ///< whose folders are to be listed
    // The folder that is listed, and its locks that are still to be read.
    job_id job;
    lock_watchdog::folder folder;
    std::deque<item_ref> locks;
  };

  void look_at_folders(manager_effects& out);
  void read_locks(manager_effects& out);
  void over();
  void forget_locks(const job_id& job, const std::vector<std::string>& names, manager_effects& out);
  void apply_jobs(const read_slot& slot, step s, manager_effects& out);
  void apply_folders(const read_slots<job_id>& folders, step s, manager_effects& out);
  void apply_folder(const read_slot& slot, step s, manager_effects& out);
  void apply_locks(const read_slots<item_ref>& locks, step s, manager_effects& out);

  const manager_config& cfg_;
  leader_store& store_;
  const cluster_knowledge& known_;
  dirty_marks& dirty_;
  lock_watchdog& watchdog_;
  std::uint64_t& sweeps_;
  time_point at_;
  std::optional<time_point> swept_from_;
  std::optional<walk> walk_;
};

} // namespace djm
