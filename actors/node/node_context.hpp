#pragma once

#include <memory>
#include <string>
#include <utility>

#include "actors/node/node_impl.hpp"
#include "actors/node/node_shell.hpp"
#include "actors/node/part_settings.hpp"
#include "actors/node/supervisor_core.hpp"
#include "actors/protocol/peers.hpp"

namespace djm {

/// What the classes of the node's shell share. `node_shell` alone changes it; the others read, but for the handles in
/// `who`, which `node_children` fills in.
struct node_context {
  node_ptr self = nullptr;
  node_parts parts;
  node_identity identity;
  /// How far the node is in its life. Told of things by `node_shell` alone.
  const supervisor_core* life = nullptr;
  /// The parts' handles, and ours among them, so that it goes when the node is over: then it is null.
  std::shared_ptr<peers> who;

  node_env& env() const { return *parts.env; }
  const node_id& id() const { return identity.config.id; }
  caf::weak_actor_ptr weak_self() const;
  /// A copy, because whoever gets it keeps it.
  msg::introduce who_is_who() const { return msg::introduce{std::make_shared<const peers>(*who)}; }

  error stopping_error() const { return {errc::shutting_down, "node \"" + id() + "\" is shutting down"}; }
  /// There is no such job.
  caf::error unknown(const job_id& job) const;
};

/// Only nodes that know kinds have one.
template <class Self, class Message>
void tell_deployer(Self* self, const std::shared_ptr<peers>& who, Message m) {
  if (who && who->deployer) {
    self->mail(std::move(m)).send(who->deployer);
  }
}

/// Names a life of a node.
std::string make_incarnation(node_env& env);

} // namespace djm
