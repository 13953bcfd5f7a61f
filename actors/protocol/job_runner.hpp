#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/common/slot_wishes.hpp"
#include "actors/protocol/common.hpp"
#include "djm/job_record.hpp"
#include "djm/messages.hpp"
#include "djm/runner_status.hpp"

/// Between a runner, its worker, and the threads on which user code runs.
namespace djm::msg {

/// The locks of these items are held: they may run.
struct grant {
  std::vector<work_item> items;
  /// Others of the job are assigned to this node and not locked yet.
  bool more_to_come = false;
};

/// Stop them, and tell when they have ended (`released`).
struct revoke {
  std::vector<item_id> items;
  stop_reason reason = stop_reason::revoked;
};

/// How long runs may go on without hearing anything new: a lease that goes on with nothing before it, or ends sooner
/// than it was told. What makes it longer is on the `lease_board`, under the number of this stretch.
struct lease {
  std::uint64_t stretch = 0;
  time_point run_until;
  time_point deadline;
};

/// Runs have ended, or have released items: it waits in the inbox.
struct run_news {};

/// What the running strategy has answered.
struct cut_done {
  std::uint64_t request = 0;
  bool ok = false;
  std::vector<std::vector<item_id>> parts;
  std::string failure;
};

/// What the pool function has returned or thrown.
struct pool_done {
  std::uint64_t request = 0;
  bool ok = false;
  std::vector<item_id> items;
  std::string failure;
};

/// Run now; answered with the number of runs that will start.
struct trigger {};

/// Another schedule; the error says what is wrong with it.
struct reschedule {
  djm::schedule schedule;
};

/// Ask this run to stop.
struct cancel {
  run_id run = 0;
};

/// Let a parked item run again.
struct release {
  item_id item;
};

/// Let a paused job go on.
struct resume {};

/// What the record of the job says from now on.
struct follow {
  followed_job what;
};

/// The job's code has looked at a configuration.
struct config_checked {
  std::uint64_t request = 0;
  bool ok = false;
  std::string failure;
};

/// Ask every run to stop.
struct stop_runs {
  stop_reason reason = stop_reason::shutdown;
};

/// The worker was rebuilt; what it granted is void until granted again.
struct worker_restarted {};

DJM_FIELDS(grant, items, more_to_come)
DJM_FIELDS(revoke, items, reason)
DJM_FIELDS(lease, stretch, run_until, deadline)
DJM_FIELDS(run_news)
DJM_FIELDS(cut_done, request, ok, parts, failure)
DJM_FIELDS(pool_done, request, ok, items, failure)
DJM_FIELDS(trigger)
DJM_FIELDS(reschedule, schedule)
DJM_FIELDS(cancel, run)
DJM_FIELDS(release, item)
DJM_FIELDS(resume)
DJM_FIELDS(follow, what)
DJM_FIELDS(config_checked, request, ok, failure)
DJM_FIELDS(stop_runs, reason)
DJM_FIELDS(worker_restarted)

} // namespace djm::msg

namespace djm {

/// Runs one job.
using runner_actor = cx::typed<
  // from executor
  caf::result<void>(msg::run_news),
  // from worker
  caf::result<void>(msg::lease),
  // from worker
  caf::result<void>(msg::grant),
  // from worker: answered by `released`
  caf::result<void>(msg::revoke),
  // from worker
  caf::result<void>(slots_told),
  // from executor
  caf::result<void>(msg::cut_done),
  // from executor
  caf::result<void>(msg::pool_done),
  // from node: for a user
  caf::result<std::uint64_t>(msg::trigger),
  // from node: for a user
  caf::result<void>(msg::reschedule),
  // from node: for a user
  caf::result<void>(msg::cancel),
  // from node: for a user
  caf::result<void>(msg::release),
  // from node: for a user
  caf::result<void>(msg::resume),
  // from node: for a user
  caf::result<item_answer>(ask_item),
  // from node
  caf::result<void>(msg::follow),
  // from node
  caf::result<void>(msg::pool_changed),
  // from executor
  caf::result<void>(msg::config_checked),
  // from node
  caf::result<void>(msg::stop_runs),
  // from node
  caf::result<void>(msg::worker_restarted),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<runner_status>(msg::get_part_status)>;

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::slots_told)
