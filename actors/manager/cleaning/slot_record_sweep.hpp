#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/manager/leader_store.hpp"
#include "djm/time.hpp"

namespace djm {

/// Removes what is remembered of the slots of items that are in no pool any more: a job whose items bear dates would
/// leave a record of each for ever.
///
///   waiting ──due──► jobs ──one after the other──► its items ──those without a pool, some at a time──► removed
///
/// A record goes when it was written so long ago that nothing up to its slot would be caught up on (`slot_rules::
/// window` and a day for clocks that differ, and at least a week): whoever has the item again repeats nothing without
/// it. Records of parked items stay, for they say something that no time makes void. So does whatever cannot be read.
///
/// How long ago is told by the store's clock alone, and that by the latest change among what is read: time may have
/// passed since, and then records go later.
class slot_record_sweep {
public:
  static constexpr std::chrono::hours least_age{7 * 24};
  static constexpr std::chrono::hours margin{24};
  static constexpr std::chrono::minutes least_period{10};

  slot_record_sweep(manager_lifetime& life, leader_store& store, time_point now)
    : store_(store),
      period_(std::max<duration>(life.cfg.clean_period, least_period)),
      cleaned_(life.counters.cleaned),
      at_(now + period_) {}

  /// Goes on with the sweep, or begins one that is due.
  void start(step s, manager_effects& out);
  /// When the next sweep begins.
  time_point next() const { return at_; }
  void give_up();

private:
  struct listing {
    job_id job;
    read_slot pools, record, pool, states;
  };
  struct candidate {
    item_id item;
    read_slot record, lock;
  };
  struct look {
    read_slot jobs, pools;
    std::vector<candidate> found;
  };

  void apply_jobs(const read_slot& jobs, step s, manager_effects& out);
  void list(const job_id& job, manager_effects& out);
  void apply_list(const listing& l, step s, manager_effects& out);
  void look_at_some(manager_effects& out);
  void apply_look(const look& l, step s, manager_effects& out);
  bool may_go(const candidate& c, std::int64_t now_ms) const;
  void removed(std::size_t records, const txn_outcome<std::monostate>& o, step s, manager_effects& out);

  leader_store& store_;
  duration period_;
  std::uint64_t& cleaned_;
  time_point at_;
  std::vector<job_id> jobs_; ///< still to be looked at in this sweep
  // of the job that is looked at
  job_id job_;
  std::int32_t pools_ = 0;     ///< the version of all pools, as it was when they were read
  duration age_ = least_age;   ///< what is remembered for longer is not needed
  std::vector<item_id> items_; ///< those in no pool of which something is remembered
};

} // namespace djm
