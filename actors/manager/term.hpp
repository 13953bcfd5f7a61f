#pragma once

#include <string>
#include <vector>

#include "actors/manager/cleaning/cleaning.hpp"
#include "actors/manager/cleaning/slot_record_sweep.hpp"
#include "actors/manager/lock_sweep/gone_observer.hpp"
#include "actors/manager/lock_sweep/lock_breaker.hpp"
#include "actors/manager/lock_sweep/lock_scan.hpp"
#include "actors/manager/model/model_desk.hpp"
#include "actors/manager/planning/planning.hpp"
#include "actors/manager/records/record_ruler.hpp"
#include "actors/manager/refresh/refresh.hpp"
#include "actors/manager/writing/writing.hpp"

namespace djm {

/// Everything that lives only while this node leads: what it knows, and the activities that work with that. A leader
/// that has lost its term knows nothing; the next term starts from what it reads. The parts know each other, so a term
/// stays where it is.
struct term {
  term(manager_lifetime& life, leadership mine, time_point now);
  term(const term&) = delete;
  term& operator=(const term&) = delete;

  // what the activities share
  leader_store store;
  cluster_knowledge known;
  dirty_marks dirty;
  lock_watchdog watchdog;
  member_history history;
  plan_moment moment;
  clean_list list;
  refusal_desk refusals;
  preparation_desk preparations;

  // the activities
  refresh refresher;
  gone_observer observer;
  record_ruler ruler;
  lock_breaker breaker;
  lock_scan scan;
  planning planner;
  writing writer;
  model_desk model;
  cleaning cleaner;
  slot_record_sweep slot_records;

  /// An activity goes on: no other may begin.
  bool busy() const { return !store.idle() || planner.under_way(); }
  /// The next moment at which one may begin.
  std::optional<time_point> wake_at(time_point now) const;
  /// Waits a little, then everything is read again.
  void start_over(const std::string& why, step s, manager_effects& out);
};

} // namespace djm
