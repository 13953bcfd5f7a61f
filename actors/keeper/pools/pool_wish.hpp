#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "djm/ids.hpp"
#include "djm/time.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree_schema.hpp"

namespace djm {

/// What became of a transaction that was to write a wish.
enum class wish_fate : std::uint8_t { written, refused, unknown };

/// What this node wants of one pool, among those that others want: what its pool function and its registration say.
/// Wishes have numbers that grow with time, and the latest one of a living node stands. Joining again is no new wish.
/// Pure.
class pool_wish {
public:
  /// Of whoever has written the pool, when that overrules us.
  struct writer_slots {
    read_slot alive, worker, available;
  };

  // -- its number --

  /// As in `pool_payload`; nothing: the wish is new, and overrules whatever is there.
  std::optional<store::zxid_t> number() const { return number_; }
  /// The wish is another one now.
  void renew(std::optional<store::zxid_t> number);
  /// What has not been written by now counts as formed when this node had read as far as `seen`.
  void age(store::zxid_t seen);
  /// We have written it ourselves, with `number`.
  void ours(store::zxid_t number);
  /// The pool is as we want it, with `number`.
  void agreed(store::zxid_t number);
  /// It is going to be written: with its number, or a new one.
  store::zxid_t to_write(store::zxid_t seen);
  /// What became of the write. `sent`: this wish was part of the transaction, and not of one that was to follow.
  void settle(wish_fate f, bool sent);

  // -- whether another one stands --

  bool overruled_by(const store::pool_payload& have, bool ours) const;
  bool stays_back() const { return by_.has_value(); }
  /// For the writer of this.
  bool stays_back_for(const store::pool_payload& have) const;
  const node_id& writer() const { return by_->writer; }
  void stay_back_for(const store::pool_payload& have, time_point now);
  /// Nobody overrules us.
  void stands() { by_.reset(); }
  /// A wish stands for as long as its writer lives and offers the job, and for its D.
  bool writer_stands(const writer_slots& slots, const store::tree_schema& tree, time_point now);
  /// Whether others stand for it is asked in the pool: since now, or nobody asks.
  void challenged(time_point now);
  void unchallenged() { by_->challenged_since.reset(); }
  /// Nobody has answered for `patience`. A challenge of others counts from when it was first seen.
  bool unanswered(duration patience, time_point now);
  /// The disagreement has lasted for `patience`, and this is the first time that is asked.
  bool tell(duration patience, time_point now);

private:
  struct overruler {
    node_id writer;
    std::string incarnation;
    time_point since;
    bool told = false;
    std::optional<time_point> gone_since;
    /// Since when somebody asks whether others stand for it.
    std::optional<time_point> challenged_since;
  };

  std::optional<store::zxid_t> number_;
  bool numbering_ = false; ///< the number is of a write under way
  /// The pool says what another node wants, whose wish is later than ours.
  std::optional<overruler> by_;
};

} // namespace djm
