#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/keeper/pools/offer_book.hpp"

namespace djm {

/// Notices that records have changed: one watch on the node that names what has, whatever the number of jobs. It is
/// looked at again each T/2, so that a watch that got lost delays and does not block. On duty while the node is joined.
class record_look {
public:
  record_look(const keeper_lifetime& life, keeper_store& store, offer_book& offers)
    : life_(life), store_(store), offers_(offers) {}

  std::optional<time_point> due() const { return at_; }
  /// The node has just joined, or an event may have been missed together with its watch.
  void look_now(step s) { at_ = s.now; }
  /// The answer was lost: the next one comes in its time, as reads that fail are not asked for again at once.
  void put_off(step s) { at_ = s.now + store_.look_period(); }
  /// A node of the tree has changed.
  void heard_of(const std::string& path, step s);
  void start(keeper_effects& out);

private:
  void apply(const read_slot& version, step s, keeper_effects& out);

  const keeper_lifetime& life_;
  keeper_store& store_;
  offer_book& offers_;
  std::optional<time_point> at_;
  std::optional<std::int32_t> seen_; ///< all changes up to this version have been noticed
};

} // namespace djm
