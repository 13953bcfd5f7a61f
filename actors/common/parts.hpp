#pragma once

#include <memory>

#include "actors/election/election_core.hpp"
#include "actors/env/node_env.hpp"
#include "actors/job_runner/job_runner_core.hpp"
#include "actors/keeper/keeper_core.hpp"
#include "actors/manager/manager_core.hpp"
#include "actors/protocol/peers.hpp"
#include "actors/worker/worker_core.hpp"
#include "djm/job.hpp"

/// Starts the parts of a node. Each waits for its `introduce` before it does anything.
namespace djm {

keeper_actor spawn_keeper(caf::actor_system& system, std::shared_ptr<node_env> env, keeper_core::settings s);
election_actor spawn_election(caf::actor_system& system, std::shared_ptr<node_env> env, election_core::settings s);
manager_actor spawn_manager(caf::actor_system& system, std::shared_ptr<node_env> env, manager_core::settings s,
                            std::shared_ptr<const strategy_registry> strategies);
worker_actor spawn_worker(caf::actor_system& system, std::shared_ptr<node_env> env, worker_core::settings s);
runner_actor spawn_runner(caf::actor_system& system, std::shared_ptr<node_env> env, job_runner_core::settings s,
                          std::shared_ptr<job> code);

} // namespace djm
