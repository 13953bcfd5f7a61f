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
/// until the node has answered. Thread-safe, except for moves and destruction.
class node {
public:
  struct options {
    /// Receives the log; empty = lines on stderr from `info` on.
    log_sink log;
    /// Strategies of your own; null = the built-in ones.
    std::shared_ptr<const strategy_registry> strategies;
    /// Called for every event of the node, one at a time, on a thread of the actor system: do not block in it.
    std::function<void(const node_event&)> on_event;
    /// Threads of the actor system, at least 1.
    std::uint32_t actor_threads = 2;
  };

  /// Starts the node. Complaints about the configuration come back at once; an unreachable store does not: the node keeps
  /// trying, and `status` shows it.
  static expected<node> start(node_config config, options o);
  static expected<node> start(node_config config) { return start(std::move(config), options{}); }

  node(node&&) noexcept;
  node& operator=(node&&) noexcept;
  /// Shuts down in a hurry if `shutdown` was not called.
  ~node();

  expected<void> register_job(job_definition definition);
  expected<void> unregister_job(const job_id& job);
  expected<void> enable_job(const job_id& job);
  expected<void> disable_job(const job_id& job);
  expected<void> disable_all();
  expected<void> enable_all();
  expected<void> trigger(const job_id& job);
  expected<void> reschedule(const job_id& job, schedule s);
  expected<void> mark_worker(const node_id& worker, bool draining, bool cordoned);
  expected<node_status> status() const;
  expected<cluster_view> cluster() const;
  expected<runner_status> job(const job_id& id) const;
  /// Why an item is where it is; only the leader can tell (`invalid_state` elsewhere).
  expected<item_explanation> explain(const job_id& job, const item_id& item) const;

  /// Waits until the node is joined and everything assigned to it is locked; false after `timeout`.
  bool wait_ready(duration timeout) const;
  /// Waits until the node has ended, by `shutdown` or by itself; the error tells why when nobody asked for it.
  expected<void> wait_stopped() const;

  /// Gentle: waits for runs up to `stop_timeout`. With `hurry` they are not waited for.
  expected<void> shutdown(bool hurry = false);

  /// Blocks until SIGINT or SIGTERM, then shuts down; a second signal hurries. Call it from the main thread, with at most
  /// one node per process; the signals' former handling is restored afterwards. Returns early when the node ends by itself.
  expected<void> run_until_signal();

private:
  struct impl;
  explicit node(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace djm
