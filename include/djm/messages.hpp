#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <caf/actor.hpp>

#include "djm/bytes.hpp"
#include "djm/events.hpp"
#include "djm/history.hpp"
#include "djm/inspect.hpp"
#include "djm/item_answer.hpp"
#include "djm/item_state.hpp"
#include "djm/job.hpp"
#include "djm/job_spec.hpp"
#include "djm/node_config.hpp"
#include "djm/status.hpp"
#include "djm/user_config.hpp"

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
struct trigger_here {
  /// The job.
  job_id job;
};
DJM_FIELDS(trigger_here, job)

/// Override fields of a job's specification in the whole cluster (`overridable_fields`). What is set belongs to the
/// specification that rules now, and ends when another one takes its place. Answered with the `rev` of the record that
/// says so; of the record as it is, where it says so already.
struct update_job {
  /// The job.
  job_id job;
  /// By field: `user_config::parse(R"({"schedule": {"period": "10s"}})")`. It is put on top of earlier overrides; null
  /// takes one back.
  user_config overrides;
  /// In place of all earlier ones instead.
  bool replace = false;
  /// Only if the record is at this `rev` still; nothing: whatever it is at.
  std::optional<std::int64_t> expected_rev = {};
};
DJM_FIELDS(update_job, job, overrides, replace, expected_rev)

/// Set the configuration of a job in the whole cluster, in place of what was set before. Values that are not set are
/// those that the ruling specification names. Runs that begin after a node has heard of it get it; nothing moves and
/// nothing is restarted. Where the job is registered on this node, it is asked first whether it can work with it.
struct configure_job {
  /// The job.
  job_id job;
  /// At most 64 KiB as JSON, together with the defaults.
  user_config config;
  /// Only if the record is at this `rev` still; nothing: whatever it is at.
  std::optional<std::int64_t> expected_rev = {};
};
DJM_FIELDS(configure_job, job, config, expected_rev)

/// Start no more runs of a job in the whole cluster until `resume_job`. Runs that go on go on, items stay where they
/// are (`switch_job` takes them away). Kept in the store, whatever is deployed.
struct pause_job {
  /// The job.
  job_id job;
};
DJM_FIELDS(pause_job, job)

/// End what `pause_job` has begun. What came due meanwhile is not made up for.
struct resume_job {
  /// The job.
  job_id job;
};
DJM_FIELDS(resume_job, job)

/// Have a job prepared once more (`job::prepare`) before any further run of it starts anywhere. Runs that go on go on.
/// Sent again because it is not known what became of it, it may prepare once more than was meant. `invalid_state`: the
/// specification that rules prepares nothing.
struct prepare_again {
  /// The job.
  job_id job;
};
DJM_FIELDS(prepare_again, job)

/// Remove a job from the cluster: every node that has it gives it back as `unregister_job` does, one that is away when
/// it comes back. Who registers it after that (another time, in a process that is started then) has it anew; until all
/// have given it back such a registration waits.
struct remove_job {
  /// The job.
  job_id job;
};
DJM_FIELDS(remove_job, job)

/// Run a job once more, now, on every node that holds items of it. A node that hears of several at once runs once for
/// all of them. What moves from one node to another at that moment runs once more on one of the two, on both one after
/// the other, or not at all: where that matters, give items that remember what was done.
struct trigger_job {
  /// The job.
  job_id job;
  /// Names this trigger, by the rule of ids: one that is sent again, because it is not known what became of it, is the
  /// same trigger as long as fewer than eight others came in between. Empty: a name is drawn.
  std::string request = {};
};
DJM_FIELDS(trigger_job, job, request)

/// Change the schedule of a job on this node, until the job's record changes or the process ends. In the whole cluster:
/// `update_job`.
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

/// Ask the code of a job about one of its items, where that item is held: `job::answer` is called under its lock. The
/// question and the answer mean what the job says they mean. Answered with an `item_answer`; `unknown_job`: it is not
/// registered here; `not_owner`: the item is not held here, `cluster_view` shows by whom; `invalid_state`: the job
/// answers no questions; `user_code_failed`, `timed_out`, `backlog_full`, `too_large`.
struct ask_item {
  /// The job.
  job_id job;
  /// Its item.
  item_id item;
  /// What is asked.
  bytes question;
  /// How long the code may take; from 1 ms to 10 minutes.
  any_duration timeout = std::chrono::seconds{10};
};
DJM_FIELDS(ask_item, job, item, question, timeout)

/// What is saved of an item (`job_context::save`). Answered with an `item_state`; `invalid_id`, `unknown_job`,
/// `malformed_payload`. The item need not be there.
struct get_item_state {
  /// The job.
  job_id job;
  /// Its item.
  item_id item;
};
DJM_FIELDS(get_item_state, job, item)

/// Set what is saved of an item, in place of what its runs have saved: the next load has it. A run that saves after
/// this without having loaded it is refused with `conflict`. The item need not be there: one that comes later begins
/// with it. Answered with the `item_state` as it is then; `invalid_id`, `unknown_job`, `conflict`, `too_large`;
/// `unknown_outcome` when it may have been set and has changed since.
struct set_item_state {
  /// The job.
  job_id job;
  /// Its item.
  item_id item;
  /// What is saved from now on; nothing: as if nothing had ever been saved.
  std::optional<bytes> state;
  /// `item_state::version` as it was seen; `conflict` when it is another one by now. Nothing: whatever there is.
  std::optional<std::int64_t> expected_version;
};
DJM_FIELDS(set_item_state, job, item, state, expected_version)

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
