#include <algorithm>
#include <utility>

#include <caf/all.hpp>
#include <fmt/format.h>

#include "test/sim/sim_env.hpp"
#include "test/sim/world.hpp"

/// What happens to single parts of a node.
namespace djm::sim {

std::vector<std::string> world::parts_of(handle h) const {
  std::vector<std::string> names;
  for (const auto& [name, part] : hosts_.at(h).parts) {
    names.push_back(name);
  }
  return names;
}

bool world::kill_part(handle h, const std::string& name) {
  auto& host = hosts_.at(h);
  // A node ends itself at the sixth failure within a minute; that would be another fault.
  if (!host.up || host.parts_killed >= 4) {
    return false;
  }
  const auto part = caf::actor_cast<caf::actor>(host.parts.at(name));
  if (!part) {
    return false;
  }
  note(fmt::format("the {} of {}#{} dies", name, host.p->node(), h));
  ++host.parts_killed;
  judge_.expect_failure(*host.p);
  // Not "kill": that would take the node with it, over the link.
  caf::anon_send_exit(part, caf::exit_reason::unknown);
  return true;
}

void world::hold_part(handle h, const std::string& part, std::function<void()> on_held) {
  note(fmt::format("the {} of {}#{} is held between decision and sending", part, hosts_.at(h).p->node(), h));
  hosts_.at(h).env->hold_part(part, std::move(on_held));
}

void world::let_go(handle h) {
  hosts_.at(h).env->let_go();
}

bool world::up_as(const std::string& incarnation) const {
  return std::any_of(hosts_.begin(), hosts_.end(),
                     [&](const auto& x) { return x.second.up && x.second.p->incarnation() == incarnation; });
}

} // namespace djm::sim
