#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "djm/change_events.hpp"
#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/time.hpp"

/// What a node tells its subscribers, in the order in which it happened on that node.
namespace djm {

/// Items of the job are locked by this node and may run from now on.
struct items_granted {
  /// The job.
  job_id job;
  /// What was locked, with its fencing tokens.
  std::vector<work_item> items;
};
DJM_FIELDS(items_granted, job, items)

/// Items of the job were taken from this node; runs that hold them have been told, and are asked to stop unless they
/// release them.
struct items_revoked {
  /// The job.
  job_id job;
  /// What was taken.
  std::vector<item_id> items;
  /// Why.
  stop_reason reason = stop_reason::revoked;
};
DJM_FIELDS(items_revoked, job, items, reason)

/// No run holds these items any more; their locks are given back.
struct items_released {
  /// The job.
  job_id job;
  /// What was given back.
  std::vector<item_id> items;
};
DJM_FIELDS(items_released, job, items)

/// The run was handed to the threads of user code; it may still wait for one (`waited` tells at its end).
struct run_started {
  /// The job.
  job_id job;
  /// The run; unique within one life of the node.
  run_id run = 0;
  /// Its share.
  std::vector<work_item> items;
  /// The slot it is for, in milliseconds since the Unix epoch; nothing where there is none.
  std::optional<std::int64_t> slot{};
  /// Which attempt for its slot it is, from 1 on.
  std::uint32_t attempt = 1;
};
DJM_FIELDS(run_started, job, run, items, slot, attempt)

/// The run came to its end without a failure.
struct run_finished {
  /// The job.
  job_id job;
  /// The run.
  run_id run = 0;
  /// From the moment its code was called.
  duration took = duration::zero();
  /// For a thread, before that.
  duration waited = duration::zero();
};
DJM_FIELDS(run_finished, job, run, took, waited)

/// The run failed, as a whole or for some of its items.
struct run_failed {
  /// The job.
  job_id job;
  /// The run.
  run_id run = 0;
  /// From the moment its code was called.
  duration took = duration::zero();
  /// What the code said.
  std::string what;
  /// For a thread, before that.
  duration waited = duration::zero();
  /// Items that failed by name (`job_context::fail_item`, `for_each_item`); empty when the run as a whole threw.
  std::vector<item_id> items{};
};
DJM_FIELDS(run_failed, job, run, took, what, waited, items)

/// The run ignored its stop request for longer than its grace, or beyond the deadline at which its items may start
/// elsewhere (`past_deadline`).
struct run_overrun {
  /// The job.
  job_id job;
  /// The run.
  run_id run = 0;
  /// The more dangerous of the two: its items may be running elsewhere by now.
  bool past_deadline = false;
};
DJM_FIELDS(run_overrun, job, run, past_deadline)

/// The pool function failed or hangs, or named items that break a rule; the pool stays as it was (valid items count).
struct pool_problem {
  /// The job.
  job_id job;
  /// What was wrong.
  error why;
};
/// Items of the job found no room (told by the leader, once per change): more capacity of this profile would serve
/// them. Bind an autoscaler to it.
struct capacity_wanted {
  /// The job.
  job_id job;
  /// Items that found no room.
  std::uint64_t items = 0;
  /// What each item needs, in milli-units; empty when only slots are missing.
  std::map<std::string, std::int64_t> profile;
};
DJM_FIELDS(capacity_wanted, job, items, profile)

/// Leadership as this node sees it; empty `leader`: none known.
struct leader_changed {
  /// Who leads.
  node_id leader;
  /// The epoch of that leader; grows with every change.
  std::int64_t epoch = 0;
};
DJM_FIELDS(leader_changed, leader, epoch)

/// How the connection of a node to its cluster stands.
enum class connection_state : std::uint8_t {
  /// The node looks for the store, for the first time or after its session was lost. If it lasts, see the problems of
  /// the node.
  connecting,
  /// The node has joined the cluster for the first time: items come.
  connected,
  /// The store does not answer. Runs go on while the lease lasts; no new ones are promised.
  suspended,
  /// The store answers again, or the node has joined in a new session. What was lost in between has been told.
  reconnected,
  /// The session is lost: runs have been asked to stop, and items may go to others when D is over. The node joins again
  /// by itself.
  lost,
  /// The node has left the cluster or could not join it. There is nothing more to come.
  stopped,
};

/// The names of the states, in their order.
constexpr auto enum_names(connection_state) {
  return name_enum("connection_state", "connecting", "connected", "suspended", "reconnected", "lost", "stopped");
}

/// The node's connection has changed.
struct connection_changed {
  /// How it stands from now on.
  connection_state state = connection_state::connecting;
};
DJM_FIELDS(connection_changed, state)

/// Items that this node holds have been in no run for a period of the job and its stop grace, because the run of their
/// share goes on without them (`new_items_policy::own_run` gives them one of their own), other runs take all places, or
/// the function that cuts the share does not answer. Told once, and once more with `over` when it has come to its end.
struct item_starved {
  /// The job.
  job_id job;
  /// Items that wait, or that have waited.
  std::vector<item_id> items;
  /// They have been in a run now, or are gone.
  bool over = false;
};
DJM_FIELDS(item_starved, job, items, over)

/// Something went wrong that a person should know about. Told when it begins and when its text changes; how often it
/// has come up since is in the status.
struct problem {
  /// The part of the node that tells of it, such as "keeper".
  std::string component;
  /// What went wrong.
  error why;
  /// What it is about, as its component calls it: it goes on until `problem_over` says the same. Empty: it is over.
  std::string about = {};
};
/// The problem is over.
struct problem_over {
  /// The part of the node that had told of it.
  std::string component;
  /// What it was about.
  std::string about;
};
DJM_FIELDS(problem_over, component, about)

/// The lease of this node has come to its end, because the store was out of reach for too long: these runs of the job
/// have been asked to stop (`stop_reason::lease_expiring`), and none starts before the connection is back. From
/// `stop_grace` later on their items may run elsewhere.
struct lease_ended {
  /// The job.
  job_id job;
  /// The runs.
  std::vector<run_id> runs;
};
DJM_FIELDS(lease_ended, job, runs)

/// Slots of a calendar that have no run of their own on this node, which holds the item.
struct slots_skipped {
  /// The job.
  job_id job;
  /// The item, where each has runs of its own; empty for a share.
  item_id item;
  /// How many; from 10,000 on they are not counted further.
  std::uint64_t count = 0;
  /// The earliest, in milliseconds since the Unix epoch.
  std::int64_t first = 0;
  /// The latest.
  std::int64_t last = 0;
  /// Why.
  skip_reason reason = skip_reason::overlap;
};
DJM_FIELDS(slots_skipped, job, item, count, first, last, reason)

/// The run of a slot was cut off with the node that had the item before (`slots::tracked`): that node, or its
/// connection to the store, is gone, and nothing says how far the run has come.
struct slot_interrupted {
  /// The job.
  job_id job;
  /// The item.
  item_id item;
  /// In milliseconds since the Unix epoch.
  std::int64_t slot = 0;
  /// Which attempt it was.
  std::uint32_t attempt = 1;
  /// The node that had started it.
  node_id by;
  /// There will be another attempt, if nothing comes due before.
  bool again = false;
};
DJM_FIELDS(slot_interrupted, job, item, slot, attempt, by, again)

/// Items failed and will be tried again, if nothing comes due before.
struct retry_planned {
  /// The job.
  job_id job;
  /// What will be tried again.
  std::vector<item_id> items;
  /// Which attempt that will be.
  std::uint32_t attempt = 2;
  /// How long from now.
  duration in = duration::zero();
};
DJM_FIELDS(retry_planned, job, items, attempt, in)

/// The run took longer than `run_timeout` or was `silent` for longer than `beat_timeout`, and is asked to stop.
struct run_timed_out {
  /// The job.
  job_id job;
  /// The run.
  run_id run = 0;
  /// It did not call `job_context::beat` in time.
  bool silent = false;
};
DJM_FIELDS(run_timed_out, job, run, silent)

/// Items are parked: too many of their slots in a row have failed (`failure_rules::park_item_after`). Told once more
/// with `over` when they run again, or go elsewhere.
struct items_parked {
  /// The job.
  job_id job;
  /// The items.
  std::vector<item_id> items;
  /// What the latest run said.
  std::string what;
  /// They are not parked any more.
  bool over = false;
};
DJM_FIELDS(items_parked, job, items, what, over)

/// This node has refused items (`job_context::decline`, `failure_rules::decline_item_after`): they are given back, and
/// do not come back before `failure_rules::refused_for` is over, or this node is another life.
struct items_declined {
  /// The job.
  job_id job;
  /// The items.
  std::vector<item_id> items;
  /// Why, as the run said it.
  std::string why;
};
DJM_FIELDS(items_declined, job, items, why)

/// This node has prepared a job (`job::prepare`): its items may run, everywhere.
struct job_prepared {
  /// The job.
  job_id job;
  /// Which preparation that was.
  std::int64_t generation = 0;
  /// How long it took, where this node did it; zero where it found it done.
  duration took = duration::zero();
};
DJM_FIELDS(job_prepared, job, generation, took)

/// The job starts nothing more on this node: too many slots in a row have failed (`failure_rules::pause_job_after`).
/// Told once more with `over` when it goes on (`resume_here`).
struct job_paused {
  /// The job.
  job_id job;
  /// What the latest run said.
  std::string what;
  /// It is not paused any more.
  bool over = false;
};
DJM_FIELDS(job_paused, job, what, over)

/// The record of a job has changed, and this node works with it from now on. Told as well when the node reads it for
/// the first time.
struct job_changed {
  /// The job.
  job_id job;
  /// Of the record.
  std::int64_t rev = 0;
  /// The specification that this node offers is the one that rules.
  bool rules = true;
  /// The deployment that the one that rules came with; empty: it does not say.
  std::string deployment;
  /// Nothing starts until operators resume the job.
  bool paused = false;
};
DJM_FIELDS(job_changed, job, rev, rules, deployment, paused)

/// The job was removed from the cluster: this node gives it back, and does not have it any more when that is done.
/// Whoever wants it again registers it again.
struct job_removed {
  /// The job.
  job_id job;
  /// How this node knows.
  std::string why;
};
DJM_FIELDS(job_removed, job, why)

/// Any of the events of a node.
using event = std::variant<items_granted, items_revoked, items_released, run_started, run_finished, run_failed,
                           run_overrun, pool_problem, capacity_wanted, leader_changed, connection_changed, problem,
                           item_starved, problem_over, lease_ended, slots_skipped, retry_planned, run_timed_out,
                           items_parked, job_paused, job_changed, job_removed, items_declined, job_prepared,
                           model_changed, restart_wanted, allocation_timed_out, slot_interrupted>;

namespace detail {

template <class T, class Variant>
inline constexpr bool is_alternative = false;
template <class T, class... Ts>
inline constexpr bool is_alternative<T, std::variant<Ts...>> = (std::is_same_v<T, Ts> || ...);

} // namespace detail

template <class T>
inline constexpr bool always_named<T, std::enable_if_t<detail::is_alternative<T, event>>> = true;

/// An event with its origin.
struct node_event {
  /// The node that tells it.
  node_id node;
  /// Milliseconds since the Unix epoch, for people.
  std::int64_t at_ms = 0;
  /// What happened.
  event what;
};
DJM_FIELDS(node_event, node, at_ms, what)

template <class V>
auto fields(V&& v, pool_problem& x) {
  return v("pool_problem", field("job", x.job), field("code", x.why.code), field("text", x.why.text));
}
template <class V>
auto fields(V&& v, problem& x) {
  return v("problem", field("component", x.component), field("code", x.why.code), field("text", x.why.text),
           field("about", x.about));
}

} // namespace djm
