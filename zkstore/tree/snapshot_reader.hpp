#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "zkstore/job_payloads.hpp"
#include "zkstore/tree/records.hpp"

namespace djm::store {

/// The whole tree as it was read, sorted by names. What could not be read is left out and is among the problems.
struct tree_snapshot {
  struct worker {
    worker_record record;
    alive_record alive;
    /// What each folder below its `assigned` lists; folders that went meanwhile are left out.
    std::vector<std::pair<job_id, std::vector<item_id>>> assigned;
  };
  struct lock {
    item_id item;
    zxid_t token = 0; ///< of the turn: the fencing token
    reading<lock_payload> holder;
  };
  struct job {
    job_record record;
    /// What all nodes follow of it; only where that was asked for.
    reading<job_payload> followed;
    /// Sorted by item; only where locks were asked for.
    std::vector<lock> locks;
  };
  struct candidate {
    node_id worker;
    zxid_t epoch = 0;
  };

  /// Base nodes that are missing: without them nothing else says much.
  std::vector<std::string> missing;
  bool all_disabled = false;
  std::vector<worker> workers;
  std::vector<job> jobs;
  std::map<node_id, mark_payload> marks;
  /// `refusals`, by name.
  std::map<std::string, refusal_payload> refusals;
  /// The candidates that a session holds, in the order in which they would lead: the first one does. Only where they
  /// were asked for.
  std::vector<candidate> candidates;
  /// What is noted down of the cluster as a whole; with the candidates.
  reading<model_payload> model;
  /// Locks were asked for, and there are more items than may be looked at.
  bool locks_left_out = false;
  /// What is not as djm writes it: each error names its path.
  std::vector<error> problems;
};

/// Reads the whole tree once, in three rounds and without watches, for whoever wants to know how things stand: the
/// cluster view, and nodes that plan without leading. (The leader keeps its image up to date from watches instead; it
/// reads the same records.) What changes between the rounds is seen before or after its change. Pure; one use.
///
///   snapshot_reader r{tree};
///   while (!r.complete()) { send(r.next()); ... r.take(); }
class snapshot_reader {
public:
  struct scope {
    /// Who leads, and what leaders have noted down: reads all candidates.
    bool candidates;
    /// Reads the lock of each item, unless there are more items than this.
    std::size_t max_locks;
    /// What all nodes follow of each job.
    bool followed = false;
  };

  /// Neither candidates nor locks.
  explicit snapshot_reader(tree_schema tree) : snapshot_reader(std::move(tree), {false, 0}) {}
  snapshot_reader(tree_schema tree, scope s) : tree_(std::move(tree)), scope_(s) {}

  bool complete() const noexcept { return round_ == round::done; }
  /// What to read next; never empty before the snapshot is complete.
  read_batch next();
  /// The answers to the latest `next` are there.
  void take();
  const tree_snapshot& snapshot() const noexcept { return snapshot_; }

private:
  enum class round : std::uint8_t { base, details, items, done };

  struct base_slots {
    read_slot workers, alive, pools, jobs, marks, refusals;
    std::optional<read_slot> candidates, model;
  };
  /// Places in the snapshot.
  struct folder {
    std::size_t worker;
    job_id job;
  };
  struct item_place {
    std::size_t job;
    item_id item;
  };

  void take_base();
  void take_candidates();
  void take_details();
  void take_refusals();
  void take_items();
  void look_at_locks();
  void note(const error& e) { snapshot_.problems.push_back(e); }
  template <class Payload>
  void note(const reading<Payload>& r) {
    if (r.problem) {
      note(*r.problem);
    }
  }

  tree_schema tree_;
  scope scope_;
  round round_ = round::base;
  tree_snapshot snapshot_;
  // what is asked in the present round, or will be in the next one
  base_slots base_;
  std::vector<node_id> worker_names_, marked_;
  std::vector<job_id> job_names_;
  std::vector<std::string> candidate_names_, refusal_names_;
  std::vector<std::pair<worker_reads, read_slot>> workers_;
  std::vector<job_reads> jobs_;
  read_slots<job_id> followed_;
  read_slots<node_id> marks_;
  read_slots<std::string> candidates_, refusals_;
  std::vector<folder> folders_;
  std::vector<item_place> items_;
  read_slots<folder> folder_slots_;
  read_slots<item_place> lock_slots_;
};

} // namespace djm::store
