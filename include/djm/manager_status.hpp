#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "djm/duration_histogram.hpp"
#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/plan_rule.hpp"
#include "djm/plan_status.hpp"
#include "djm/time.hpp"

namespace djm {

/// What the manager of a node does now.
enum class manager_phase : std::uint8_t {
  /// The node does not lead. Ask the leader (`election_status::leader`) instead.
  passive,
  /// It has begun to lead and reads the tree. Nothing is decided before it has.
  loading,
  /// It waits for changes. All is well.
  ready,
  /// A plan is being computed.
  planning,
  /// A plan is being written to the store.
  writing,
  /// Something failed and is tried again after a pause; `manager_status::problems` says what, if it lasts.
  backing_off,
};

/// The names of the phases, in their order.
constexpr auto enum_names(manager_phase) {
  return name_enum("manager_phase", "passive", "loading", "ready", "planning", "writing", "backing_off");
}

/// What the manager of a node has done since its start, over all terms in which it led.
struct manager_counters {
  /// Plans that were made.
  std::uint64_t plans = 0;
  /// Items whose change of owner was written.
  std::uint64_t moves = 0;
  /// Transactions with assignments that were sent.
  std::uint64_t transactions = 0;
  /// Transactions that met another one: the tree is looked at again.
  std::uint64_t conflicts = 0;
  /// Transactions whose outcome was not known and had to be looked up.
  std::uint64_t unknowns = 0;
  /// How often the whole tree was read anew.
  std::uint64_t reloads = 0;
  /// Locks of workers that are gone which were broken.
  std::uint64_t broken_locks = 0;
  /// How often all locks were looked at for ones of workers that are gone (`sweep_period`).
  std::uint64_t sweeps = 0;
  /// What nobody needed any more and was removed (`clean_period`).
  std::uint64_t cleaned = 0;
  /// Plans that failed, and strategies of users that failed or broke a rule.
  std::uint64_t plan_failures = 0;
  /// Operations in the largest transaction.
  std::uint64_t largest_transaction_ops = 0;
  /// Size of the largest transaction in bytes.
  std::uint64_t largest_transaction_bytes = 0;
  /// From the question for a plan to its answer, waiting for a thread included.
  duration_histogram plan_time;
  /// From the first transaction of a plan to the answer to its last, of those that were written whole.
  duration_histogram rebalance_time;
  /// From the look at what is not needed any more to the answer that it is removed.
  duration_histogram clean_time;
};
DJM_FIELDS(manager_counters, plans, moves, transactions, conflicts, unknowns, reloads, broken_locks, sweeps, cleaned,
           plan_failures, largest_transaction_ops, largest_transaction_bytes, plan_time, rebalance_time, clean_time)

/// An item that the last plan has found no worker for.
struct pending_item {
  /// Its job.
  job_id job;
  /// Its id.
  item_id item;
  /// The same as `rule`, in words; a strategy of a user may have said more.
  std::string reason;
  /// What keeps it from being placed.
  plan_rule rule = plan_rule::none;
};
DJM_FIELDS(pending_item, job, item, reason, rule)

/// The manager of this node; mostly zero unless it leads.
struct manager_status {
  /// This node leads.
  bool leading = false;
  /// The epoch in which it leads; 0 while it does not.
  std::int64_t epoch = 0;
  /// What it does now.
  manager_phase phase = manager_phase::passive;
  /// Workers that are alive.
  std::uint32_t workers = 0;
  /// Jobs in the tree.
  std::uint32_t jobs = 0;
  /// Items of all jobs.
  std::uint32_t items = 0;
  /// Items that have an owner.
  std::uint32_t assigned = 0;
  /// Items without an owner, with the reason; the first thousand of `unassigned_items`.
  std::vector<pending_item> unassigned;
  /// How many items the last plan has left without an owner.
  std::uint64_t unassigned_items = 0;
  /// Items in line for room, by the books of slots.
  std::uint64_t waiting = 0;
  /// Readable summary of the last plan.
  std::string last_plan;
  /// The same as numbers.
  plan_status plan;
  /// Workers that are gone and whose tolerance is not over, with the time since.
  std::map<node_id, duration> gone;
  /// Problems of the manager that go on.
  std::vector<std::string> problems;
  /// What it has done so far.
  manager_counters counters;
};
DJM_FIELDS(manager_status, leading, epoch, phase, workers, jobs, items, assigned, unassigned, unassigned_items, waiting,
           last_plan, plan, gone, problems, counters)

} // namespace djm
