#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

#include "actors/protocol/deployer.hpp"
#include "actors/protocol/election.hpp"
#include "actors/protocol/keeper.hpp"
#include "actors/protocol/manager.hpp"
#include "actors/protocol/store.hpp"
#include "actors/protocol/supervisor.hpp"
#include "actors/protocol/worker.hpp"

namespace djm {

/// Who is who in a node (`msg::introduce`).
struct peers {
  supervisor_actor node;
  store_actor store;
  keeper_actor keeper;
  election_actor election;
  manager_actor manager;
  worker_actor worker;
  /// Only on nodes that know kinds of jobs.
  deployer_actor deployer;
  /// How many listen to the events of the node: what is for them alone need not be told where nobody does. Never null;
  /// changed by the node, before it answers who begins to listen.
  std::shared_ptr<std::atomic<std::size_t>> audience = std::make_shared<std::atomic<std::size_t>>(0);
};

} // namespace djm
