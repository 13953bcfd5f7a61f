#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/client_answers.hpp"
#include "djm/cluster_health.hpp"
#include "djm/cluster_view.hpp"

/// What tables show that no answer of the client has as it is.
namespace djm::tool {

struct status_row {
  node_id leader;
  std::int64_t epoch = 0;
  bool all_disabled = false;
  std::uint32_t nodes_alive = 0;
  std::uint32_t nodes_gone = 0;
  std::uint32_t nodes_left = 0;
  std::uint32_t jobs = 0;
  std::uint32_t jobs_disabled = 0;
  std::uint32_t jobs_paused = 0;
  std::uint32_t items = 0;
  std::uint32_t assigned = 0;
  std::uint32_t locked = 0;
  std::uint32_t unassigned = 0;
  std::vector<std::string> problems;
  cluster_health health;
  /// The command to look at next; empty: nothing is wrong.
  std::string next;
};
DJM_FIELDS(status_row, leader, epoch, all_disabled, nodes_alive, nodes_gone, nodes_left, jobs, jobs_disabled,
           jobs_paused, items, assigned, locked, unassigned, problems, health, next)

struct job_row {
  job_id id;
  bool enabled = true;
  std::string strategy;
  std::uint32_t items = 0;
  std::uint32_t owned = 0;
  std::uint32_t locked = 0;
  std::uint32_t unassigned = 0;
  /// Nodes that are alive and offer it.
  std::uint32_t offered_by = 0;
  /// The most and the least items on one of those.
  std::uint32_t most = 0;
  std::uint32_t least = 0;
  /// By operators: no new run starts anywhere.
  bool paused = false;
};
DJM_FIELDS(job_row, id, enabled, strategy, items, owned, locked, unassigned, offered_by, most, least, paused)

struct leader_row {
  node_id leader;
  std::int64_t epoch = 0;
};
DJM_FIELDS(leader_row, leader, epoch)

status_row status_of(const cluster_view& view);
job_row job_row_of(const cluster_view& view, const job_view& job);

/// Items that a node owns or holds: what a drain waits for.
std::vector<item_row> held_by(const cluster_view& view, const node_id& node);

} // namespace djm::tool
