#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "djm/job_record.hpp"
#include "zkstore/tree/job_records.hpp"
#include "zkstore/types.hpp"

namespace djm {

/// What a node knows of the record of a job that it offers, and what that means for the offer. Pure.
///
///   unknown ──open──► followed ◄──────────────── made anew: after damage, or by a registration begun after the removal
///      │  ▲              │ removing, removed, gone
///      │  └ changed      ▼
///      └─ removing ► waiting          ended: this node gives the job back, and does not come back with it
class followed_record {
public:
  /// The job is registered: as a new one, whatever was known of it.
  /// `again`: only the part of the node that keeps this was made anew, the registration is the same.
  void registered(const job_spec& spec, bool again) {
    *this = {};
    hash_ = hash_of_spec(spec);
    first_look_ = !again;
  }

  /// What is known may be out of date.
  bool dirty() const { return dirty_ && !ended_; }
  void outdated() { dirty_ = true; }
  /// It is looked at again when it changes.
  void looked_at() {
    dirty_ = false;
    in_doubt_ = false;
  }
  /// It cannot be used as it is: it is looked at now and then, as whoever mends it may tell nobody.
  void doubtful() {
    dirty_ = false;
    in_doubt_ = true;
  }
  bool in_doubt() const { return in_doubt_; }

  /// Of the specification that this node offers.
  const std::string& hash() const { return hash_; }
  /// This node offers the job: it has seen that it is to be there.
  bool open() const { return last_.has_value() && !ended_; }
  /// Only nodes that offer the specification that rules write the pool.
  bool rules() const { return last_ && last_->ruling == hash_; }
  /// The latest that could be used; null: none yet.
  const store::job_payload* last() const { return last_ ? &*last_ : nullptr; }

  // -- what a look shows --

  /// It was open: whoever sees it gone in the same folder, in a later session, was away while it was removed.
  /// `created`: of the record's node, `folder`: of the one above. Returns triggers that are new.
  std::uint32_t follow(store::job_payload record, store::zxid_t created, store::zxid_t folder, std::uint64_t session) {
    const bool same = last_ && created_ == created;
    const auto triggers = same ? store::new_triggers(*last_, record) : 0;
    first_look_ = false;
    begun_after_ = false; // that removal is over; the next one comes after this registration
    created_ = created;
    folder_ = folder;
    session_ = session;
    last_ = std::move(record);
    return triggers;
  }
  /// It is being removed, or is. A registration that was begun before the removal ends with it; one that is begun after
  /// waits until nobody has the job, and makes the record anew then. True: it has just ended.
  bool removed() {
    begun_after_ = begun_after_ || first_look_;
    first_look_ = false;
    return !begun_after_ && end();
  }
  /// Whether a record that is removed, or not there, may be made by this node.
  bool may_revive() const { return begun_after_; }
  /// One that is not there: nobody has made it yet; or somebody has damaged the tree, which shows in the folder above,
  /// or in that a node which offers the job has seen it in this session (a tombstone goes only when nobody offers it).
  /// Else it was removed while this node was away.
  bool may_make(store::zxid_t folder, std::uint64_t session) const {
    return !last_ || begun_after_ || folder_ != folder || session_ == session;
  }
  /// The job is over for this node. False: it was so already.
  bool end() { return !std::exchange(ended_, true); }

private:
  std::string hash_;
  bool dirty_ = true;
  bool in_doubt_ = false;
  bool first_look_ = true;
  bool begun_after_ = false; ///< the first look showed a removal
  bool ended_ = false;
  std::optional<store::job_payload> last_;
  store::zxid_t created_ = 0;
  store::zxid_t folder_ = 0;
  std::uint64_t session_ = 0; ///< in which it was seen last
};

} // namespace djm
