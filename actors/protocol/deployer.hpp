#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/protocol/store.hpp"
#include "djm/error.hpp"
#include "djm/job.hpp"

/// Between the deployer and those it works with.
namespace djm::msg {

/// What became of `deploy_job`: `why` the node has not taken the job; empty: it has.
struct deployed {
  job_id job;
  /// Of the submission.
  std::int64_t number = 0;
  std::string why;
};

/// The node does not have this job, which was submitted, any more.
struct undeployed {
  job_id job;
};

/// The node stops: nothing new is begun, and what is under way is no death.
struct stop_deploying {};

DJM_FIELDS(deployed, job, number, why)
DJM_FIELDS(undeployed, job)
DJM_FIELDS(stop_deploying)

} // namespace djm::msg

namespace djm {

/// What a factory has made of a submission.
struct job_made {
  std::int64_t number = 0;
  std::shared_ptr<expected<job_definition>> result;
};

/// Makes jobs of what is submitted.
using deployer_actor = store_client_actor::extend_with<cx::typed<
  // from executor
  caf::result<void>(job_made),
  // from node
  caf::result<void>(msg::deployed),
  // from node
  caf::result<void>(msg::undeployed),
  // from node
  caf::result<void>(msg::stop_deploying),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce)>>;

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::job_made)
