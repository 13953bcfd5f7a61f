#pragma once

#include <memory>
#include <string>
#include <vector>

#include "test/sim/world.hpp"

namespace djm::sim {

/// Somebody else's program that writes into the tree.
class stranger {
public:
  /// Joins the world at once; its writes are carried out one after the other as soon as it is connected.
  explicit stranger(world& w);
  ~stranger();

  void write(store::write_op op);
  void close();
  bool connected() const { return state_->session != 0; }

private:
  struct state {
    world* w = nullptr;
    store::session_id_t session = 0;
    store::op_id_t next = 1;
    std::vector<store::write_op> waiting;
    std::unique_ptr<process> p;
    std::unique_ptr<store::session_port> port;
    void flush();
  };
  std::shared_ptr<state> state_;
};

} // namespace djm::sim
