#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "djm/events.hpp"
#include "djm/history.hpp"
#include "djm/job.hpp"
#include "djm/job_kind.hpp"
#include "djm/log.hpp"
#include "djm/metrics_reporter.hpp"
#include "djm/strategy.hpp"
#include "djm/time.hpp"

namespace djm {

/// Hears the events of a node, one at a time, on a thread of its own, and first of all how things stand: the state of
/// the connection and the leader, as far as they are known, and every problem that goes on (what the node holds is in
/// its status). It may call the node, even `shutdown`. While it takes its time events queue up, at most
/// `event_backlog`; what comes beyond that is dropped and counted (`node_status::events`), a problem says so, and a
/// problem in its place tells it how many it missed. What it throws is dropped.
using event_listener = std::function<void(const node_event&)>;

/// What a node can be given besides its configuration.
struct node_options {
  /// Receives the log; empty = lines on stderr from `info` on.
  log_sink log;
  /// Strategies of your own; null = the built-in ones. Every node that may lead should know the same.
  std::shared_ptr<const strategy_registry> strategies;
  /// Is there before any part of the node starts, and so misses nothing; empty = nobody. At the end of the node it has
  /// a second for what has queued up, for which `djm::node` waits, but not who has used `spawn_node`: there it may be
  /// called until a second after the actor system is gone. One that does not come back is left behind on its thread.
  event_listener on_event;
  /// Is called with each `restart_wanted` of this node, on the thread of `on_event` and after it (where that throws,
  /// not at all): a job whose items have changed has to be started anew as a whole. What holds for `on_event` holds
  /// here as well; empty = nobody.
  std::function<void(const restart_wanted&)> on_restart_wanted;
  /// Hears of each run that is over; empty = nobody.
  history_sink on_run_over;
  /// Where each run that is over is written as a line of JSON; by default nowhere.
  djm::history_file history_file;
  /// Is told every `report_period` how the node is: started before any part of the node, stopped after all of them, as
  /// `metrics_reporter` says; null = nobody. At the end `djm::node` waits for it for a second, and who has used
  /// `spawn_node` does not: there it may be called until a second after the actor system is gone.
  std::shared_ptr<metrics_reporter> reporter;
  /// From 1 s to 1 h (`invalid_config` otherwise); without a reporter it means nothing.
  any_duration report_period = std::chrono::seconds{15};
  /// Registered before the node starts, in this order, as `register_job` does it. Where one cannot be, nothing is
  /// started, and the error names it.
  std::vector<job_definition> jobs;
  /// The kinds of jobs that this node makes of what is submitted (`client::submit`, `djm submit`), each under a name of
  /// its own (`invalid_config` otherwise). Empty = what is submitted is none of its business.
  std::vector<job_kind> kinds;
  /// Where this node is reached over HTTP, so that others find it (`worker_view::http_url`): "http://host:port" or
  /// "https://host", at most 300 bytes, nothing behind the port (`invalid_config` otherwise); empty = nowhere.
  /// `http_listener::public_url` is one. It stands in the store as long as this node is alive.
  std::string http_url;
  /// Threads of the actor system that `node::start` makes, 1 to 1024 (`invalid_config` otherwise); `spawn_node` uses
  /// the caller's system and does not look at it. Runs have threads of their own.
  std::uint32_t actor_threads = 2;
};

} // namespace djm
