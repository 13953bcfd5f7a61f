#pragma once

#include <functional>
#include <memory>
#include <string>

#include "zkstore/zookeeper/zookeeper_factory.hpp"

namespace djm::bench {

/// A session at a server by the C client of the store and the thin port over it, without anything else of djm:
/// connected, or the end of the program. `completed` is called on a thread of the client.
class bare_session {
public:
  bare_session(const std::string& connect, std::function<void(store::raw_completion)> completed);

  void submit(store::op_id_t id, store::raw_request r) { port_->submit(id, std::move(r)); }

private:
  store::zookeeper_factory factory_;
  std::unique_ptr<store::session_port> port_;
};

/// The data of a node; empty: it cannot be read.
std::string read_node(const std::string& connect, const std::string& path);

} // namespace djm::bench
