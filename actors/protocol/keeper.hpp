#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/protocol/store.hpp"
#include "djm/job_spec.hpp"
#include "djm/status.hpp"

/// Between the keeper and those that rely on the registration of the node.
namespace djm::msg {

/// The job can run on this node from now on.
struct offer {
  job_spec spec;
  /// It could before, and its record was followed: only the keeper is a new one.
  bool again = false;
  /// czxid of the submission that it was made of: it is offered while that one is there; 0: the program's own.
  std::int64_t submitted = 0;
};

/// It cannot any more.
struct withdraw {
  job_id job;
};

/// What the pool function has returned.
struct pool {
  job_id job;
  std::vector<item_id> items;
};

/// A run of this node has saved that this preparation of the job is done, or has found it saved.
struct prepared {
  job_id job;
  std::int64_t generation = 0;
};

/// `alive/<node>` is missing.
struct not_alive {};

/// Leave the cluster gently.
struct leave {};

/// This node is registered and alive in session `number`.
struct joined {
  std::uint64_t number = 0;
  std::string alive_data;
};

/// It is not any more.
struct unjoined {};

DJM_FIELDS(offer, spec, again, submitted)
DJM_FIELDS(withdraw, job)
DJM_FIELDS(pool, job, items)
DJM_FIELDS(prepared, job, generation)
DJM_FIELDS(not_alive)
DJM_FIELDS(leave)
DJM_FIELDS(joined, number, alive_data)
DJM_FIELDS(unjoined)

} // namespace djm::msg

namespace djm {

/// Keeps the node registered.
using keeper_actor = store_client_actor::extend_with<cx::typed<
  // from job_runner
  caf::result<void>(msg::pool),
  // from job_runner
  caf::result<void>(msg::prepared),
  // from node
  caf::result<void>(msg::offer),
  // from node
  caf::result<void>(msg::withdraw),
  // from store, worker
  caf::result<void>(msg::not_alive),
  // from node: answered by `left`
  caf::result<void>(msg::leave),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<keeper_status>(msg::get_part_status)>>;

} // namespace djm
