#pragma once

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
};

} // namespace djm
