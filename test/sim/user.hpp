#pragma once

#include <cstdint>
#include <map>

#include "test/sim/fault_plan.hpp"

namespace djm::sim {

/// The user of a cluster's nodes: asks and wishes things just when a node has started, is cut off, has lost its session
/// or stops, and now and then in between. Without it such messages would meet nodes in good health only.
class user {
public:
  /// Asks questions only, where `wishes` is false; nothing after `until`.
  user(world& w, fault_plan& c, std::uint64_t seed, bool wishes, time_point until);
  ~user() { world_.on_phase = {}; }
  user(const user&) = delete;
  user& operator=(const user&) = delete;

private:
  void met(world::handle h, node_phase phase);
  void come_back(world::handle h, time_point when, node_phase phase);
  void act(world::handle h);
  void ask(world::handle h);
  void wish(world::handle h);
  void take_away(world::handle h);
  void use_state(world::handle h);
  const fault_plan::job_entry& any_job();

  world& world_;
  fault_plan& plan_;
  chance chance_;
  bool wishes_;
  time_point until_;
  std::map<world::handle, node_phase> phases_;
};

} // namespace djm::sim
