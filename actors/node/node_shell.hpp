#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include "actors/env/node_env.hpp"
#include "djm/job_kind.hpp"
#include "djm/node_actor.hpp"

namespace djm {

class event_feed;
class report_feed;

/// What `spawn_node` fills in and tests choose.
struct node_parts {
  std::shared_ptr<node_env> env;
  std::shared_ptr<const strategy_registry> strategies;
  /// Hears everything; null = nobody is there from the beginning.
  std::shared_ptr<event_feed> feed;
  /// Is told how the node is, every `report_period`; null = nobody.
  std::shared_ptr<report_feed> reports;
  duration report_period = std::chrono::seconds{15};
  /// The kinds that it knows, which have been checked; null: none.
  std::shared_ptr<const std::vector<job_kind>> kinds;
  /// Are registered before anything starts; what `add_job` checks has been checked.
  std::vector<job_definition> jobs;
  std::string host;
  std::int64_t pid = 0;
  /// `node_options::http_url`, which has been checked.
  std::string http_url;
  /// Empty: drawn from the environment's random numbers.
  std::string incarnation;
  /// Only for tests: called by the node with each part it starts or rebuilds ("store", "keeper", "election", "manager",
  /// "worker", "deployer", "runner <job>").
  std::function<void(const std::string& part, caf::actor handle)> on_part;
};

/// Starts a node in an environment of the caller's choice; the configuration must be valid.
node_actor spawn_node_in(caf::actor_system& system, node_config config, node_parts parts);

} // namespace djm
