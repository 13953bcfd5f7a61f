#pragma once

#include <set>
#include <string>
#include <vector>

#include "djm/ids.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// What the leader knows and has to read again, and for what no watch will tell it so. Whatever happens while something
/// else is under way leaves a mark here; the next refresh takes them all.
class dirty_marks {
public:
  /// What a refresh reads. `members`, `pools` and `refusals` are included in `all`, jobs are those beside.
  struct taken {
    bool all = false;
    bool members = false;
    bool pools = false;
    bool refusals = false;
    std::vector<job_id> jobs;
  };

  bool any() const { return all_ || members_ || pools_ || refusals_ || !jobs_.empty(); }
  void everything() { all_ = true; }
  void members() { members_ = true; }
  /// A watch has fired.
  void heard(const std::string& path, const store::tree_schema& tree);
  /// The marks are worked off from now on; what is marked meanwhile is for the next refresh.
  taken take();

  // -- what has no watch --

  /// Something of it could not be watched: it is read again with each sweep.
  void unwatched() { unwatched_ = true; }
  /// Whether this job could be watched. One that could not is read again with every change of a pool, whoever's it is.
  void job_read(const job_id& id, bool watched);
  void job_gone(const job_id& id) { unwatched_jobs_.erase(id); }
  /// What was known of jobs is dropped.
  void jobs_dropped() { unwatched_jobs_.clear(); }
  /// A sweep begins.
  void sweep() { all_ = all_ || unwatched_; }

private:
  bool all_ = false;
  bool members_ = false;
  bool pools_ = false;
  bool refusals_ = false;
  std::set<job_id> jobs_;
  bool unwatched_ = false;
  std::set<job_id> unwatched_jobs_;
};

} // namespace djm
