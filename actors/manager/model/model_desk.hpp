#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/manager/model/cluster_model.hpp"
#include "actors/manager/planning/planning.hpp"
#include "actors/manager/records/record_ruler.hpp"
#include "actors/manager/writing/writing.hpp"

namespace djm {

/// Notes down what the cluster is (`model`, protocol §4.15), so that the next leader knows what has changed. Looks when
/// a plan has been made, before it is written, and when the records of jobs have changed; writes only what is
/// different. What is different is told first: a leader that ends in between has told it, and the next one does again.
///
///   plan made, records changed ──► (read) ──► the same: done
///                                         └─► told ──► written ──► the plan is written
///
/// It never keeps a plan from being written: what cannot be noted down is a problem, and tried again.
class model_desk {
public:
  model_desk(manager_lifetime& life, leader_store& store, const cluster_knowledge& known, const planning& plan,
             const record_ruler& records, writing& writer)
    : life_(life), store_(store), known_(known), plan_(plan), records_(records), writer_(writer) {}

  /// A plan has been made: it is written after what it was made from has been noted down.
  void planned(step s, manager_effects& out);
  /// Looks whether the records of jobs have changed, or something is still to be noted down. False: nothing to do.
  bool start(step s, manager_effects& out);
  /// What is under way is forgotten; a plan that waits for it is not written.
  void give_up();
  /// When something that could not be noted down is tried again.
  std::optional<time_point> next() const { return again_at_; }

private:
  bool look(step s, manager_effects& out);
  void apply(const read_slot& node, step s, manager_effects& out);
  void tell(const store::model_payload& now, manager_effects& out);
  void write(store::model_payload now, step s, manager_effects& out);
  void written(const store::model_payload& now, const txn_outcome<std::monostate>& o, step s, manager_effects& out);
  void go_on(step s, manager_effects& out);

  manager_lifetime& life_;
  leader_store& store_;
  const cluster_knowledge& known_;
  const planning& plan_;
  const record_ruler& records_;
  writing& writer_;

  bool known_here_ = false;                   ///< `model` has been read, and nothing has gone wrong since
  std::optional<std::int32_t> version_;       ///< of the node; nothing: it is not there
  std::string data_;                          ///< fields of later versions are kept
  std::optional<store::model_payload> noted_; ///< nothing: none that could be read
  std::optional<store::model_payload> told_;  ///< in this term
  std::string jobs_;                          ///< hash of the last plan; empty: none was made in this term
  std::optional<std::uint64_t> seen_records_; ///< as they were when last looked at
  std::optional<time_point> again_at_;
  bool plan_waits_ = false;
};

} // namespace djm
