#pragma once

#include <cstdint>
#include <optional>

#include "actors/node/node_state.hpp"

/// How jobs come to a node.
namespace djm {

/// Registers it; the error says why not, and then the code of the job is left in `m`. `submitted`: czxid of the
/// submission that it was made of; 0: it is the program's own.
std::optional<error> add_job(node_ptr self, register_job& m, std::int64_t submitted = 0);

/// What was made of a submission: the job is the node's from then on, and ends when its submission does.
void deploy(node_ptr self, const deploy_job& m);

/// Answered when the job is free, or now where it is not here.
void undeploy(node_ptr self, const job_id& job);

deployer_actor start_deployer(node_ptr self);

/// Only nodes that know kinds have one.
template <class Message>
void tell_deployer(node_ptr self, Message m) {
  if (const auto& now = self->state().now; now && now->deployer) {
    self->mail(std::move(m)).send(now->deployer);
  }
}

} // namespace djm
