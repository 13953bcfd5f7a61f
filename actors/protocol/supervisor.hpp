#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "actors/protocol/keeper.hpp"
#include "djm/events.hpp"
#include "djm/job.hpp"
#include "djm/job_record.hpp"

/// What the parts of a node tell the node.
namespace djm::msg {

/// What users hear.
struct happened {
  event what;
};

/// The node has left the cluster.
struct left {};

/// The node cannot take part at all.
struct failed {
  error why;
};

/// Everything was given back.
struct drained {};

/// Whether the node holds just what it is assigned.
struct settled {
  bool settled = false;
};

/// The worker holds nothing of the job any more.
struct job_free {
  job_id job;
};

/// What the record of a job says from now on.
struct followed {
  followed_job what;
};

/// The job was removed from the cluster.
struct job_ended {
  job_id job;
  std::string why;
};

/// This job, which was submitted, is not wanted any more.
struct undeploy {
  job_id job;
};

/// The session has ended.
struct store_closed {};

DJM_FIELDS(happened, what)
DJM_FIELDS(left)
template <class V>
auto fields(V&& v, failed& x) {
  return v("failed", field("code", x.why.code), field("text", x.why.text));
}
DJM_FIELDS(drained)
DJM_FIELDS(settled, settled)
DJM_FIELDS(job_free, job)
DJM_FIELDS(followed, what)
DJM_FIELDS(job_ended, job, why)
DJM_FIELDS(undeploy, job)
DJM_FIELDS(store_closed)

} // namespace djm::msg

namespace djm {

/// The job that was made of a submission. Answered by `deployed`.
struct deploy_job {
  /// Of the submission: its czxid.
  std::int64_t number = 0;
  /// Taken out where the node takes the job, and left where it does not.
  std::shared_ptr<expected<job_definition>> what;
};

/// The node, as its parts see it.
using supervisor_actor = cx::typed<
  // from store, keeper, election, manager, worker, deployer, job_runner; node: for a listener
  caf::result<void>(msg::happened),
  // from keeper
  caf::result<void>(msg::left),
  // from keeper
  caf::result<void>(msg::failed),
  // from worker
  caf::result<void>(msg::drained),
  // from worker
  caf::result<void>(msg::settled),
  // from worker
  caf::result<void>(msg::job_free),
  // from keeper
  caf::result<void>(msg::joined),
  // from keeper
  caf::result<void>(msg::unjoined),
  // from keeper
  caf::result<void>(msg::followed),
  // from keeper
  caf::result<void>(msg::job_ended),
  // from keeper
  caf::result<void>(msg::pool_changed),
  // from deployer
  caf::result<void>(deploy_job),
  // from deployer
  caf::result<void>(msg::undeploy),
  // from store
  caf::result<void>(msg::store_closed)>;

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::deploy_job)
