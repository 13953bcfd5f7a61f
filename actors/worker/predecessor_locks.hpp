#pragma once

#include <set>
#include <string>

#include "actors/worker/lock_table.hpp"
#include "actors/worker/worker_store.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// A core that replaces one that failed looks for the locks that that one may have made: each lock there is, of
/// whichever job, becomes an uncertain entry of the table.
class predecessor_locks {
public:
  predecessor_locks(bool rebuilt, const store::tree_schema& tree, worker_store& store, lock_table& locks)
    : tree_(tree), store_(store), locks_(locks), jobs_unknown_(rebuilt) {}

  /// True when anything is asked.
  bool look(worker_effects& out);
  /// The list of jobs was not answered.
  void look_again() { jobs_unknown_ = true; }

private:
  void take_jobs(const read_slot& jobs, step s, worker_effects& out);
  void take_locks(const read_slots<job_id>& folders, step s, worker_effects& out);
  bool says(store::rc code, const std::string& path, step s, worker_effects& out);

  static constexpr auto about = "locks of the part before"; ///< what is complained of

  const store::tree_schema& tree_;
  worker_store& store_;
  lock_table& locks_;
  bool jobs_unknown_;
  std::set<job_id> jobs_; ///< whose locks are to be looked at
};

} // namespace djm
