#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor.hpp>

#include "djm/events.hpp"
#include "djm/inspect.hpp"
#include "djm/job.hpp"
#include "djm/job_spec.hpp"
#include "djm/node_config.hpp"
#include "djm/status.hpp"

/// What one may send to a node (see `node_actor.hpp` for who answers what).
namespace djm {

/// Register a job on this node. The code never leaves the process; the specification is what travels and is stored.
struct register_job {
  job_spec spec;
  std::shared_ptr<job> code;
};
/// Take a job from this node: its runs are asked to stop, its items go to other nodes. Answered when no code of the job
/// runs or will run here and the node has let go of its object; without `wait` at once.
struct unregister_job {
  job_id job;
  bool wait = true;
};
/// Enable or disable a job in the whole cluster. Kept in the store; runs under way are asked to stop.
struct switch_job {
  job_id job;
  bool enabled = true;
};
/// Disable everything in the whole cluster, or end that: jobs that were disabled one by one stay so.
struct switch_all {
  bool enabled = true;
};
/// Remove a job that no living node offers any more, with its items, from the store: what the leader does by itself
/// only when `clean_period` is over. Answered when that is decided and written; the leader follows at once, or when D
/// is over for a node that crashed with it. Whoever registers the job again in between keeps it.
struct delete_job {
  job_id job;
};
/// Run now, once more, what this node holds of the job; during a run: one more after it, however often. Answered with
/// the number of runs that follow (of lanes, where the job cuts its share): 0 when this node holds nothing of the job.
/// One that comes before the node has held anything of it is kept until it does. The rhythm of the schedule stays as it
/// is.
struct trigger_job {
  job_id job;
};
/// Change the schedule of a job on this node.
struct reschedule_job {
  job_id job;
  djm::schedule schedule;
};
/// Say how the planner treats a worker: a cordoned one gets nothing new, a draining one is emptied. What is not given
/// stays as it is. Kept in the store until taken back, whether the worker is there, gone for long, or still to come.
struct mark_worker {
  node_id worker;
  std::optional<bool> draining = {};
  std::optional<bool> cordoned = {};
};
struct get_status {};
struct get_cluster {};
struct get_job {
  job_id job;
};
/// Why an item is where it is. The leader answers from its last plan; another node reads the tree and plans first,
/// which takes a while in a large cluster (`get_cluster` names the leader).
struct explain_item {
  job_id job;
  item_id item;
};
/// The job's runner on this node, to monitor or link.
struct get_job_handle {
  job_id job;
};
/// Send every event of this node to `listener` as a `node_event` message until it goes down or unsubscribes. First of
/// all it hears how things stand: `connection_changed`, `leader_changed` and each `problem` that goes on.
struct subscribe {
  caf::actor listener;
};
struct unsubscribe {
  caf::actor listener;
};
/// Stop: runs are asked to stop and waited for (`stop_timeout`), locks are given back, the node leaves, the session is
/// closed. Answered when all is done. With `hurry`, or at the second request, runs are not waited for.
struct shutdown_node {
  bool hurry = false;
};

template <class V>
auto fields(V&& v, unregister_job& x) {
  return v("unregister_job", field("job", x.job), field("wait", x.wait));
}
template <class V>
auto fields(V&& v, switch_job& x) {
  return v("switch_job", field("job", x.job), field("enabled", x.enabled));
}
template <class V>
auto fields(V&& v, switch_all& x) {
  return v("switch_all", field("enabled", x.enabled));
}
template <class V>
auto fields(V&& v, delete_job& x) {
  return v("delete_job", field("job", x.job));
}
template <class V>
auto fields(V&& v, trigger_job& x) {
  return v("trigger_job", field("job", x.job));
}
template <class V>
auto fields(V&& v, reschedule_job& x) {
  return v("reschedule_job", field("job", x.job), field("schedule", x.schedule));
}
template <class V>
auto fields(V&& v, mark_worker& x) {
  return v("mark_worker", field("worker", x.worker), field("draining", x.draining), field("cordoned", x.cordoned));
}
template <class V>
auto fields(V&& v, get_status&) {
  return v("get_status");
}
template <class V>
auto fields(V&& v, get_cluster&) {
  return v("get_cluster");
}
template <class V>
auto fields(V&& v, get_job& x) {
  return v("get_job", field("job", x.job));
}
template <class V>
auto fields(V&& v, explain_item& x) {
  return v("explain_item", field("job", x.job), field("item", x.item));
}
template <class V>
auto fields(V&& v, get_job_handle& x) {
  return v("get_job_handle", field("job", x.job));
}
template <class V>
auto fields(V&& v, shutdown_node& x) {
  return v("shutdown_node", field("hurry", x.hurry));
}

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
