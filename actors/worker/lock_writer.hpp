#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "actors/common/core.hpp"
#include "actors/dialogue/txn_builder.hpp"
#include "actors/worker/clock_desk.hpp"
#include "actors/worker/lock_reader.hpp"
#include "actors/worker/lock_table.hpp"
#include "actors/worker/refusal_book.hpp"
#include "actors/worker/worker_session.hpp"
#include "actors/worker/worker_store.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// Takes and gives back locks: one transaction at a time, each of which proves that this node is registered.
class lock_writer {
public:
  lock_writer(const worker_config& cfg, const store::tree_schema& tree, worker_store& store, worker_session& member,
              lock_table& locks, lock_reader& reader, refusal_book& refusals, clock_desk& clock)
    : cfg_(cfg),
      tree_(tree),
      store_(store),
      member_(member),
      locks_(locks),
      reader_(reader),
      refusals_(refusals),
      clock_(clock),
      batch_(cfg.max_transaction_ops) {}

  /// Sends the changes that are due, as many as one transaction holds.
  void start(step s, worker_effects& out);
  /// The session has ended: whatever is under way is answered no more.
  void give_up();
  /// The transaction was answered. Whatever became of it: what is wanted may have changed since it was sent.
  void settle();

  void describe(worker_status& st) const;

private:
  /// What a transaction changes; the folder of a job's locks has no item.
  using result = txn_outcome<lock_label>;
  /// What is put together for one transaction.
  struct draft;

  void add(const item_ref& ref, lock_table::change what, step s, draft& to) const;
  std::string payload(step s) const;
  void take(const result& o, step s, worker_effects& out);
  void committed(store::zxid_t zxid);
  void refused(const store::rejected& why, step s, worker_effects& out);
  void conflict(const result& o, step s, worker_effects& out);
  void lock_conflict(const item_ref* met, store::rc code, bool removing, worker_effects& out);
  void look_around();
  void undo(const refusal_ref* met, store::rc code, step s);
  void forget_outcome();

  const worker_config& cfg_;
  const store::tree_schema& tree_;
  worker_store& store_;
  worker_session& member_;
  lock_table& locks_;
  lock_reader& reader_;
  refusal_book& refusals_;
  clock_desk& clock_;

  batch_size batch_;
  std::vector<item_ref> changing_; ///< locks and folders (no item) of the transaction under way
  time_point sent_{};              ///< when that was
  std::set<std::string> met_;      ///< what the conflicts since the last commit were about
  std::uint32_t met_again_ = 0;    ///< how many of them were about something that another one was about
  std::uint64_t conflicts_ = 0, unknowns_ = 0;
};

} // namespace djm
