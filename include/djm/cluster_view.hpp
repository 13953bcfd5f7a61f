#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/item_explanation.hpp"
#include "djm/job_context.hpp"

namespace djm {

/// Whether a worker is there.
enum class worker_state : std::uint8_t {
  /// It has a session with the store: it works, and gets items.
  alive,
  /// It has no session any more and did not say goodbye: a crash, or the network. It keeps its items until its
  /// tolerance (D) is over; then others have them.
  gone,
  /// It has said goodbye: its items have moved, or do so at once.
  left,
  /// It has never been there; somebody has marked it (drained or cordoned) in advance.
  expected,
};

/// The names of the states, in their order.
constexpr auto enum_names(worker_state) {
  return name_enum("worker_state", "alive", "gone", "left", "expected");
}

/// A worker as the tree shows it.
struct worker_view {
  /// Its id, which is that of its node.
  node_id id;
  /// Whether it is there.
  worker_state state = worker_state::gone;
  /// Names its present life, or the last one.
  std::string incarnation;
  /// The host it runs on, as that calls itself; empty when it is not alive.
  std::string host;
  /// Its process id on that host; 0 when it is not alive.
  std::int64_t pid = 0;
  /// `node_config::software_version` of that node.
  std::string software_version;
  /// `node_config::zone` of that node.
  std::string zone;
  /// Others take its items, as far as they can.
  bool draining = false;
  /// It gets nothing new.
  bool cordoned = false;
  /// Items assigned to it.
  std::uint32_t items = 0;
  /// Jobs that it offers, sorted.
  std::vector<job_id> jobs;
  /// Items whose lock it holds, of those locks that were read.
  std::uint32_t locked = 0;
  /// When its present life began by its own clock, in milliseconds of Unix time; 0 when it is not alive.
  std::int64_t started_at_ms = 0;
  /// `node_config::labels` of that node.
  std::vector<std::string> labels;
  /// `node_config::weight` of that node, in thousandths.
  std::int64_t weight = 1000;
  /// `node_config::capacity` of that node, in milli-units.
  std::map<std::string, std::int64_t> capacity;
  /// `node_config::max_items` of that node; 0: no limit.
  std::uint32_t max_items = 0;
  /// Where it is reached over HTTP (`node_options::http_url`); empty: nowhere, or it is not alive.
  std::string http_url;
  /// The kinds of which it makes jobs that are submitted (`node_options::kinds`), as "name@version".
  std::vector<std::string> kinds;
};
DJM_FIELDS(worker_view, id, state, incarnation, host, pid, software_version, zone, draining, cordoned, items, jobs,
           locked, started_at_ms, labels, weight, capacity, max_items, http_url, kinds)

/// An item as the tree shows it.
struct item_view {
  /// Its id.
  item_id item;
  /// Who it is assigned to; empty when nobody.
  node_id owner;
  /// Who holds its lock; empty when nobody.
  node_id holder;
  /// The fencing token of that lock; 0 without one.
  fencing_token token = 0;
  /// `why`, in words; empty when it has an owner.
  std::string reason;
  /// Why it has no owner, as far as the tree tells: `not_planned` also where a plan has found no place for it.
  /// `explain_item` says it exactly.
  item_reason why = item_reason::none;
  /// When its lock was taken by the clock of the holder, in milliseconds of Unix time; 0 without one.
  std::int64_t locked_at_ms = 0;
};
DJM_FIELDS(item_view, item, owner, holder, token, reason, why, locked_at_ms)

/// A job as the tree shows it.
struct job_view {
  /// Its id.
  job_id id;
  /// Whether it is switched on.
  bool enabled = true;
  /// The strategy that plans it; empty: "balanced".
  std::string strategy;
  /// Whose attributes and items the tree has.
  node_id last_writer;
  /// Its items, sorted by id.
  std::vector<item_view> items;
  /// Operators have paused it: no new run starts anywhere.
  bool paused = false;
  /// `rev` of its record; 0: it has none, or that cannot be read.
  std::int64_t rev = 0;
};
DJM_FIELDS(job_view, id, enabled, strategy, last_writer, items, paused, rev)

/// What the tree has noted down of the cluster as a whole, so that the next leader knows what has changed. Hashes of 16
/// hexadecimal digits; two that differ say that something is different, nothing more.
struct model_view {
  /// Of the leader that noted it down; 0: nothing is noted down.
  std::int64_t epoch = 0;
  /// Hash of the jobs, their items, and the workers that take part.
  std::string job_model;
  /// Hash of what all nodes follow of each job: specification, overrides and configuration.
  std::string configuration;
  /// Hash of what each job's ruling specification calls its deployment.
  std::string deployment;
  /// These names, sorted, at most eight.
  std::vector<std::string> deployments;
  /// When it was noted down by the clock of that leader, in milliseconds of Unix time.
  std::int64_t changed_at_ms = 0;
};
DJM_FIELDS(model_view, epoch, job_model, configuration, deployment, deployments, changed_at_ms)

/// The cluster as the tree shows it; one consistent-enough picture, not a transaction.
struct cluster_view {
  /// Who leads; empty: nobody.
  node_id leader;
  /// The epoch of that leader.
  std::int64_t epoch = 0;
  /// All jobs are switched off.
  bool all_disabled = false;
  /// The workers, sorted by id.
  std::vector<worker_view> workers;
  /// The jobs, sorted by id.
  std::vector<job_view> jobs;
  /// Malformed payloads and other oddities, each with its path.
  std::vector<std::string> problems;
  /// Who stands for leadership, in the order in which they would follow; the first one leads.
  std::vector<node_id> candidates;
  /// What is noted down of the cluster as a whole.
  model_view model;
};
DJM_FIELDS(cluster_view, leader, epoch, all_disabled, workers, jobs, problems, candidates, model)

} // namespace djm
