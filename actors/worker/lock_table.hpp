#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/worker/assigned_jobs.hpp"
#include "actors/worker/worker_effects.hpp"
#include "djm/worker_status.hpp"

namespace djm {

/// The items that this node has to do with: what is wanted of each, how its lock stands, and what its runner was told.
///
///         assigned            created / adopted
///   none ──────────► creating ─────────────────► held ──grant──► (runner works)
///   ▲  ▲                │ exists                  │ no longer assigned: revoke, wait for `released`
///   │  └────────────────┘                         ▼
///   │                                          removing ──► none
///   │  listed: another has it
///   ├──────────────────────────► taken ──a watch is left──► waiting
///   └──────────────────────────────────lock gone───────────────┘
///
/// Any state whose transaction has an unknown outcome, and every state after a reconnect or a re-join, is *uncertain*:
/// it is read again behind a barrier before anything else happens with it. Pure; knows nothing of the store: who asks
/// it tells here what was found.
class lock_table {
public:
  /// Compares what they point to.
  struct by_name {
    bool operator()(const item_ref* a, const item_ref* b) const { return *a < *b; }
  };

  // -- what is wanted --

  /// This node has a runner for the job. False: it had one already.
  bool add_job(const job_id& job);
  /// The job's items are taken from its runner. False: it had none.
  bool remove_job(const job_id& job);
  bool offers(const job_id& job) const { return jobs_.count(job) > 0; }
  /// From now on nothing is wanted any more.
  void drain() { draining_ = true; }
  bool draining() const { return draining_; }
  /// When the last of our items of the job was taken away, the job was switched off: its runs are told so.
  void switched_off(const job_id& job) { off_.insert(job); }
  void switched_on(const job_id& job) { off_.erase(job); }
  /// What is assigned of the job, or whether it is offered, has changed. Looks at the items of the job.
  void want(const job_id& job, const std::set<item_id>& assigned);
  /// The same of all jobs: nothing is wanted any more, or all is unknown. Looks at all items.
  void want(const assigned_jobs& assigned);

  // -- what this node refuses --

  /// The item is not wanted, whatever is assigned, before it is accepted again. `released`: its runner has let it go.
  void refuse(const item_ref& ref, bool released);
  void accept(const item_ref& ref);
  bool refuses(const item_ref& ref) const { return refused_.count(ref) > 0; }
  /// Whether its lock is ours, or may be.
  bool may_hold(const item_ref& ref) const;

  // -- what the store says --

  /// Each lock that there may be has to be read again.
  void mark_all_uncertain();
  /// A core before this one may have made this lock, and a runner may still hold the item: it is released before it is
  /// given back.
  void perhaps_ours(const item_ref& ref);
  void found_free(const item_ref& ref);
  void found_ours(const item_ref& ref, fencing_token token);
  /// `watched`: we will be told when it goes.
  void found_taken(const item_ref& ref, std::string holder, bool watched);
  /// A lock that was watched has changed.
  void ask_again(const item_ref& ref);
  /// The job's locks have changed, and these are watched by that alone: all but `one_by_one`.
  void ask_again(const job_id& job, const std::set<item_ref>& one_by_one);
  /// The locks of the job that there are. `watched`: we will be told when one of them goes.
  void listed(const job_id& job, const std::set<item_id>& taken, bool watched);
  /// No folder, no locks: what was found in it before is free.
  void folder_gone(const job_id& job);

  // -- changes of locks --

  enum class change : std::uint8_t { none, create, remove };
  /// What is to be done with a lock whose state is certain.
  change due(const item_ref& ref) const;
  /// A change that was due is on its way.
  void begin(const item_ref& ref, change what);
  /// It is committed. A lock that was made has the number of the transaction as its fencing token.
  void committed(const item_ref& ref, fencing_token transaction);
  void undone(const item_ref& ref);
  void outcome_unknown(const item_ref& ref);
  /// Somebody else has removed the lock that we wanted to.
  void removed_already(const item_ref& ref);
  bool removing(const item_ref& ref) const;

  // -- what is to be done --

  /// What needs something done, by what that is, so that nobody looks at the others: sorted by name.
  using refs = std::set<const item_ref*, by_name>;
  /// To be asked about before anything else.
  const refs& all_uncertain() const { return queue_of(step_of_item::ask); }
  /// Somebody else's, for whose end we do not wait yet.
  const refs& all_taken() const { return queue_of(step_of_item::watch); }
  /// Perhaps to be created or removed (`due`).
  const refs& all_certain() const { return queue_of(step_of_item::change); }
  void nothing_to_do(const item_ref& ref);
  bool uncertain(const item_ref& ref) const;
  /// Somebody else's, and we do not wait for its end yet.
  bool taken(const item_ref& ref) const;
  /// Whether an answer about the lock says anything new: it is uncertain, or somebody else's.
  bool asks_about(const item_ref& ref) const { return uncertain(ref) || taken(ref); }
  bool knows(const item_ref& ref) const { return entries_.count(ref) > 0; }
  /// Whether this lock is ours and a runner has the item: not while anything about it has to be read again.
  enum class certainty : std::uint8_t { no, unsure, yes };
  certainty holds(const item_ref& ref, fencing_token token) const;
  /// Brings one entry towards what is wanted, as far as that needs no store.
  void settle(const item_ref& ref);

