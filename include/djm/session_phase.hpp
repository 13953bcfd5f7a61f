#pragma once

#include <cstdint>

#include "djm/enum_names.hpp"

namespace djm {

/// Where the session of a node with the store stands.
enum class session_phase : std::uint8_t {
  /// Nothing has been opened yet. Nothing to do: the node is starting.
  idle,
  /// The first connection of a session is being made. If it lasts, look at the address and at the servers.
  connecting,
  /// The store answers. All is well.
  connected,
  /// The connection is lost, the session may live on at the server. Items stay and runs go on while the lease lasts;
  /// check the network if it comes back.
  suspended,
  /// The server has declared the session expired: locks of this node are orphans now. A new session is opened by
  /// itself.
  expired,
  /// The credentials were refused. Nothing goes on before they are right: see `store_config::digest`.
  refused,
  /// Closed by this node, which is stopping or has stopped.
  closed,
};

/// The names of the phases, in their order.
constexpr auto enum_names(session_phase) {
  return name_enum("session_phase", "idle", "connecting", "connected", "suspended", "expired", "refused", "closed");
}

} // namespace djm
