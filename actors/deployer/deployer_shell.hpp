#pragma once

#include <memory>
#include <vector>

#include "actors/deployer/deployer_core.hpp"
#include "actors/env/node_env.hpp"
#include "actors/protocol/peers.hpp"
#include "djm/job_kind.hpp"

namespace djm {

/// Starts the part that deploys what is submitted. It waits for its `introduce` before it does anything.
deployer_actor spawn_deployer(caf::actor_system& system, std::shared_ptr<node_env> env, deployer_core::settings s,
                              std::shared_ptr<const std::vector<job_kind>> kinds);

/// What a core has to know of these kinds.
std::vector<deployer_core::known_kind> known_kinds(const std::vector<job_kind>& kinds);

} // namespace djm
