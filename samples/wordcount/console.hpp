#pragma once

#include <memory>
#include <string>

#include "djm/node_actor.hpp"

namespace wordcount {

/// Where people look at the demonstration. It listens before there is a node, which then tells the address.
class console {
public:
  /// Null when that cannot be done, which is said; so where djm was built without HTTP.
  static std::unique_ptr<console> open();
  ~console();

  /// Where others find it.
  std::string address() const;
  /// Puts the node there, says where that is, and waits for Ctrl-C. False when it cannot be done.
  bool show(caf::actor_system& system, const djm::node_actor& node);

private:
  struct parts;
  explicit console(std::unique_ptr<parts> x);
  std::unique_ptr<parts> parts_;
};

} // namespace wordcount
