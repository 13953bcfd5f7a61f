#pragma once

#include <set>
#include <string>

#include "actors/worker/lock_table.hpp"
#include "actors/worker/worker_store.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Asks the store about locks: those that are uncertain behind a barrier, those of others with a watch that tells when
/// they go. Above `max_lock_watches` the folder of a job is watched instead of its locks.
class lock_reader {
public:
  lock_reader(const worker_config& cfg, const store::tree_schema& tree, worker_store& store, lock_table& locks)
    : cfg_(cfg), tree_(tree), store_(store), locks_(locks) {}

  // -- what is asked: true when anything is --

  /// About locks that are uncertain.
  bool verify(worker_effects& out);
  /// About locks of others that we wait for.
  bool look(worker_effects& out);

  // -- what is heard --

  /// A watch on the folder of a job's locks has fired.
  void folder_changed(const job_id& job);
  /// A watch on a lock has fired.
  void lock_changed(const item_ref& ref);
  /// All locks have gone at once.
  void all_folders_gone() { folders_.clear(); }
  /// A new session has no watches.
  void watches_lost();

  // -- folders, for whoever changes locks --

  bool folder_exists(const job_id& job) const { return folders_.count(job) > 0; }
  void folder_made(const job_id& job) { folders_.insert(job); }
  void folder_gone(const job_id& job) { folders_.erase(job); }
  /// Which locks of the job there are is not what was thought.
  void list_again(const job_id& job) { list_jobs_.insert(job); }

  /// How often locks had to be read because what was known was not proved.
  std::uint64_t rereads() const { return rereads_; }

private:
  bool list_folders(worker_effects& out);
  void take_list(const read_slots<job_id>& folders, step s, worker_effects& out);
  void take_locks(const read_slots<item_ref>& found, step s, worker_effects& out);
  void take_lock(const item_ref& ref, const store::read_result& found, step s, worker_effects& out);

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_store& store_;
  lock_table& locks_;

  std::set<job_id> folders_;   ///< lock folders known to exist
  std::set<job_id> list_jobs_; ///< lock folders to list
  std::set<job_id> child_watches_;
  std::set<item_ref> watched_; ///< locks with a watch of their own
  std::uint64_t rereads_ = 0;
};

} // namespace djm
