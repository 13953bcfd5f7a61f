#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/item_explanation.hpp"
#include "djm/job_context.hpp"
#include "djm/job_record.hpp"
#include "djm/job_spec.hpp"
#include "djm/plan_rule.hpp"
#include "djm/user_config.hpp"

/// What `djm::client` is asked, and what it answers, beside the cluster view.
namespace djm {

/// Which items to look for. What is not given does not narrow the search.
struct item_query {
  /// Of this job alone; empty: of all.
  job_id job;
  /// Owned by this node, or locked by it; empty: by any.
  node_id node;
  /// Only those that have no owner.
  bool unassigned = false;
  /// Only those whose lock somebody else than their owner holds.
  bool contested = false;
  /// The `next` of the page before; empty: from the beginning.
  std::string after;
  /// Items of one page, at most; 0 counts as 1.
  std::uint32_t limit = 1000;
};
DJM_FIELDS(item_query, job, node, unassigned, contested, after, limit)

/// An item with its job, as the tree shows it.
struct item_row {
  /// Its job.
  job_id job;
  /// Its id.
  item_id item;
  /// Who it is assigned to; empty: nobody.
  node_id owner;
  /// Who holds its lock; empty: nobody.
  node_id holder;
  /// The fencing token of that lock; 0 without one.
  fencing_token token = 0;
  /// When that lock was taken, in milliseconds of Unix time; 0 without one.
  std::int64_t locked_at_ms = 0;
  /// Why it has no owner; `none` when it has one.
  item_reason why = item_reason::none;
  /// The same in words.
  std::string reason;
};
DJM_FIELDS(item_row, job, item, owner, holder, token, locked_at_ms, why, reason)

/// A page of items, in the order of jobs and items.
struct item_page {
  /// The items.
  std::vector<item_row> items;
  /// How many items the whole search finds.
  std::uint64_t total = 0;
  /// For `item_query::after`; empty: there are no more.
  std::string next;
};
DJM_FIELDS(item_page, items, total, next)

/// How a lock stands to the rest of the tree.
enum class lock_state : std::uint8_t {
  /// Its holder is alive and owns the item: all is well.
  held,
  /// Its holder is alive, and the item is assigned to another worker, or to nobody: it is given back when the run that
  /// holds it has ended. If that lasts, look at that run.
  moving,
  /// Its holder is gone: the leader breaks it when the holder's tolerance (D) is over. If it stays much longer, see
  /// that somebody leads.
  orphaned,
  /// It is that of a former life of its holder, which is alive again: the leader breaks it when D is over.
  former_life,
  /// Its item is not in the work pool any more: it goes when its holder gives it back, or when the leader breaks it.
  stray,
  /// Its data makes no sense, so nobody can tell whose it is, and nobody breaks it: `repair` it when you are sure that
  /// nothing runs with it.
  malformed,
};

/// The names of the states, in their order.
constexpr auto enum_names(lock_state) {
  return name_enum("lock_state", "held", "moving", "orphaned", "former_life", "stray", "malformed");
}

/// A lock as the tree shows it.
struct lock_view {
  /// The job of its item.
  job_id job;
  /// Its item.
  item_id item;
  /// Who holds it; empty when its data makes no sense.
  node_id holder;
  /// The life of that holder that took it.
  std::string incarnation;
  /// Who the item is assigned to; empty: nobody.
  node_id owner;
  /// How it stands to the rest of the tree.
  lock_state state = lock_state::held;
  /// The fencing token: grows with each holder of the item.
  fencing_token token = 0;
  /// When it was taken by the clock of the holder, in milliseconds of Unix time; 0: not known.
  std::int64_t acquired_at_ms = 0;
  /// How long its holder may be gone before it is broken (D), in milliseconds.
  std::int64_t detach_ms = 0;
};
DJM_FIELDS(lock_view, job, item, holder, incarnation, owner, state, token, acquired_at_ms, detach_ms)

/// A worker that is not there, for `what_if_question::add`.
struct added_worker {
  /// Its id.
  node_id id;
  /// Its zone; empty: none.
  std::string zone;
  /// Its labels.
  std::vector<std::string> labels;
  /// Its share of the load in thousandths, at least 1.
  std::int64_t weight = 1000;
  /// Its resources in milli-units.
  std::map<std::string, std::int64_t> capacity;
  /// The most items it takes; 0: no limit.
  std::uint32_t max_items = 0;
  /// The jobs that it offers; empty: all there are.
  std::vector<job_id> jobs;
};
DJM_FIELDS(added_worker, id, zone, labels, weight, capacity, max_items, jobs)

/// What would be planned if the cluster were another one than it is. All empty: what would be planned as it is.
struct what_if_question {
  /// Workers that would have left. `unknown_worker` where one is not there.
  std::vector<node_id> without;
  /// Workers that would be draining. `unknown_worker` where one is not there.
  std::vector<node_id> drain;
  /// Workers that would have come. `invalid_config` where one is there already.
  std::vector<added_worker> add;
  /// Moves of one plan, at most; 0: no limit.
  std::uint32_t max_moves = 0;
};
DJM_FIELDS(what_if_question, without, drain, add, max_moves)

/// A change of the owner of an item.
struct planned_move {
  /// Its job.
  job_id job;
  /// Its id.
  item_id item;
  /// Its owner now; empty: nobody.
  node_id from;
  /// Its owner by the plan; empty: nobody.
  node_id to;
  /// Why: what the plan could not leave as it is.
  std::string why;
};
DJM_FIELDS(planned_move, job, item, from, to, why)

/// An item that a plan gives no owner.
struct unplaced_item {
  /// Its job.
  job_id job;
  /// Its id.
  item_id item;
  /// What stands in the way.
  plan_rule rule = plan_rule::none;
  /// The same in words.
  std::string text;
};
DJM_FIELDS(unplaced_item, job, item, rule, text)

/// What a plan would do. Nothing of it is written.
struct what_if_answer {
  /// The changes, in the order of jobs and items.
  std::vector<planned_move> moves;
  /// Items without an owner by the plan, in the order of jobs and items.
  std::vector<unplaced_item> unplaced;
  /// Items of each worker as it is, of the jobs that are planned.
  std::map<node_id, std::uint32_t> before;
  /// The same by the plan.
  std::map<node_id, std::uint32_t> after;
  /// Moves left for later rounds by `max_moves`.
  std::uint64_t deferred = 0;
  /// What this plan cannot know, each in a sentence: jobs whose strategy only the nodes have stay where they are.
  std::vector<std::string> unknown;
};
DJM_FIELDS(what_if_answer, moves, unplaced, before, after, deferred, unknown)

/// A node that should not be stopped now.
struct stop_refusal {
  /// The node.
  node_id node;
  /// Why not, each in a sentence; at least one.
  std::vector<std::string> reasons;
};
DJM_FIELDS(stop_refusal, node, reasons)

/// Which of some nodes may be stopped together. Each node that was asked about is in exactly one of the lists.
struct stoppable_answer {
  /// All of these may be stopped at once, in the order of the question.
  std::vector<node_id> stoppable;
  /// These should not be stopped beside those.
  std::vector<stop_refusal> refused;
};
DJM_FIELDS(stoppable_answer, stoppable, refused)

/// What becomes of an order.
enum class order_mode : std::uint8_t {
  /// It is written.
  write,
  /// It is decided and not written: the answer says what would change.
  dry_run,
};

/// The names of the modes, in their order.
constexpr auto enum_names(order_mode) {
  return name_enum("order_mode", "write", "dry_run");
}

/// What an order has done; one that has failed is an error instead.
struct order_result {
  /// False: all stood already as it was ordered, and nothing was written.
  bool changed = false;
  /// What was changed, each path with what is done to it; in a dry run what would be.
  std::vector<std::string> changes;
  /// The transaction in which it was written; 0 when nothing was, or when that is not known.
  std::int64_t zxid = 0;
  /// Of the job's record, for orders about one, or the version of an item's state: as it is now, in a dry run as it
  /// would be. 0 for other orders.
  std::int64_t rev = 0;
};
DJM_FIELDS(order_result, changed, changes, zxid, rev)

/// A specification of a job that nodes offer, or have offered.
struct spec_view {
  /// `hash_of_spec`.
  std::string hash;
  /// `job_spec::revision`: the highest rules, and among equals the one that appeared last.
  std::int64_t revision = 0;
  /// What its deployment is called; empty: it does not say.
  std::string deployment;
  /// The `rev` of the record with which it appeared.
  std::int64_t appeared = 0;
};
DJM_FIELDS(spec_view, hash, revision, deployment, appeared)

/// The record of a job: what every node that offers it follows.
struct record_view {
  /// The job.
  job_id job;
  /// Grows by one with each change; orders may be bound to it.
  std::int64_t rev = 0;
  /// Whether the job is to be there.
  record_state state = record_state::open;
  /// Since when, in milliseconds of Unix time; 0: not known.
  std::int64_t since_ms = 0;
  /// Operators have paused it.
  bool paused = false;
  /// How often it was triggered in the whole cluster.
  std::int64_t triggered = 0;
  /// The hash of the specification that rules.
  std::string ruling;
  /// All that are remembered, in the order in which they appeared.
  std::vector<spec_view> specs;
  /// What operators have set on the one that rules.
  user_config overrides;
  /// What nodes work with: the specification that rules, with what operators have set. Its attributes stand in the work
  /// pool, and what is left to each node's own code is left out.
  job_spec spec;
  /// What runs get. References to secrets (`${file:...}`) are shown as they are: only nodes look them up.
  user_config config;
  /// Who changed it last: an order or a node's transaction, as it calls itself.
  std::string changed_by;
};
DJM_FIELDS(record_view, job, rev, state, since_ms, paused, triggered, ruling, specs, overrides, spec, config,
           changed_by)

/// What has changed in the tree.
enum class tree_event_kind : std::uint8_t {
  /// A worker has come, or has come back.
  worker_joined,
  /// A worker has said goodbye.
  worker_left,
  /// A worker has lost its session without a goodbye.
  worker_gone,
  /// The marks of a worker are others: drained, cordoned, or not any more.
  worker_marked,
  /// Somebody else leads, or nobody.
  leader_changed,
  /// A job has come into the work pool.
  job_added,
  /// A job has left it.
  job_removed,
  /// A job, or all of them when none is named, was switched on or off.
  job_switched,
  /// An item has come into the work pool.
  item_added,
  /// An item has left it.
  item_removed,
  /// An item has another owner, or none.
  item_assigned,
  /// The lock of an item was taken.
  item_locked,
  /// The lock of an item was given back or broken.
  item_released,
  /// Something in the tree is not as djm writes it; `detail` says what.
  problem,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(tree_event_kind) {
  return name_enum("tree_event_kind", "worker_joined", "worker_left", "worker_gone", "worker_marked", "leader_changed",
                   "job_added", "job_removed", "job_switched", "item_added", "item_removed", "item_assigned",
                   "item_locked", "item_released", "problem");
}

/// One change of the tree between two looks at it. What came and went between them is not told.
struct tree_event {
  /// When it was seen, in milliseconds of Unix time.
  std::int64_t seen_at_ms = 0;
  /// What has changed.
  tree_event_kind kind = tree_event_kind::worker_joined;
  /// The worker that it is about; empty: none.
  node_id node;
  /// The job that it is about; empty: none.
  job_id job;
  /// The item that it is about; empty: none.
  item_id item;
  /// The rest in words.
  std::string detail;
};
DJM_FIELDS(tree_event, seen_at_ms, kind, node, job, item, detail)

/// A node of the tree.
struct tree_node {
  /// Its path.
  std::string path;
  /// Its data, as text; empty where it may not be read.
  std::string data;
  /// Version of its data.
  std::int32_t version = 0;
  /// The session that holds it; 0: none, it stays.
  std::int64_t session = 0;
  /// The transaction that made it.
  std::int64_t created = 0;
  /// The latest transaction that changed its data.
  std::int64_t modified = 0;
  /// Its nodes below.
  std::uint32_t children = 0;
  /// Everybody may change it.
  bool open = false;
  /// The store does not let this client read it.
  bool hidden = false;
};
DJM_FIELDS(tree_node, path, data, version, session, created, modified, children, open, hidden)

} // namespace djm
