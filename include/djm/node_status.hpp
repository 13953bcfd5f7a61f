#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/election_status.hpp"
#include "djm/enum_names.hpp"
#include "djm/executor_status.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/keeper_status.hpp"
#include "djm/manager_status.hpp"
#include "djm/problem_status.hpp"
#include "djm/runner_status.hpp"
#include "djm/store_status.hpp"
#include "djm/time.hpp"
#include "djm/worker_status.hpp"

namespace djm {

/// Where a node stands between its start and its end.
enum class node_lifecycle : std::uint8_t {
  /// It has not joined the cluster yet. If it lasts, `node_status::connection` says what it waits for.
  starting,
  /// It has joined. It stays so while the connection is away: `node_status::ready` says whether all is well now.
  running,
  /// It has been told to stop, or stops by itself; runs come to their end, items are given back.
  stopping,
  /// It is done, and answers nothing any more.
  stopped,
};

/// The names of the states, in their order.
constexpr auto enum_names(node_lifecycle) {
  return name_enum("node_lifecycle", "starting", "running", "stopping", "stopped");
}

/// The node's log.
struct log_status {
  /// Lines that were accepted.
  std::uint64_t lines = 0;
  /// Lines that were dropped because the sink did not take them in time.
  std::uint64_t dropped = 0;
  /// Lines that wait for the sink.
  std::uint64_t waiting = 0;
};
DJM_FIELDS(log_status, lines, dropped, waiting)

/// How many events may wait for a listener (`node_options::on_event`, `node::subscribe`); each item that one names
/// counts as another.
constexpr std::size_t event_backlog = 100'000;

/// The listeners of a node, taken together.
struct event_status {
  /// Events that one has been told.
  std::uint64_t told = 0;
  /// Events that were dropped because a listener did not take them in time.
  std::uint64_t dropped = 0;
  /// Events that wait for one.
  std::uint64_t waiting = 0;
};
DJM_FIELDS(event_status, told, dropped, waiting)

/// This node, whole.
struct node_status {
  /// Its id.
  node_id node;
  /// Where it stands between its start and its end.
  node_lifecycle state = node_lifecycle::starting;
  /// Joined, and everything assigned to this node is locked.
  bool ready = false;
  /// Its connection and its registration.
  keeper_status connection;
  /// What is assigned to it, and its locks.
  worker_status worker;
  /// The election as it sees it.
  election_status election;
  /// Its manager, which does something only while the node leads.
  manager_status manager;
  /// Its session with the store.
  store_status store;
  /// Its threads for user code.
  executor_status executor;
  /// Its log.
  log_status log;
  /// Its listeners. In the answers of `djm::node` alone, whose listeners are no actors.
  event_status events;
  /// How often its reporter (`node_options::reporter`) has been told how it is, the times when it threw included.
  std::uint64_t reports = 0;
  /// How often that threw something.
  std::uint64_t reports_failed = 0;
  /// How often it was left out, because the reporter had not come back from the time before.
  std::uint64_t reports_skipped = 0;
  /// The jobs that are registered here, sorted by id.
  std::vector<runner_status> jobs;
  /// How often a part of the node has died and was built anew.
  std::uint32_t restarts = 0;
  /// Those that go on first, then the latest that are over.
  std::vector<problem_status> problems;
  /// Parts ("worker", ..., "job_runner of job "j"") that did not answer, sorted: busy for two seconds, or being built
  /// anew. What is said of them is not their state but how a status begins (`passive`, zero); runners are not in
  /// `jobs`.
  std::vector<std::string> unanswered;
  /// From its start to its first joining of the cluster; nothing before that.
  std::optional<duration> joined_after;
  /// How long ago it was asked to stop; nothing when it was not.
  std::optional<duration> stopping_for;
};
DJM_FIELDS(node_status, node, state, ready, connection, worker, election, manager, store, executor, log, events,
           reports, reports_failed, reports_skipped, jobs, restarts, problems, unanswered, joined_after, stopping_for)

} // namespace djm
