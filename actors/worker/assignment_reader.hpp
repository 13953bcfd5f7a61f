#pragma once

#include <optional>
#include <set>
#include <vector>

#include "actors/worker/assigned_jobs.hpp"
#include "actors/worker/lock_table.hpp"
#include "actors/worker/worker_session.hpp"
#include "actors/worker/worker_store.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Reads what this node is assigned, whenever `assigned/<worker>` has changed, and tells the lock table.
class assignment_reader {
public:
  assignment_reader(const worker_config& cfg, const store::tree_schema& tree, worker_store& store,
                    worker_session& member, lock_table& locks)
    : cfg_(cfg), tree_(tree), store_(store), member_(member), locks_(locks) {}

  /// What is known may be old.
  void outdated() { dirty_ = true; }
  /// A new session has no watches.
  void watches_lost() { base_watched_ = false; }
  /// The watch on the folder of all locks has fired.
  void locks_folder_changed();

  /// What is known is old, and not being read.
  bool due() const { return dirty_ && !store_.reads(worker_topic::assigned); }
  void start(worker_effects& out);
  /// It was read at least once, and nothing says that it is old.
  bool current() const { return known_ && !dirty_ && !store_.reads(worker_topic::assigned); }
  const assigned_jobs& jobs() const { return jobs_; }
  const std::set<item_id>& items_of(const job_id& job) const;

private:
  /// Where the answers are.
  struct slots {
    read_slot node, folders;
    std::optional<read_slot> locks;
  };
  struct folder_slot {
    job_id job;
    bool listed; ///< its items were asked for, not just whether they have changed
    read_slot items;
  };

  void take_node(const slots& answers, step s, worker_effects& out);
  void read_folders(const std::vector<job_id>& jobs, bool all, worker_effects& out);
  void take_folders(const std::vector<folder_slot>& folders, step s, worker_effects& out);
  void ask_why(worker_effects& out);
  void take_why(const read_slots<job_id>& pools, const read_slot& all_pools, step s, worker_effects& out);
  void take_over(assigned_jobs jobs);

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_store& store_;
  worker_session& member_;
  lock_table& locks_;

  assigned_jobs jobs_;
  assigned_jobs incoming_; ///< being read
  bool known_ = false;
  bool dirty_ = true;
  bool base_watched_ = false; ///< a watch tells when the folder of all locks goes or comes
};

} // namespace djm
