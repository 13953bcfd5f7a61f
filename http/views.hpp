#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "djm/client_answers.hpp"
#include "djm/cluster_health.hpp"
#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/status.hpp"
#include "http/run_page.hpp"

/// What the routes under /v1 show of the cluster: rows of lists, and sums. Numbers that may exceed 2^53 stand there as
/// texts, too: a browser would round them.
namespace djm::http {

/// Where an item stands between its plan and its lock.
enum class item_state : std::uint8_t {
  unassigned, ///< nobody owns it
  waiting,    ///< its owner has not locked it yet
  locked,     ///< its owner holds its lock
  contested,  ///< somebody else holds its lock
};

constexpr auto enum_names(item_state) {
  return name_enum("item_state", "unassigned", "waiting", "locked", "contested");
}

item_state state_of(const item_view& x);

struct item_row {
  job_id job;
  item_id item;
  item_state state = item_state::unassigned;
  node_id owner;
  node_id holder;
  fencing_token token = 0;
  std::string token_text;
  item_reason why = item_reason::none;
  std::string reason;
  std::int64_t locked_at_ms = 0;
};
DJM_FIELDS(item_row, job, item, state, owner, holder, token, token_text, why, reason, locked_at_ms)

struct lock_row {
  job_id job;
  item_id item;
  node_id holder;
  node_id owner;
  bool contested = false;
  fencing_token token = 0;
  std::string token_text;
  std::int64_t locked_at_ms = 0;
};
DJM_FIELDS(lock_row, job, item, holder, owner, contested, token, token_text, locked_at_ms)

/// How many items are in which state.
struct item_counts {
  std::uint64_t items = 0;
  std::uint64_t unassigned = 0;
  std::uint64_t waiting = 0;
  std::uint64_t locked = 0;
  std::uint64_t contested = 0;
};
DJM_FIELDS(item_counts, items, unassigned, waiting, locked, contested)

struct worker_row {
  node_id id;
  worker_state state = worker_state::gone;
  bool leader = false;
  std::string zone;
  bool draining = false;
  bool cordoned = false;
  std::uint64_t items = 0;
  std::uint64_t locked = 0;
  std::string host;
  std::int64_t pid = 0;
  std::string software_version;
  std::string incarnation;
  std::vector<job_id> jobs;
  std::map<job_id, std::uint64_t> items_by_job; ///< that it owns
  std::int64_t started_at_ms = 0;
  std::vector<std::string> labels;
  std::string http_url; ///< as that node has written it: it may be anything
};
DJM_FIELDS(worker_row, id, state, leader, zone, draining, cordoned, items, locked, host, pid, software_version,
           incarnation, jobs, items_by_job, started_at_ms, labels, http_url)

struct job_row {
  job_id id;
  bool enabled = true;
  std::string strategy;
  node_id last_writer;
  item_counts counts;
  std::uint64_t workers = 0; ///< that are alive and offer it
  std::uint64_t spread = 0;  ///< between the most and the least items of those among these that take new ones
  bool paused = false;
  std::int64_t rev = 0; ///< of its record; 0: it has none
};
DJM_FIELDS(job_row, id, enabled, strategy, last_writer, counts, workers, spread, paused, rev)

struct job_page {
  job_row job;
  std::map<node_id, std::uint64_t> owners; ///< items of each; those who offer it and have none as well
  std::optional<runner_status> here;       ///< what the node that was asked does for it
};
DJM_FIELDS(job_page, job, owners, here)

struct cluster_row {
  node_id node; ///< that was asked
  node_id leader;
  std::int64_t epoch = 0;
  std::string epoch_text;
  bool all_disabled = false;
  bool writable = false; ///< whether the node that was asked lets itself be told to change anything
  std::map<std::string, std::uint64_t> workers; ///< by state
  std::uint64_t jobs = 0;
  std::uint64_t jobs_disabled = 0;
  std::uint64_t jobs_paused = 0;
  item_counts counts;
  std::map<std::string, std::uint64_t> unassigned_because;
  std::vector<std::string> problems;
  std::vector<node_id> candidates; ///< for leadership, the leader first
  cluster_health health;
  model_view model;
};
DJM_FIELDS(cluster_row, node, leader, epoch, epoch_text, all_disabled, writable, workers, jobs, jobs_disabled,
           jobs_paused, counts, unassigned_because, problems, candidates, health, model)

struct plan_page {
  bool leading = false;
  node_id leader;
  std::int64_t epoch = 0;
  std::string epoch_text;
  manager_phase phase = manager_phase::passive;
  std::string last_plan;
  plan_status plan;
  std::vector<pending_item> unassigned;
  std::uint64_t unassigned_items = 0;
  std::uint64_t waiting = 0;
};
DJM_FIELDS(plan_page, leading, leader, epoch, epoch_text, phase, last_plan, plan, unassigned, unassigned_items, waiting)

/// What a list of items leaves out.
struct item_filter {
  std::optional<item_state> state;
  std::string node;
  std::string job;
  std::string q;
};

item_row row_of(const job_id& job, const item_view& x);
item_counts count_items(const job_view& job);
std::vector<worker_row> worker_rows(const cluster_view& c);
job_row row_of(const cluster_view& c, const job_view& job);
job_page page_of(const cluster_view& c, const job_view& job, const node_status* here);
cluster_row row_of(const cluster_view& c, const node_id& asked, bool writable);
plan_page plan_of(const node_status& s);
/// The runs that go on, of what the history is asked for; none where it is asked for those that ended in some way.
run_page runs_under_way(const node_status& s, const get_history& which);

/// Which of the nodes may be stopped, one after the other as they are named, judged by which jobs the others offer.
stoppable_answer judge_stops(const cluster_view& c, const std::vector<node_id>& nodes);

} // namespace djm::http
