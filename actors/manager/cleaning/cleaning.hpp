#pragma once

#include <cstdint>
#include <vector>

#include "actors/manager/cleaning/clean_survey.hpp"
#include "actors/manager/cleaning/removal.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/planning/plan_moment.hpp"

namespace djm {

/// Removes from the tree what nobody needs any more. It is read in batches and removed in transactions of many things;
/// the image follows what was removed, so that a cleaning costs what it removes and nothing else is read for it.
class cleaning {
public:
  cleaning(manager_lifetime& life, leader_store& store, cluster_knowledge& known, dirty_marks& dirty,
           lock_watchdog& watchdog, const lock_scan& scan, plan_moment& moment, clean_list& list);

  /// Finds out what there is to do.
  void survey(step s, manager_effects& out);
  /// Reads what the next tasks of one kind are about.
  void start(time_point now, manager_effects& out);

private:
  // Where the answers are.
  struct version_slots {
    read_slot workers, pools;
  };

  void apply_read(const version_slots& slots, step s, manager_effects& out);
  void add_guards(removal::builder& txn, std::int32_t pool_version);
  void add_removals(removal::builder& txn);
  void put_back(std::size_t from);
  void clean_written(const txn_outcome<removal::label>& o, step s, manager_effects& out);
  void cleaned(step s);
  void follow(const removal& r, step s);
  void clean_conflict(const removal::label* met, step s);
  void clean_again(step s);

  const manager_config& cfg_;
  leader_store& store_;
  cluster_knowledge& known_;
  dirty_marks& dirty_;
  lock_watchdog& watchdog_;
  plan_moment& moment_;
  clean_list& list_;
  std::uint64_t& cleaned_;
  duration_histogram& clean_time_;
  time_point started_{};
  clean_survey survey_;
  std::vector<removal> removals_; ///< those being read or removed, of one kind
};

} // namespace djm
