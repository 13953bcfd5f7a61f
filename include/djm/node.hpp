#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <caf/fwd.hpp>

#include "djm/error.hpp"
#include "djm/events.hpp"
#include "djm/export.hpp"
#include "djm/item_answer.hpp"
#include "djm/job.hpp"
#include "djm/node_config.hpp"
#include "djm/node_options.hpp"
#include "djm/status.hpp"

namespace djm {

/// A listener hears events as long as this lives. Thread-safe, except for moves and destruction.
class DJM_EXPORT subscription {
public:
  /// Of nothing.
  subscription() = default;
  /// Takes the subscription over; the other one is of nothing.
  subscription(subscription&& other) noexcept;
  /// Ends this one and takes the other one over.
  subscription& operator=(subscription&& other) noexcept;
  /// As `end`.
  ~subscription();

  /// What has queued up is dropped. When this returns the listener is not called any more, unless the call under way
  /// has not come back within a second (it is left behind on its thread then) or called this itself. After the end of
  /// the node nothing is left to do.
  void end();

private:
  friend class node;
  subscription(int process, std::function<void()> end) : process_(process), end_(std::move(end)) {}
  int process_ = 0;
  std::function<void()> end_;
};

/// A node for programs that do not want to write actor code: owns an actor system and one node in it. Every call blocks
/// until the node has answered: `shutting_down` once it has ended, with the reason when it ended by itself.
/// Thread-safe, except for moves and destruction. Errors are those of the messages (`node_actor.hpp`).
///
/// Code of a job may call its node too. What would wait for that very code (`unregister_job` of its job, or of one
/// whose code waits for it; `shutdown`, `wait_stopped`, `run_until_signal`) is refused there with `invalid_state`; the
/// `begin_...` of it does not wait.
///
/// After `fork` a node is the parent's alone: in the child every call is refused with `invalid_state`, its destructor
/// and that of a subscription do nothing, and no other node can start there as long as nodes lived in the parent. Fork
/// before the first node starts or after the last one has ended, or call `exec` at once.
///
/// A node that lives when the process ends (in static storage, on the stack of `main`) is ended by `std::exit` as its
/// destructor does it, from any thread, and before objects in static storage are destroyed that were there when the
/// first node of the process started: code of jobs may use those. Then `wait_stopped` and `run_until_signal` do not
/// return to the main thread, which would end the process with another code.
class DJM_EXPORT node {
public:
  /// Starts the node. Complaints about the configuration and the options come back at once; an unreachable store does
  /// not: the node keeps trying, and `status` shows it.
  static expected<node> start(node_config config, node_options options = {});

  /// Takes the node over; the other one may only be destroyed or assigned to.
  node(node&&) noexcept;
  /// Ends this node as the destructor does, and takes the other one over.
  node& operator=(node&&) noexcept;
  /// Shuts down in a hurry if `shutdown` was not called, on any thread. User code that does not come back within a
  /// second after that is left behind on its thread: what it refers to has to outlive it, or the process has to end.
  /// Everything together takes at most four times the store's `operation_deadline` and some seconds.
  ~node();

  /// Returns when the job is accepted; its items come when the leader has planned. The first run of a node that took
  /// longer than the session timeout to reach the store comes a third of that later.
  expected<void> register_job(job_definition definition);
  /// The same with what the builder builds, or its complaint.
  expected<void> register_job(const job_builder& builder);
  /// Returns when no code of the job runs or will run on this node (runs, stop callbacks, pool and cutting functions)
  /// and djm has let go of its object. Code that has not come back after `stop_timeout` is named by the error
  /// `user_code_hangs`; the name stays taken until it has.
  expected<void> unregister_job(const job_id& job);
  /// The same without waiting for it.
  expected<void> begin_unregister(const job_id& job);
  /// In the whole cluster, kept in the store; return when written.
  expected<void> enable_job(const job_id& job);
  /// The opposite: its runs are asked to stop, and none starts.
  expected<void> disable_job(const job_id& job);
  /// Switches every job off, whatever its own switch says.
  expected<void> disable_all();
  /// Ends that: jobs that were disabled one by one stay so.
  expected<void> enable_all();
  /// Removes a job that no living node offers any more, with its items, without waiting for `clean_period`; see
  /// `djm::delete_job`. `invalid_state` names a node that offers it, `unknown_job` when it is not in the store.
  expected<void> delete_job(const job_id& job);

  // Orders about a job that hold in the whole cluster, whatever is deployed. Each is answered with the `rev` of the
  // job's record that says so, which may be given back as `rev` to make sure that nobody has changed it meanwhile
  // (`conflict`).

  /// `djm::update_job`: overrides fields of the specification that rules, such as its schedule.
  expected<std::int64_t> update_job(const job_id& job, user_config overrides, std::optional<std::int64_t> rev = {});
  /// `djm::configure_job`: what runs get as `job_context::config`.
  expected<std::int64_t> configure_job(const job_id& job, user_config config, std::optional<std::int64_t> rev = {});
  /// `djm::pause_job`: no new run starts anywhere.
  expected<std::int64_t> pause_job(const job_id& job);
  /// `djm::resume_job`.
  expected<std::int64_t> resume_job(const job_id& job);
  /// `djm::prepare_again`: `job::prepare` once more, before any further run starts anywhere.
  expected<std::int64_t> prepare_again(const job_id& job);
  /// `djm::remove_job`: every node gives it back, and none comes back with it.
  expected<std::int64_t> remove_job(const job_id& job);
  /// `djm::trigger_job`: once more, on every node that holds items of it.
  expected<std::int64_t> trigger_job(const job_id& job, std::string request = {});

