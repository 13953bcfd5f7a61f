#pragma once

#include <memory>
#include <string>

#include "zkstore/ensemble_port.hpp"

namespace djm {

/// Nodes and clients of one process share the embedded store, and the ZooKeeper client's closer; both go with the last
/// of them. `connect`: "embedded", or anything else for ZooKeeper. Whoever holds the result counts as living in this
/// process. `invalid_state` in a child of `fork` while somebody lived in its parent. Thread-safe.
expected<std::shared_ptr<store::session_factory>> shared_sessions(const std::string& connect);

/// The same complaint, where nothing is asked for. Thread-safe.
expected<void> check_process_of_sessions();

} // namespace djm