  // -- runners --

  void released(const item_ref& ref);
  /// The job's runner was replaced: it is told again what it may run.
  void tell_again(const job_id& job);
  /// What runners are to be told since the last time: what to stop first.
  void tell(worker_effects& out);

  // -- questions --

  /// Whether anything has changed since it was asked last.
  bool take_changed() { return std::exchange(changed_, false); }
  /// Every item that is wanted is locked and granted.
  bool all_served() const { return counts_.unserved == 0; }
  /// No lock is there, or on its way, that is not wanted.
  bool none_unwanted() const { return counts_.unwanted == 0; }
  /// Nothing is left to give back. `hurry`: what still runs keeps its lock, for the leader to break.
  bool given_back(bool hurry) const { return hurry ? counts_.kept == 0 : counts_.held == 0; }
  /// Whether an item of the job is locked, being locked or being given back.
  bool holds_items_of(const job_id& job) const { return held_of_.count(job) > 0; }
  void describe(worker_status& st) const;
  /// How many items were looked at so far: what tests of the cost count.
  std::uint64_t looks() const { return looks_; }

private:
  enum class state : std::uint8_t { none, creating, taken, waiting, held, removing };
  enum class step_of_item : std::uint8_t { ask, watch, change, none };
  /// What the questions about all items count.
  struct roles {
    bool unserved = false; ///< wanted, and not locked and granted
    bool unwanted = false; ///< there is a lock, or may be, and it is not wanted
    bool held = false;     ///< its lock is ours, or may be, or a runner has it
    bool kept = false;     ///< the same, and no runner has it
    step_of_item queue = step_of_item::none;
  };
  struct entry {
    state lock = state::none;
    bool wanted = false;
    bool uncertain = false;
    /// A runner was told about it and has not released it.
    bool granted = false;
    bool revoking = false;
    /// Something may have to be done about it.
    bool pending = false;
    roles counted;
    fencing_token token = 0;
    std::unique_ptr<std::string> holder; ///< of somebody else's lock
  };
  using entries = std::map<item_ref, entry>;

  entry* find(const item_ref& ref);
  const entry* find(const item_ref& ref) const;
  /// The first entry of a job; the others follow.
  entries::iterator first_of(const job_id& job) { return entries_.lower_bound({job, {}}); }
  void touch(const item_ref& ref, entry& e);
  bool wants(const item_ref& ref, const entry& e) const;
  bool keeps_a_lock(const entry& e) const;
  roles roles_of(const item_ref& ref, const entry& e) const;
  void count(const item_ref& ref, entry& e);
  void count(const item_ref& ref, entry& e, const roles& now);
  static void adjust(std::size_t& n, bool before, bool after);
  static void adjust(std::map<job_id, std::size_t>& of, const job_id& job, bool before, bool after);
  refs& queue_of(step_of_item s) { return queues_[static_cast<std::size_t>(s)]; }
  const refs& queue_of(step_of_item s) const { return queues_[static_cast<std::size_t>(s)]; }
  void settle(const item_ref& ref, entry& e);
  void revoke(const item_ref& ref, entry& e, stop_reason reason);
  void lose(const item_ref& ref, entry& e);
  stop_reason why_unwanted(const item_ref& ref) const;

  entries entries_;
  std::array<refs, 3> queues_; ///< by `step_of_item`
  /// How many entries have each role.
  struct {
    std::size_t unserved = 0, unwanted = 0, held = 0, kept = 0;
  } counts_;
  std::map<job_id, std::size_t> held_of_;     ///< of each job that has any
  std::map<job_id, std::size_t> unserved_of_; ///< the same
  std::set<job_id> jobs_;
  std::set<job_id> off_;
  std::set<item_ref> refused_;
  bool draining_ = false;
  bool changed_ = true; ///< something that `all_served` depends on
  std::map<job_id, std::vector<work_item>> grants_;
  std::map<std::pair<job_id, stop_reason>, std::vector<item_id>> revocations_;
  std::uint64_t locked_ = 0, unlocked_ = 0, lost_ = 0;
  mutable std::uint64_t looks_ = 0;
};

} // namespace djm
