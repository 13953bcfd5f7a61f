#pragma once

#include <cstdint>
#include <map>
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
  /// What is assigned, or which jobs there are, has changed. Looks at all items.
  void want(const assigned_jobs& assigned);

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

  /// Entries that need something done, so that a calm node looks at none of the others.
  const std::set<item_ref>& pending() const { return pending_; }
  void nothing_to_do(const item_ref& ref) { pending_.erase(ref); }
  bool uncertain(const item_ref& ref) const;
  /// Somebody else's, and we do not wait for its end yet.
  bool taken(const item_ref& ref) const;
  /// Whether an answer about the lock says anything new: it is uncertain, or somebody else's.
  bool asks_about(const item_ref& ref) const { return uncertain(ref) || taken(ref); }
  bool knows(const item_ref& ref) const { return entries_.count(ref) > 0; }
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
  bool all_served() const;
  /// No lock is there, or on its way, that is not wanted.
  bool none_unwanted() const;
  /// Nothing is left to give back. `hurry`: what still runs keeps its lock, for the leader to break.
  bool given_back(bool hurry) const;
  /// Whether an item of the job is locked, being locked or being given back.
  bool holds_items_of(const job_id& job) const;
  void describe(worker_status& st) const;

private:
  enum class state : std::uint8_t { none, creating, taken, waiting, held, removing };
  struct entry {
    state lock = state::none;
    bool wanted = false;
    bool uncertain = false;
    /// A runner was told about it and has not released it.
    bool granted = false;
    bool revoking = false;
    fencing_token token = 0;
    std::string holder;
  };
  using entries = std::map<item_ref, entry>;

  entry* find(const item_ref& ref);
  const entry* find(const item_ref& ref) const;
  /// The first entry of a job; the others follow.
  entries::iterator first_of(const job_id& job) { return entries_.lower_bound({job, {}}); }
  void touch(const item_ref& ref);
  bool wants(const item_ref& ref, const entry& e) const;
  bool keeps_a_lock(const entry& e) const;
  void settle(const item_ref& ref, entry& e);
  void revoke(const item_ref& ref, entry& e, stop_reason reason);
  void lose(const item_ref& ref, entry& e);
  stop_reason why_unwanted(const item_ref& ref) const;

  entries entries_;
  std::set<item_ref> pending_;
  std::set<job_id> jobs_;
  std::set<job_id> off_;
  bool draining_ = false;
  bool changed_ = true; ///< something that `all_served` depends on
  std::map<job_id, std::vector<work_item>> grants_;
  std::map<std::pair<job_id, stop_reason>, std::vector<item_id>> revocations_;
  std::uint64_t locked_ = 0, unlocked_ = 0, lost_ = 0;
};

} // namespace djm
