#pragma once

#include "actors/node/node_shell.hpp"

namespace djm {

struct spawned_node {
  node_actor handle;
  /// By which `code_of_node` knows it.
  const void* key = nullptr;
  /// Of `node_options::on_event`; null without.
  std::shared_ptr<event_feed> feed;
  /// Of `node_options::reporter`; null without.
  std::shared_ptr<report_feed> reports;
};

/// `invalid_state` in a child of a process in which nodes lived when it was forked.
expected<void> check_process();

/// `spawn_node` for those who ask whether they are called by code of the node.
expected<spawned_node> spawn_node_with_key(caf::actor_system& system, node_config config, node_options options);

} // namespace djm
