#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/protocol/common.hpp"
#include "djm/job_spec.hpp"
#include "djm/runner_status.hpp"

/// Between a runner, its worker, and the threads on which user code runs.
namespace djm::msg {

/// The locks of these items are held: they may run.
struct grant {
  std::vector<work_item> items;
};

/// Stop them, and tell when they have ended (`released`).
struct revoke {
  std::vector<item_id> items;
  stop_reason reason = stop_reason::revoked;
};

/// How long runs may go on without hearing anything new.
struct lease {
  time_point run_until;
  time_point deadline;
};

/// A run has ended.
struct run_done {
  run_id id = 0;
  bool failed = false;
  std::string failure;
  /// Its code was not called.
  bool dropped = false;
  duration waited = duration::zero(), took = duration::zero();
  /// Those that failed by name.
  std::vector<item_id> items;
};

/// A run goes on and does not touch these items any more.
struct run_released {
  run_id id = 0;
  std::vector<item_id> items;
};

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

/// Ask every run to stop.
struct stop_runs {
  stop_reason reason = stop_reason::shutdown;
};

/// The worker was rebuilt; what it granted is void until granted again.
struct worker_restarted {};

template <class V>
auto fields(V&& v, grant& x) {
  return v("grant", field("items", x.items));
}
template <class V>
auto fields(V&& v, revoke& x) {
  return v("revoke", field("items", x.items), field("reason", x.reason));
}
template <class V>
auto fields(V&& v, lease& x) {
  return v("lease", field("run_until", x.run_until), field("deadline", x.deadline));
}
template <class V>
auto fields(V&& v, run_done& x) {
  return v("run_done", field("id", x.id), field("failed", x.failed), field("failure", x.failure),
           field("dropped", x.dropped), field("waited", x.waited), field("took", x.took), field("items", x.items));
}
template <class V>
auto fields(V&& v, run_released& x) {
  return v("run_released", field("id", x.id), field("items", x.items));
}
template <class V>
auto fields(V&& v, cut_done& x) {
  return v("cut_done", field("request", x.request), field("ok", x.ok), field("parts", x.parts),
           field("failure", x.failure));
}
template <class V>
auto fields(V&& v, pool_done& x) {
  return v("pool_done", field("request", x.request), field("ok", x.ok), field("items", x.items),
           field("failure", x.failure));
}
template <class V>
auto fields(V&& v, trigger&) {
  return v("trigger");
}
template <class V>
auto fields(V&& v, reschedule& x) {
  return v("reschedule", field("schedule", x.schedule));
}
template <class V>
auto fields(V&& v, stop_runs& x) {
  return v("stop_runs", field("reason", x.reason));
}
template <class V>
auto fields(V&& v, worker_restarted&) {
  return v("worker_restarted");
}

} // namespace djm::msg

namespace djm {

/// Runs one job.
using runner_actor = cx::typed<
  // from executor
  caf::result<void>(msg::run_done),
  // from executor
  caf::result<void>(msg::run_released),
  // from worker
  caf::result<void>(msg::lease),
  // from worker
  caf::result<void>(msg::grant),
  // from worker: answered by `released`
  caf::result<void>(msg::revoke),
  // from executor
  caf::result<void>(msg::cut_done),
  // from executor
  caf::result<void>(msg::pool_done),
  // from node: for a user
  caf::result<std::uint64_t>(msg::trigger),
  // from node: for a user
  caf::result<void>(msg::reschedule),
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
