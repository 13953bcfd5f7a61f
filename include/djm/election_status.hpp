#pragma once

#include <cstdint>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"

namespace djm {

/// What a node is in the election of the leader.
enum class election_role : std::uint8_t {
  /// It does not take part: not joined, or without a connection.
  out,
  /// It stands in line: it leads when those before it are gone.
  candidate,
  /// It leads: it decides who owns what.
  leading,
  /// It does not stand (`node_role::worker`), and looks who leads.
  observer,
};

/// The names of the roles, in their order.
constexpr auto enum_names(election_role) {
  return name_enum("election_role", "out", "candidate", "leading", "observer");
}

/// The election as this node sees it.
struct election_status {
  /// What this node is in it.
  election_role role = election_role::out;
  /// The epoch of this node's own term; 0 while it does not lead. Epochs grow with every change of leader.
  std::int64_t epoch = 0;
  /// Who leads, as far as this node knows; empty: nobody.
  node_id leader;
  /// The epoch of that leader.
  std::int64_t leader_epoch = 0;
  /// Nodes in line, the leader included.
  std::uint32_t candidates = 0;
  /// How often this node has learned of another leader, or of none; the first one counts.
  std::uint64_t changes = 0;
};
DJM_FIELDS(election_status, role, epoch, leader, leader_epoch, candidates, changes)

} // namespace djm
