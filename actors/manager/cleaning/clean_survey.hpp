#pragma once

#include <set>

#include "actors/manager/cleaning/clean_list.hpp"
#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/leader_store.hpp"
#include "actors/manager/lock_sweep/lock_scan.hpp"
#include "actors/manager/lock_watchdog.hpp"

namespace djm {

/// Finds out from the image, without reading anything, what nobody needs any more. Nothing of it is sure: each thing is
/// read before it is removed.
class clean_survey {
public:
  clean_survey(manager_lifetime& life, const leader_store& store, const cluster_knowledge& known,
               const lock_watchdog& watchdog, const lock_scan& scan, clean_list& list)
    : cfg_(life.cfg), store_(store), known_(known), watchdog_(watchdog), scan_(scan), list_(list) {}

  /// Makes the list anew.
  void make(time_point now);

private:
  std::set<job_id> offered(time_point now) const;
  std::set<node_id> lock_owners() const;
  bool swept_since_gone(const node_id& id, const worker_image& w) const;
  void add_pools(time_point now);
  void add_workers(time_point now);
  void add_folders(const node_id& id, const worker_image& w, std::vector<clean_task>& found) const;
  void add_lock_folders();

  const manager_config& cfg_;
  const leader_store& store_;
  const cluster_knowledge& known_;
  const lock_watchdog& watchdog_;
  const lock_scan& scan_;
  clean_list& list_;
};

} // namespace djm
