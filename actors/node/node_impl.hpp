#pragma once

#include <cstdint>
#include <string>

#include <caf/all.hpp>

#include "actors/common/parts.hpp"
#include "actors/common/store_client.hpp"
#include "djm/node_actor.hpp"

/// The node's own actor: all that it understands, and what it knows itself by.
namespace djm {

/// The environment is closed: nothing of the node runs any more.
struct env_closed {};
DJM_FIELDS(env_closed)

/// The code of a job has looked at a configuration that is to be set.
struct config_judged {
  std::uint64_t wish = 0;
  bool ok = false;
  std::string failure;
};
DJM_FIELDS(config_judged, wish, ok, failure)

/// Nobody runs code of the job any more, and the user's object is released.
struct job_gone {
  job_id job;
};
DJM_FIELDS(job_gone, job)

using node_impl = node_actor::extend_with<supervisor_actor>::extend_with<store_client_actor>::extend_with<
  cx::typed<caf::result<void>(msg::wake), caf::result<void>(env_closed), caf::result<void>(job_gone),
            caf::result<void>(config_judged)>>;

class node_shell;
using node_ptr = cx::self_ptr<node_impl, node_shell>;

} // namespace djm
