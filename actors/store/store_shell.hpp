#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "actors/env/node_env.hpp"
#include "actors/protocol/peers.hpp"
#include "djm/node_config.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

/// The open handles of a store. They outlive the actor when it dies, so that its sessions can be ended.
using session_ports = std::map<std::uint64_t, std::unique_ptr<store::session_port>>;

struct store_args {
  std::shared_ptr<node_env> env;
  store_config config;
  store::session_limits limits;
  /// Added to the session numbers, so that a rebuilt store never repeats one.
  std::uint64_t number_base = 0;
  /// Touched by the store only, as long as it lives. Dropped with the last owner: the sessions are left to expire.
  std::shared_ptr<session_ports> ports = std::make_shared<session_ports>();
};

/// Owns one session through the session core; answers reads and transactions of its clients.
store_actor spawn_store(caf::actor_system& system, store_args args);

} // namespace djm
