#pragma once

#include <memory>

#include "actors/common/interfaces.hpp"
#include "actors/env/node_env.hpp"
#include "djm/node_config.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

struct store_args {
  std::shared_ptr<node_env> env;
  store_config config;
  store::session_limits limits;
  /// Added to the session numbers, so that a rebuilt store never repeats one.
  std::uint64_t number_base = 0;
};

/// Owns one session through the session core; answers reads and transactions of its clients.
store_actor spawn_store(caf::actor_system& system, store_args args);

} // namespace djm
