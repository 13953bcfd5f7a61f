#pragma once

#include "djm/node_actor.hpp"

namespace wordcount {

/// Puts the node on HTTP, says where its console is, and waits for Ctrl-C. False when that cannot be done; where djm
/// was built without HTTP that is said.
bool show_console(caf::actor_system& system, const djm::node_actor& node);

} // namespace wordcount
