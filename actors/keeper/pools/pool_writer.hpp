#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "actors/keeper/pools/offer_book.hpp"
#include "actors/keeper/tree/tree_base.hpp"
#include "zkstore/tree/records.hpp"

namespace djm {

/// Writes pools: what differs between the tree and what this node wants, cut into transactions, each guarded by the
/// version that the one before it leaves. Ends with the session.
class pool_writer {
public:
  pool_writer(keeper_lifetime& life, keeper_store& store, const membership& member, offer_book& offers, tree_base& base)
    : life_(life), store_(store), member_(member), offers_(offers), base_(base) {}

  // -- what is to be written --

  /// The pools were read under these versions.
  void begin(std::int32_t pool_version, std::int32_t worker_version);
  /// The pool of an offer as `want` says, with the items of the offer.
  void add(const store::job_reads& found, job_offer& o, const store::pool_payload& want);
  /// The same, over the wish of somebody who is gone.
  void overrule(const store::job_reads& found, job_offer& o, const store::pool_payload& want);
  /// Only what the job's node says.
  void set_payload(const store::job_reads& found, const store::pool_payload& want);

  /// Writes what comes next of it, if anything does.
  void send(keeper_effects& out);
  /// The session is over before the answer to what is under way.
  void lost();

private:
  /// The pool of a job in a write under way.
  struct wish_write {
    job_id job;
    std::size_t op = 0;
  };
  struct plan {
    std::int32_t pool_version = 0;
    std::int32_t worker_version = 0;
    bool overruling = false;
    std::vector<store::write_op> ops;
    std::vector<wish_write> wishes;
    // The transaction under way has those from `next` to `end`.
    std::size_t next = 0;
    std::size_t end = 0;
  };

  keeper_txn next_txn();
  void written(const keeper_outcome& o, step s, keeper_effects& out);
  void settle_wishes(wish_fate f);

  keeper_lifetime& life_;
  keeper_store& store_;
  const membership& member_;
  offer_book& offers_;
  tree_base& base_;
  std::optional<plan> plan_;
};

} // namespace djm
