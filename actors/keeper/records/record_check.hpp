#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/keeper/pools/offer_book.hpp"
#include "actors/keeper/registration/id_claim.hpp"
#include "actors/keeper/tree/tree_base.hpp"
#include "zkstore/tree/job_records.hpp"

namespace djm {

/// Reads the records of jobs of which this node does not know how they stand, tells what it follows, and writes what is
/// the node's to write: a record that is missing, and, once it has joined, that its specification has appeared.
/// Nothing else: a node on its way in, whose id may be in use, changes no record that is there, and neither does a look
/// at the pools.
class record_check {
public:
  record_check(keeper_lifetime& life, keeper_store& store, const membership& member, offer_book& offers,
               id_claim& claim, tree_base& base)
    : life_(life), store_(store), member_(member), offers_(offers), claim_(claim), base_(base) {}

  /// False: there are none.
  bool start(keeper_effects& out);

private:
  // Where the answers are.
  struct base_slots {
    read_slot version, folder;
    /// On the way in, where we have registered before: whether the store has gone back is known before anything is
    /// written.
    std::optional<read_slot> worker;
  };
  /// A record, and of a job that was submitted its submission.
  struct found_record {
    store::record_reads record;
    std::optional<read_slot> submission;
  };
  /// What is to be written.
  struct change {
    job_id job;
    std::vector<store::write_op> ops;
  };

  void apply(const base_slots& base, const std::vector<found_record>& records, step s, keeper_effects& out);
  static bool submission_gone(const found_record& found, const job_offer& o);
  std::optional<change> look_at(const base_slots& base, const store::record_reads& found, job_offer& o, step s,
                                keeper_effects& out);
  std::optional<change> missing(const base_slots& base, const store::record_reads& found, job_offer& o, step s,
                                keeper_effects& out);
  std::optional<change> make(const store::record_reads& found, job_offer& o, const store::job_payload* tombstone,
                             step s, keeper_effects& out);
  std::optional<change> follow(const base_slots& base, const store::record_reads& found,
                               const store::job_payload& record, job_offer& o, step s, keeper_effects& out);
  void end_job(job_offer& o, const std::string& why, keeper_effects& out);
  void send(const base_slots& base, std::vector<change> changes, keeper_effects& out);
  void written(const keeper_outcome& o, step s, keeper_effects& out);

  keeper_lifetime& life_;
  keeper_store& store_;
  const membership& member_;
  offer_book& offers_;
  id_claim& claim_;
  tree_base& base_;
};

} // namespace djm
