#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/executor/state_keeper.hpp"
#include "actors/protocol/job_runner.hpp"
#include "actors/protocol/keeper.hpp"

/// Between the worker and those that it serves.
namespace djm::msg {

/// The latest moment at which the server is known to have seen session `number` alive.
struct contact {
  std::uint64_t number = 0;
  time_point at;
};

/// The runner does not touch these items any more.
struct released {
  job_id job;
  std::vector<item_id> items;
};

/// The same, and this node does not want them back for so long.
struct declined {
  job_id job;
  std::vector<item_id> items;
  duration length = duration::zero();
  std::string why;
};

/// The job is to go: tell when it is free of items (`job_free`).
struct remove_job {
  job_id job;
};

/// Give everything back.
struct drain {};

/// Leave what still runs.
struct hurry {};

DJM_FIELDS(contact, number, at)
DJM_FIELDS(released, job, items)
DJM_FIELDS(declined, job, items, length, why)
DJM_FIELDS(remove_job, job)
DJM_FIELDS(drain)
DJM_FIELDS(hurry)

} // namespace djm::msg

namespace djm {

/// A run loads or saves the state of an item. Answered by the reply that it holds.
struct state_asked {
  state_request what;
};

/// The runner of a job, new or rebuilt.
struct add_runner {
  job_id job;
  runner_actor runner;
};

/// Holds the locks of the node.
using worker_actor = store_client_actor::extend_with<cx::typed<
  // from store
  caf::result<void>(msg::contact),
  // from keeper
  caf::result<void>(msg::joined),
  // from keeper
  caf::result<void>(msg::unjoined),
  // from job_runner; worker: for a job without a runner
  caf::result<void>(msg::released),
  // from job_runner
  caf::result<void>(msg::declined),
  // from node
  caf::result<void>(add_runner),
  // from executor: for a run
  caf::result<void>(state_asked),
  // from job_runner: answered by `slots_told`
  caf::result<void>(slots_asked),
  // from node: answered by `job_free`
  caf::result<void>(msg::remove_job),
  // from node: answered by `drained`
  caf::result<void>(msg::drain),
  // from node
  caf::result<void>(msg::hurry),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<worker_status>(msg::get_part_status)>>;

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::add_runner)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::state_asked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::slots_asked)
