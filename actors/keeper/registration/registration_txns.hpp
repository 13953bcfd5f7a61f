#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "actors/keeper/keeper_store.hpp"
#include "zkstore/payloads.hpp"

namespace djm {

/// What `workers/<node>` says of this node when it registers for the first time.
store::worker_payload own_registration(const keeper_config& cfg);
/// The data of `alive/<node>`.
std::string own_life(const keeper_config& cfg);

/// How the registration of this node has to change.
struct registration_change {
  std::string worker; ///< the data of `workers/<node>`
  /// The version of that node; nothing: it is not there.
  std::optional<std::int32_t> worker_version;
  std::vector<store::write_op> below; ///< what is to be made and deleted below it
  /// The node is not alive yet.
  bool joins = false;
  /// The version of an `alive/<node>` that the new one replaces.
  std::optional<std::int32_t> replaced;
};

/// Cut into transactions. Each sets `workers/<node>` at the version that the one before it left, so a second process
/// under our id fails here; the last one also shows us to the leader.
std::deque<keeper_txn> registration_txns(keeper_lifetime& life, registration_change change, std::size_t most_ops);

} // namespace djm
