#pragma once

#include <string>

#include "test/tidy/source_tree.hpp"

/// The messages between the parts of a node, as the headers in actors/protocol say: above each signature of a typed
/// interface stands who sends it, `// from keeper, worker: answered by ...; node: why`.
namespace tidy {

/// The rows of the message map, as they stand in actors/README.md. What every part understands is not in it.
std::string message_map(const source_tree& tree);

/// The map in actors/README.md is that of the headers.
complaints check_message_map(const source_tree& tree);

/// Whoever is said to send a message makes one in its code, and nobody else does. "executor" and "timer" are threads
/// that speak for the receiver.
complaints check_message_senders(const source_tree& tree);

} // namespace tidy
