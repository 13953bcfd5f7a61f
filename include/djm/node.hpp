#pragma once

#include <functional>
#include <memory>

#include "djm/error.hpp"
#include "djm/events.hpp"
#include "djm/job.hpp"
#include "djm/log.hpp"
#include "djm/node_config.hpp"
#include "djm/status.hpp"
#include "djm/strategy.hpp"

namespace djm {

/// A node for programs that do not want to write actor code: owns an actor system and one node in it. Every call blocks
/// until the node has answered: `shutting_down` once it has ended, with the reason when it ended by itself.
/// Thread-safe, except for moves and destruction. Errors are those of the messages (`node_actor.hpp`).
///
/// A run may call its node too, but not what waits for that very run: `unregister_job` of its job, `shutdown`, and the
/// destructor.
class node {
public:
  struct options {
    /// Receives the log; empty = lines on stderr from `info` on.
    log_sink log;
    /// Strategies of your own; null = the built-in ones.
    std::shared_ptr<const strategy_registry> strategies;
    /// Called for the events of the node, one at a time, on a thread of its own. May call the node, even `shutdown`;
    /// while it takes its time, events queue up without limit. What it throws is dropped.
    std::function<void(const node_event&)> on_event;
    /// Threads of the actor system, 1 to 1024 (`invalid_config` otherwise). Runs have threads of their own.
    std::uint32_t actor_threads = 2;
  };

  /// Starts the node. Complaints about the configuration come back at once; an unreachable store does not: the node
  /// keeps trying, and `status` shows it.
  static expected<node> start(node_config config, options o);
  static expected<node> start(node_config config) { return start(std::move(config), options{}); }

  node(node&&) noexcept;
  node& operator=(node&&) noexcept;
  /// Shuts down in a hurry if `shutdown` was not called. User code that does not come back within a second after that
  /// is left behind on its thread: what it refers to has to outlive it, or the process has to end.
  ~node();

  /// Returns when the job is accepted; its items come when the leader has planned, and the first run of a node that has
  /// just joined comes a third of the session timeout later.
  expected<void> register_job(job_definition definition);
  /// Returns when no run holds an item of the job any more.
  expected<void> unregister_job(const job_id& job);
  /// In the whole cluster, kept in the store; return when written.
  expected<void> enable_job(const job_id& job);
  expected<void> disable_job(const job_id& job);
  expected<void> disable_all();
  expected<void> enable_all();
  /// Runs now, once more, what this node holds; nothing when it holds nothing. During a run: one more after it, however
  /// often.
  expected<void> trigger(const job_id& job);
  /// On this node, from the next start on.
  expected<void> reschedule(const job_id& job, schedule s);
  /// A draining worker is emptied, a cordoned one gets nothing new; kept in the store until taken back.
  expected<void> mark_worker(const node_id& worker, bool draining, bool cordoned);
  expected<node_status> status() const;
  expected<cluster_view> cluster() const;
  expected<runner_status> job(const job_id& id) const;
  /// Why an item is where it is. The leader answers from its last plan, another node plans by what it reads of the tree
  /// first. Error `unknown_job`: there is no such item.
  expected<item_explanation> explain(const job_id& job, const item_id& item) const;

  /// Waits until the node is joined and everything assigned to it is locked; false after `timeout` or when the node has
  /// ended. True as well before the items of a job registered just now are assigned.
  bool wait_ready(any_duration timeout) const;
  /// Waits until the node has ended, by `shutdown` or by itself; the error tells why when nobody asked for it.
  expected<void> wait_stopped() const;

  /// Gentle: asks runs to stop and waits for them, up to `stop_timeout`. With `hurry`, or from a second call on, they
  /// are not waited for.
  expected<void> shutdown(bool hurry = false);

  /// Blocks until SIGINT or SIGTERM, then shuts down; a second signal hurries. Call it from the main thread, with at
  /// most one node per process; the signals' former handling is restored afterwards. Returns early when the node ends
  /// by itself.
  expected<void> run_until_signal();

private:
  struct impl;
  explicit node(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace djm
