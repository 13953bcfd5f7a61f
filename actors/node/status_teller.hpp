#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include <caf/all.hpp>

#include "actors/env/node_env.hpp"
#include "djm/node_actor.hpp"

namespace djm {

/// How a node is, in one line for its log: "ready, 12.5 MiB resident, ...". `resident`: bytes; 0: not known.
std::string status_line(const node_status& s, std::uint64_t resident);

/// Logs that line.
void log_status_line(node_env& env, const node_status& s);

/// Asks the node every `period` how it is, as everybody else does, and calls `tell` with the answer, which must not
/// block. Ends with the node, which it does not keep alive.
caf::behavior status_teller_behavior(cx::event_based_actor* self, const node_actor& node,
                                     const std::shared_ptr<node_env>& env, duration period,
                                     const std::function<void(node_status&)>& tell);

} // namespace djm
