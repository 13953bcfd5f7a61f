#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/job_spec.hpp"
#include "djm/runner_status.hpp"
#include "djm/time.hpp"

/// What djm says about itself: data, not text. The same structs feed `get_status` and the cluster view.
namespace djm {

struct worker_counters {
  std::uint64_t locked = 0, unlocked = 0, lock_conflicts = 0, lock_unknowns = 0, lost = 0, rereads = 0;
};

/// The worker of this node.
struct worker_status {
  /// Registered and alive in the current session.
  bool joined = false;
  /// Everything assigned to this node is locked.
  bool settled = false;
  std::uint32_t assigned = 0;
  std::uint32_t locked = 0;
  /// Items assigned to this node whose lock another holder still has, with the holder, as far as it is known.
  std::map<std::string, std::string> waiting;
  /// Items assigned to this node of jobs it does not know.
  std::uint32_t unknown_jobs = 0;
  /// Time left until the local deadline; negative when it has passed; nothing before the first contact.
  std::optional<duration> lease_left;
  std::vector<std::string> problems;
  worker_counters counters;
};

struct keeper_counters {
  std::uint64_t joins = 0, conflicts = 0, unknowns = 0, pool_writes = 0, registration_writes = 0;
};

/// The connection of this node.
struct keeper_status {
  /// "detached", "preparing", "pools", "registering", "waiting_for_id", "joined", "leaving", "left", "failed".
  std::string phase;
  std::string session;
  std::uint64_t session_number = 0;
  duration session_timeout = duration::zero();
  std::string incarnation;
  /// The latest problem of the connection or the registration that goes on; empty: none does.
  std::string last_problem;
  keeper_counters counters;
};

struct election_status {
  /// "out", "candidate", "leading".
  std::string role;
  std::int64_t epoch = 0;
  node_id leader;
  std::int64_t leader_epoch = 0;
  std::uint32_t candidates = 0;
};

struct manager_counters {
  std::uint64_t plans = 0, moves = 0, transactions = 0, conflicts = 0, unknowns = 0, reloads = 0, broken_locks = 0,
                sweeps = 0, cleaned = 0, plan_failures = 0;
  std::uint64_t largest_transaction_ops = 0, largest_transaction_bytes = 0;
};

struct pending_item {
  job_id job;
  item_id item;
  std::string reason;
};

/// Why an item is where it is: by the last plan of the leader, or by the plan that another node makes of the tree as it
/// reads it when it is asked.
struct item_explanation {
  job_id job;
  item_id item;
  /// Empty: nobody.
  node_id owner;
  /// Why it has no owner, keeps one that is gone, or is not locked by its owner; empty when there is nothing to say.
  std::string reason;
  /// Every other worker with the first rule that speaks against it.
  std::map<node_id, std::string> others;
  /// Whether that was found by planning again with the item pinned to each worker, or judged with all else as it is.
  bool exact = true;
  /// Whether the node that answered leads.
  bool by_leader = false;
};

/// The least and the most of something over the workers that take part in it.
struct balance_status {
  std::uint64_t least = 0, most = 0;
};

/// How a resource is used, in milli-units; `capacity` is empty where a worker has it without limit.
struct resource_status {
  std::int64_t used = 0, least = 0, most = 0;
  std::optional<std::int64_t> capacity;
};

/// What the last plan came to.
struct plan_status {
  std::uint64_t workers = 0, items = 0, assigned = 0, moves = 0, placements = 0;
  /// Moves left for later rounds by the budget.
  std::uint64_t moves_deferred = 0;
  /// The fewest moves of any plan with the same balance; nothing where that is not known exactly.
  std::optional<std::uint64_t> moves_lower_bound;
  /// Greatest difference between two workers' items of one job, and between two workers' items in all.
  std::uint64_t job_spread_max = 0, global_spread = 0;
  balance_status totals;
  std::map<job_id, balance_status> jobs;
  std::map<std::string, resource_status> resources;
  /// Items per zone; the name of a worker without one is empty.
  std::map<std::string, std::uint64_t> zones;
  /// From the question to the plan, waiting for a thread included.
  duration elapsed = duration::zero();
  /// The search was cut short by its limit of effort.
  bool effort_exhausted = false;
};

/// The manager of this node; mostly zero unless it leads.
struct manager_status {
  bool leading = false;
  std::int64_t epoch = 0;
  /// "passive", "loading", "ready", "planning", "writing", "backing_off".
  std::string phase;
  std::uint32_t workers = 0, jobs = 0, items = 0, assigned = 0;
  /// Items without an owner, with the reason; the first thousand of `unassigned_items`.
  std::vector<pending_item> unassigned;
  std::uint64_t unassigned_items = 0;
  /// Items in line for room, by the books of slots.
  std::uint64_t waiting = 0;
  /// Readable summary of the last plan.
  std::string last_plan;
  plan_status plan;
  /// Workers gone, with the time since.
  std::map<node_id, duration> gone;
  std::vector<std::string> problems;
  manager_counters counters;
};

struct store_status {
  std::string phase;
  std::uint64_t commits = 0, conflicts = 0, unknowns = 0, rejections = 0, reads = 0, probes = 0, watch_events = 0,
                connects = 0, sessions = 0;
  /// Watches that the limit refused, requests that the server did not answer in time.
  std::uint64_t watches_refused = 0, overdue = 0;
  std::uint64_t in_flight = 0, queued = 0, watches = 0, watch_bytes = 0, max_in_flight_bytes = 0,
                max_transaction_bytes = 0, max_watches = 0, max_watch_bytes = 0;
};

struct executor_status {
  /// `waiting`: runs that wait for a thread because all `max_threads` are busy.
  std::uint32_t threads = 0, max_threads = 0, busy = 0, waiting = 0;
  std::uint64_t finished = 0, failed = 0;
  /// Runs that were asked to stop while they waited for a thread: their code was not called.
  std::uint64_t dropped = 0;
  /// How long the run has waited that has waited longest.
  duration longest_wait = duration::zero();
  /// Runs whose lease ended, and how late the latest stop request was for that reason, at most.
  std::uint64_t lease_stops = 0;
  duration lease_stop_lateness = duration::zero();
};

/// The node's log.
struct log_status {
  /// Accepted, dropped because the sink did not take its lines in time, and waiting for the sink.
  std::uint64_t lines = 0, dropped = 0, waiting = 0;
};

/// A problem of this node. Times are milliseconds since the Unix epoch.
struct problem_status {
  std::string component;
  /// What it is about; empty: something that happened and was over.
  std::string about;
  errc code = errc::none;
  std::string text;
  std::int64_t since_ms = 0;
  /// When it last came up.
  std::int64_t last_ms = 0;
  /// 0: it goes on.
  std::int64_t ended_ms = 0;
  std::uint64_t count = 0;
};

/// How many events may wait for a listener (`node_options::on_event`, `node::subscribe`); each item that one names
/// counts as another.
constexpr std::size_t event_backlog = 100'000;

/// The listeners of a node, taken together.
struct event_status {
  /// Events that one has been told, that were dropped because it did not take them in time, and that wait for one.
  std::uint64_t told = 0, dropped = 0, waiting = 0;
};

/// This node, whole.
struct node_status {
  node_id node;
  /// "starting", "running", "stopping", "stopped".
  std::string state;
  /// Joined, and everything assigned to this node is locked.
  bool ready = false;
  keeper_status connection;
  worker_status worker;
  election_status election;
  manager_status manager;
  store_status store;
  executor_status executor;
  log_status log;
  /// In the answers of `djm::node` alone, whose listeners are no actors.
  event_status events;
  std::vector<runner_status> jobs;
  std::uint32_t restarts = 0;
  /// Those that go on first, then the latest that are over.
  std::vector<problem_status> problems;
};

/// A worker as the tree shows it.
struct worker_view {
  node_id id;
  /// "alive", "gone", "left"; "expected": only marked so far.
  std::string state;
  std::string incarnation;
  std::string host;
  std::int64_t pid = 0;
  std::string software_version;
  std::string zone;
  bool draining = false;
  bool cordoned = false;
  std::uint32_t items = 0;
  std::vector<job_id> jobs;
};

struct item_view {
  item_id item;
  /// Who it is assigned to; empty when nobody.
  node_id owner;
  /// Who holds its lock; empty when nobody.
  node_id holder;
  fencing_token token = 0;
  /// Why it has no owner.
  std::string reason;
};

struct job_view {
  job_id id;
  bool enabled = true;
  std::string strategy;
  node_id last_writer;
  std::vector<item_view> items;
};

/// The cluster as the tree shows it; one consistent-enough picture, not a transaction.
struct cluster_view {
  node_id leader;
  std::int64_t epoch = 0;
  bool all_disabled = false;
  std::vector<worker_view> workers;
  std::vector<job_view> jobs;
  /// Malformed payloads and other oddities, each with its path.
  std::vector<std::string> problems;
};

template <class V>
auto fields(V&& v, worker_counters& x) {
  return v("worker_counters", field("locked", x.locked), field("unlocked", x.unlocked),
           field("lock_conflicts", x.lock_conflicts), field("lock_unknowns", x.lock_unknowns), field("lost", x.lost),
           field("rereads", x.rereads));
}
template <class V>
auto fields(V&& v, worker_status& x) {
  return v("worker_status", field("joined", x.joined), field("settled", x.settled), field("assigned", x.assigned),
           field("locked", x.locked), field("waiting", x.waiting), field("unknown_jobs", x.unknown_jobs),
           field("lease_left", x.lease_left), field("problems", x.problems), field("counters", x.counters));
}
template <class V>
auto fields(V&& v, keeper_counters& x) {
  return v("keeper_counters", field("joins", x.joins), field("conflicts", x.conflicts), field("unknowns", x.unknowns),
           field("pool_writes", x.pool_writes), field("registration_writes", x.registration_writes));
}
template <class V>
auto fields(V&& v, keeper_status& x) {
  return v("keeper_status", field("phase", x.phase), field("session", x.session),
           field("session_number", x.session_number), field("session_timeout", x.session_timeout),
           field("incarnation", x.incarnation), field("last_problem", x.last_problem), field("counters", x.counters));
}
template <class V>
auto fields(V&& v, election_status& x) {
  return v("election_status", field("role", x.role), field("epoch", x.epoch), field("leader", x.leader),
           field("leader_epoch", x.leader_epoch), field("candidates", x.candidates));
}
template <class V>
auto fields(V&& v, manager_counters& x) {
  return v("manager_counters", field("plans", x.plans), field("moves", x.moves), field("transactions", x.transactions),
           field("conflicts", x.conflicts), field("unknowns", x.unknowns), field("reloads", x.reloads),
           field("broken_locks", x.broken_locks), field("sweeps", x.sweeps), field("cleaned", x.cleaned),
           field("plan_failures", x.plan_failures), field("largest_transaction_ops", x.largest_transaction_ops),
           field("largest_transaction_bytes", x.largest_transaction_bytes));
}
template <class V>
auto fields(V&& v, pending_item& x) {
  return v("pending_item", field("job", x.job), field("item", x.item), field("reason", x.reason));
}
template <class V>
auto fields(V&& v, item_explanation& x) {
  return v("item_explanation", field("job", x.job), field("item", x.item), field("owner", x.owner),
           field("reason", x.reason), field("others", x.others), field("exact", x.exact),
           field("by_leader", x.by_leader));
}
template <class V>
auto fields(V&& v, balance_status& x) {
  return v("balance_status", field("least", x.least), field("most", x.most));
}
template <class V>
auto fields(V&& v, resource_status& x) {
  return v("resource_status", field("used", x.used), field("least", x.least), field("most", x.most),
           field("capacity", x.capacity));
}
template <class V>
auto fields(V&& v, plan_status& x) {
  return v("plan_status", field("workers", x.workers), field("items", x.items), field("assigned", x.assigned),
           field("moves", x.moves), field("placements", x.placements), field("moves_deferred", x.moves_deferred),
           field("moves_lower_bound", x.moves_lower_bound), field("job_spread_max", x.job_spread_max),
           field("global_spread", x.global_spread), field("totals", x.totals), field("jobs", x.jobs),
           field("resources", x.resources), field("zones", x.zones), field("elapsed", x.elapsed),
           field("effort_exhausted", x.effort_exhausted));
}
template <class V>
auto fields(V&& v, manager_status& x) {
  return v("manager_status", field("leading", x.leading), field("epoch", x.epoch), field("phase", x.phase),
           field("workers", x.workers), field("jobs", x.jobs), field("items", x.items), field("assigned", x.assigned),
           field("unassigned", x.unassigned), field("unassigned_items", x.unassigned_items),
           field("waiting", x.waiting), field("last_plan", x.last_plan), field("plan", x.plan), field("gone", x.gone),
           field("problems", x.problems), field("counters", x.counters));
}
template <class V>
auto fields(V&& v, store_status& x) {
  return v("store_status", field("phase", x.phase), field("commits", x.commits), field("conflicts", x.conflicts),
           field("unknowns", x.unknowns), field("rejections", x.rejections), field("reads", x.reads),
           field("probes", x.probes), field("watch_events", x.watch_events), field("connects", x.connects),
           field("sessions", x.sessions), field("in_flight", x.in_flight), field("queued", x.queued),
           field("watches", x.watches), field("watch_bytes", x.watch_bytes),
           field("max_in_flight_bytes", x.max_in_flight_bytes), field("max_transaction_bytes", x.max_transaction_bytes),
           field("max_watches", x.max_watches), field("max_watch_bytes", x.max_watch_bytes),
           field("watches_refused", x.watches_refused), field("overdue", x.overdue));
}
template <class V>
auto fields(V&& v, executor_status& x) {
  return v("executor_status", field("threads", x.threads), field("max_threads", x.max_threads), field("busy", x.busy),
           field("waiting", x.waiting), field("finished", x.finished), field("failed", x.failed),
           field("dropped", x.dropped), field("longest_wait", x.longest_wait), field("lease_stops", x.lease_stops),
           field("lease_stop_lateness", x.lease_stop_lateness));
}
template <class V>
auto fields(V&& v, event_status& x) {
  return v("event_status", field("told", x.told), field("dropped", x.dropped), field("waiting", x.waiting));
}
template <class V>
auto fields(V&& v, log_status& x) {
  return v("log_status", field("lines", x.lines), field("dropped", x.dropped), field("waiting", x.waiting));
}
template <class V>
auto fields(V&& v, problem_status& x) {
  return v("problem_status", field("component", x.component), field("about", x.about), field("code", x.code),
           field("text", x.text), field("since_ms", x.since_ms), field("last_ms", x.last_ms),
           field("ended_ms", x.ended_ms), field("count", x.count));
}
template <class V>
auto fields(V&& v, node_status& x) {
  return v("node_status", field("node", x.node), field("state", x.state), field("ready", x.ready),
           field("connection", x.connection), field("worker", x.worker), field("election", x.election),
           field("manager", x.manager), field("store", x.store), field("executor", x.executor), field("log", x.log),
           field("events", x.events), field("jobs", x.jobs), field("restarts", x.restarts),
           field("problems", x.problems));
}
template <class V>
auto fields(V&& v, worker_view& x) {
  return v("worker_view", field("id", x.id), field("state", x.state), field("incarnation", x.incarnation),
           field("host", x.host), field("pid", x.pid), field("software_version", x.software_version),
           field("zone", x.zone), field("draining", x.draining), field("cordoned", x.cordoned), field("items", x.items),
           field("jobs", x.jobs));
}
template <class V>
auto fields(V&& v, item_view& x) {
  return v("item_view", field("item", x.item), field("owner", x.owner), field("holder", x.holder),
           field("token", x.token), field("reason", x.reason));
}
template <class V>
auto fields(V&& v, job_view& x) {
  return v("job_view", field("id", x.id), field("enabled", x.enabled), field("strategy", x.strategy),
           field("last_writer", x.last_writer), field("items", x.items));
}
template <class V>
auto fields(V&& v, cluster_view& x) {
  return v("cluster_view", field("leader", x.leader), field("epoch", x.epoch), field("all_disabled", x.all_disabled),
           field("workers", x.workers), field("jobs", x.jobs), field("problems", x.problems));
}

} // namespace djm
