#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor.hpp>

#include "djm/events.hpp"
#include "djm/history.hpp"
#include "djm/inspect.hpp"
#include "djm/job.hpp"
#include "djm/job_spec.hpp"
#include "djm/node_config.hpp"
#include "djm/status.hpp"

/// What one may send to a node (see `node_actor.hpp` for who answers what).
namespace djm {

/// Register a job on this node. The code never leaves the process; the specification is what travels and is stored.
struct register_job {
  /// What is known and stored of the job.
  job_spec spec;
  /// What to run; must not be null.
  std::shared_ptr<job> code;
};
/// Take a job from this node: its runs are asked to stop, its items go to other nodes. Answered when no code of the job
/// runs or will run here and the node has let go of its object; without `wait` at once.
struct unregister_job {
  /// The job.
  job_id job;
  /// Answer when nothing of it runs any more, and not at once.
  bool wait = true;
};
DJM_FIELDS(unregister_job, job, wait)

/// Enable or disable a job in the whole cluster. Kept in the store; runs under way are asked to stop.
struct switch_job {
  /// The job.
  job_id job;
  /// Whether it runs from now on.
  bool enabled = true;
};
DJM_FIELDS(switch_job, job, enabled)

/// Disable everything in the whole cluster, or end that: jobs that were disabled one by one stay so.
struct switch_all {
  /// Whether jobs run from now on.
  bool enabled = true;
};
DJM_FIELDS(switch_all, enabled)

/// Remove a job that no living node offers any more, with its items, from the store: what the leader does by itself
/// only when `clean_period` is over. Answered when that is decided and written; the leader follows at once, or when D
/// is over for a node that crashed with it. Whoever registers the job again in between keeps it.
struct delete_job {
  /// The job.
  job_id job;
};
DJM_FIELDS(delete_job, job)

/// Run now, once more, what this node holds of the job; during a run: one more after it, however often. Answered with
/// the number of runs that follow (of lanes, where the job cuts its share): 0 when this node holds nothing of the job.
/// One that comes before the node has held anything of it is kept until it does. The rhythm of the schedule stays as it
/// is.
struct trigger_job {
  /// The job.
  job_id job;
};
DJM_FIELDS(trigger_job, job)

/// Change the schedule of a job on this node.
struct reschedule_job {
  /// The job.
  job_id job;
  /// The schedule from now on.
  djm::schedule schedule;
};
DJM_FIELDS(reschedule_job, job, schedule)

/// Say how the planner treats a worker: a cordoned one gets nothing new, a draining one is emptied. What is not given
/// stays as it is. Kept in the store until taken back, whether the worker is there, gone for long, or still to come.
struct mark_worker {
  /// The worker; it need not be there yet.
  node_id worker;
  /// Others take its items, as far as they can.
  std::optional<bool> draining = {};
  /// It gets nothing new.
  std::optional<bool> cordoned = {};
};
DJM_FIELDS(mark_worker, worker, draining, cordoned)

/// Ask a run of this node to stop (`stop_reason::cancelled`). It has not failed, and its slot is not tried again.
struct cancel_run {
  /// The job.
  job_id job;
  /// The run, as events and `runner_status::runs` name it.
  run_id run = 0;
};
DJM_FIELDS(cancel_run, job, run)

/// Let an item run again that this node has parked: from its next turn on.
struct release_item {
  /// The job.
  job_id job;
  /// The item.
  item_id item;
};
DJM_FIELDS(release_item, job, item)

/// Let a job go on that this node has paused because too many slots in a row failed. Slots that came meanwhile are left
/// out.
struct resume_here {
  /// The job.
  job_id job;
};
DJM_FIELDS(resume_here, job)

struct get_status {};
DJM_FIELDS(get_status)

struct get_cluster {};
DJM_FIELDS(get_cluster)

/// What this node says of one of its jobs. Answered with a `runner_status`.
struct get_job {
  /// The job.
  job_id job;
};
DJM_FIELDS(get_job, job)

/// Why an item is where it is. The leader answers from its last plan; another node reads the tree and plans first,
/// which takes a while in a large cluster (`get_cluster` names the leader).
struct explain_item {
  /// The job.
  job_id job;
  /// The item.
  item_id item;
};
DJM_FIELDS(explain_item, job, item)

/// The job's runner on this node, to monitor or link.
struct get_job_handle {
  /// The job.
  job_id job;
};
DJM_FIELDS(get_job_handle, job)

/// Send every event of this node to `listener` as a `node_event` message until it goes down or unsubscribes. First of
/// all it hears how things stand: `connection_changed`, `leader_changed` and each `problem` that goes on.
struct subscribe {
  /// Who is told.
  caf::actor listener;
};
/// End what `subscribe` has begun.
struct unsubscribe {
  /// Who is told nothing any more.
  caf::actor listener;
};
/// Stop: runs are asked to stop and waited for (`stop_timeout`), locks are given back, the node leaves, the session is
/// closed. Answered when all is done. With `hurry`, or at the second request, runs are not waited for.
struct shutdown_node {
  /// Do not wait for runs.
  bool hurry = false;
};
DJM_FIELDS(shutdown_node, hurry)

/// Shows the specification; the code has nothing to show.
template <class F>
auto inspect(F& f, register_job& x) {
  return cx::object(f, x, "register_job", field("spec", x.spec));
}
template <class F>
auto inspect(F& f, subscribe& x) {
  return cx::apply(f, x.listener);
}
template <class F>
auto inspect(F& f, unsubscribe& x) {
  return cx::apply(f, x.listener);
}

} // namespace djm

DJM_SHOW_VARIANT(djm::event)
