#pragma once

#include <vector>

#include "actors/manager/member_history.hpp"
#include "actors/manager/planning/plan_moment.hpp"
#include "actors/manager/refresh/base_reader.hpp"
#include "actors/manager/refresh/detail_reader.hpp"

namespace djm {

/// Reads the cluster: what is marked as dirty, or everything. In up to four questions, each for what the one before has
/// shown:
///
///   base      versions, and the names of workers, pools and marks     all that is new or gone is known
///   changed   registrations of workers that are known                 whose version has grown
///   details   workers, lives, pools, marks                            what is to be planned with
///   items     below workers that are new                              what they have
class refresh {
public:
  refresh(leader_store& store, cluster_knowledge& known, dirty_marks& dirty, lock_watchdog& watchdog,
          member_history& history, plan_moment& moment, clean_list& list, refusal_desk& refusals);

  void start(manager_effects& out);

private:
  void apply_base(const base_reader::slots& answers, step s, manager_effects& out);
  void apply_changed(const read_slots<node_id>& workers, step s, manager_effects& out);
  void read_details(step s, manager_effects& out);
  void apply_details(const detail_reader::slots& answers, step s, manager_effects& out);
  void apply_items(const read_slots<job_folder>& folders, step s, manager_effects& out);
  void refreshed(step s, manager_effects& out);
  duration others_take() const;
  void note_lives(step s, manager_effects& out);

  leader_store& store_;
  cluster_knowledge& known_;
  dirty_marks& dirty_;
  lock_watchdog& watchdog_;
  member_history& history_;
  plan_moment& moment_;
  refusal_desk& refusals_;
  base_reader base_;
  detail_reader details_;

  // the one under way
  dirty_marks::taken what_;
  detail_reader::wanted wanted_;
};

} // namespace djm