  /// What is saved of an item (`job_context::save`). The item need not be there. `invalid_id`, `unknown_job`,
  /// `malformed_payload`, `not_connected`, `timed_out`.
  expected<djm::item_state> item_state(const job_id& job, const item_id& item) const;
  /// Sets it, in place of what its runs have saved; nothing: as if nothing had ever been saved. The next load has it,
  /// and a run that saves without having loaded it is refused. `version`: only if `item_state::version` is that still,
  /// else `conflict`. `too_large`, `unknown_outcome`; otherwise as above.
  expected<djm::item_state> set_item_state(const job_id& job, const item_id& item, std::optional<bytes> state,
                                           std::optional<std::int64_t> version = {});

  /// Runs now, once more, what this node holds; during a run: one more after it, however often. The number of runs that
  /// follow; 0 when this node holds nothing (before it has held anything, the trigger is kept until it does).
  expected<std::uint64_t> trigger_here(const job_id& job);
  /// Asks a run of this node to stop, which then has not failed. `unknown_job`; `invalid_state` when it does not go on.
  expected<void> cancel(const job_id& job, run_id run);
  /// Lets an item run again that this node has parked. `unknown_job`; `invalid_state` when it is not parked.
  expected<void> release(const job_id& job, const item_id& item);
  /// Asks the code of a job about an item that this node holds (`job::answer`), and waits for the answer.
  /// `unknown_job`; `not_owner` when the item is not held here; `invalid_state` when the job answers no questions;
  /// `user_code_failed`; `timed_out` after `timeout`, 1 ms to 10 minutes (`invalid_config` otherwise); `backlog_full`,
  /// `too_large`, `not_connected` while the node has no lease.
  expected<item_answer> ask(const job_id& job, const item_id& item, bytes question,
                            any_duration timeout = std::chrono::seconds{10}) const;
  /// Lets a job go on that this node has paused. `unknown_job`; `invalid_state` when it is not paused.
  expected<void> resume(const job_id& job);
  /// The runs that this node remembers. `invalid_config` for a limit out of range.
  expected<run_history> history(const get_history& which = {}) const;
  /// On this node, from the next start on.
  expected<void> reschedule(const job_id& job, schedule s);
  /// A draining worker is emptied; a draining or cordoned one gets nothing new. Each mark is kept in the store until it
  /// is taken back, and leaves the other as it is. The worker need not be there yet. `invalid_id`.
  expected<void> drain(const node_id& worker);
  /// Takes back what `drain` did.
  expected<void> undrain(const node_id& worker);
  /// The worker keeps what it has and gets nothing new.
  expected<void> cordon(const node_id& worker);
  /// Takes back what `cordon` did.
  expected<void> uncordon(const node_id& worker);
  /// This node, whole.
  expected<node_status> status() const;
  /// The cluster as this node reads it in the store. `not_connected`.
  expected<cluster_view> cluster() const;
  /// One job on this node. `unknown_job`.
  expected<runner_status> job(const job_id& id) const;
  /// Why an item is where it is. The leader answers from its last plan, another node plans by what it reads of the tree
  /// first. Error `unknown_job`: there is no such item.
  expected<item_explanation> explain(const job_id& job, const item_id& item) const;

  /// Tells the listener how things stand, and then every event, until the subscription ends.
  expected<subscription> subscribe(event_listener listener);

  /// Waits until the node is joined and everything assigned to it is locked (also before the items of a job registered
  /// just now are assigned). `timed_out` after `timeout` says what is missing, `shutting_down` why the node has ended.
  expected<void> wait_ready(any_duration timeout) const;
  /// Waits until the node has ended, by `shutdown` or by itself; the error tells why when nobody asked for it.
  expected<void> wait_stopped() const;

  /// Gentle: asks runs to stop and waits for them and all other code of jobs, up to `stop_timeout`. With `hurry`, or
  /// from a second call on, they are not waited for. The error `user_code_hangs` names what is left behind on its
  /// thread. After it no thread of djm is left but those.
  expected<void> shutdown(bool hurry = false);
  /// The same without waiting for it (`wait_stopped` does).
  expected<void> begin_shutdown(bool hurry = false);

  /// For what stands beside a node and talks to its actor, as `djm::http` does: calls `f` with the actor system of this
  /// node and its actor (a `node_actor`), on the thread that owns both, and waits for it. `f` neither blocks nor calls
  /// this node. What it spawns has to end with the node.
  expected<void> with_actor(const std::function<void(caf::actor_system&, const caf::actor&)>& f);

  /// Blocks until SIGINT or SIGTERM, then shuts down; a second signal hurries. Call it from the main thread, with at
  /// most one node per process; the signals' former handling is restored afterwards. Returns early when the node ends
  /// by itself.
  expected<void> run_until_signal();

private:
  struct impl;
  explicit node(std::shared_ptr<impl> x);
  std::shared_ptr<impl> impl_;
};

} // namespace djm
