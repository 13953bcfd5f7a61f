#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/leader_store.hpp"
#include "actors/manager/lock_watchdog.hpp"
#include "actors/manager/model/cluster_model.hpp"
#include "actors/manager/planning/plan_moment.hpp"
#include "actors/manager/records/preparation_desk.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm {

/// What the leader alone may say in the records of jobs: which of the specifications that nodes offer rules, that a job
/// is removed because nobody has it any more (then the saved states of its items go, and its pool is marked as one to
/// be removed), and that nobody need remember that any longer. All of that depends on who is there, so it is written
/// with a check that nobody has joined, left, or offered anything since that was read.
///
/// Besides it finds out which jobs have to be prepared, and who can do that.
///
/// Looks at records that leave something to decide: those with several specifications, those that are being removed,
/// and those of jobs that are not prepared. The others cost one look when the term begins, and one each when they
/// change.
class record_ruler {
public:
  record_ruler(manager_lifetime& life, leader_store& store, const cluster_knowledge& known, dirty_marks& dirty,
               const lock_watchdog& watchdog, plan_moment& moment, preparation_desk& preparations, time_point now)
    : life_(life),
      store_(store),
      known_(known),
      dirty_(dirty),
      watchdog_(watchdog),
      moment_(moment),
      preparations_(preparations),
      tidy_at_(now) {}

  /// A watch has fired.
  void heard(const std::string& path) { news_ = news_ || path == store_.tree().jobs_version(); }
  /// False: there is nothing to look at.
  bool start(step s, manager_effects& out);
  /// What is under way is forgotten.
  void give_up();
  /// What all follow of each job.
  const record_marks& marks() const { return marks_; }
  /// The next moment at which there may be something to look at.
  std::optional<time_point> next() const { return earliest(look_at_, tidy_at_); }

private:
  // Where the answers are.
  struct question {
    store::record_reads found;
    std::vector<std::pair<node_id, read_slot>> offers;
    /// Items with a saved state, and the pool, where the job may be over.
    std::optional<read_slot> states, pool;
  };
  struct base_slots {
    read_slot version, worker_version, pool_version;
  };
  // what has changed
  void look(manager_effects& out);
  void apply_look(const read_slot& version, const std::optional<read_slot>& names, step s, manager_effects& out);
  void apply_records(const std::vector<store::record_reads>& records, step s, manager_effects& out);
  void note(const job_id& job, const store::read_result& record, step s, manager_effects& out);
  void mark(const store::record_reads& found);
  // what is to be decided
  std::set<std::string> offering(time_point now) const;
  void judge(manager_effects& out);
  void apply_judgement(const base_slots& base, const std::vector<question>& questions, step s, manager_effects& out);
  void look_at_preparation(const question& q, const store::job_payload& record, step s);
  bool decide(const question& q, step s, std::vector<store::write_op>& ops);
  void retire_pool(const question& q, std::vector<store::write_op>& ops) const;
  void remove_states(const question& q, std::vector<store::write_op>& ops) const;
  void written(const std::vector<job_id>& decided, const txn_outcome<std::monostate>& o, step s, manager_effects& out);
  // what nobody needs any more
  void tidy(step s);
  bool is_offered(const job_id& job) const;

  manager_lifetime& life_;
  leader_store& store_;
  const cluster_knowledge& known_;
  dirty_marks& dirty_;
  const lock_watchdog& watchdog_;
  plan_moment& moment_;
  preparation_desk& preparations_;

  bool news_ = true;
  std::optional<std::int32_t> seen_;  ///< all changes up to this version of `jobs-version` have been noticed
  std::optional<time_point> look_at_; ///< where no watch could be left
  time_point tidy_at_;
  std::set<job_id> names_;             ///< of all records
  std::set<job_id> ended_;             ///< of jobs that are being removed, or that nobody has had for long
  std::set<job_id> open_questions_;    ///< records that leave something to decide
  std::set<job_id> to_judge_;          ///< of those, what has not been judged since something has changed
  std::set<std::string> judged_among_; ///< who was there when all were judged
  record_marks marks_;
  std::map<job_id, time_point> idle_since_; ///< since when nobody offers them, as far as this leader has seen
};

} // namespace djm
