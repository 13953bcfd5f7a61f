#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/keeper/pools/offer_book.hpp"
#include "actors/keeper/pools/pool_writer.hpp"
#include "actors/keeper/registration/id_claim.hpp"
#include "actors/keeper/tree/tree_base.hpp"

namespace djm {

/// Reads the pools of which this node does not know that they are as it wants them, and decides for each whether to
/// write it or to stay back, because another node has a later wish.
class pool_check {
public:
  pool_check(keeper_lifetime& life, keeper_store& store, const membership& member, offer_book& offers, id_claim& claim,
             tree_base& base, pool_writer& writer)
    : life_(life), store_(store), member_(member), offers_(offers), claim_(claim), base_(base), writer_(writer) {}

  /// False: there are none.
  bool start(keeper_effects& out);

private:
  // Where the answers are.
  struct base_slots {
    read_slot version, worker_version;
    /// On the way in, where we have registered before: whether the store has gone back is known before anything is
    /// written.
    std::optional<read_slot> worker;
  };
  struct pool_slots {
    store::job_reads pool;
    std::optional<pool_wish::writer_slots> writer;
  };

  void apply(const base_slots& base, const std::vector<pool_slots>& pools, step s, keeper_effects& out);
  void apply_pool(const pool_slots& slots, job_offer& o, step s, keeper_effects& out);
  void leave_it(const job_id& job, job_offer& o, keeper_effects& out);
  bool stands(const pool_slots& slots, job_offer& o, const store::pool_payload& have, step s, keeper_effects& out);
  void stay_back(const pool_slots& slots, job_offer& o, const store::pool_payload& have, step s, keeper_effects& out);
  void as_wanted(const job_id& job, job_offer& o, keeper_effects& out);
  store::pool_payload wanted(const job_offer& o) const;
  void claim_pool(store::pool_payload& want, const job_offer& o) const;
  void tell_overruled(const job_id& job, job_offer& o, const std::string& schedule, const std::vector<item_id>& theirs,
                      step s, keeper_effects& out);

  keeper_lifetime& life_;
  keeper_store& store_;
  const membership& member_;
  offer_book& offers_;
  id_claim& claim_;
  tree_base& base_;
  pool_writer& writer_;
};

} // namespace djm
