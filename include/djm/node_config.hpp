#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// Where and how the store is reached.
struct store_config {
  /// "embedded" (in this process, not durable; the default) or a ZooKeeper connect string "host:port,host:port" as its
  /// own tools take it: names, IPv4 addresses, IPv6 addresses in brackets, ports 1 to 65535 (2181 where none is named);
  /// white space and commas too many do not matter. A path behind the servers is put before `root`. Name every server
  /// of the ensemble, so that the loss of one does not matter.
  std::string connect = "embedded";
  /// Absolute path below which the tree lives; created when missing. "/djm" by default, at most 200 bytes, not within
  /// "/zookeeper". Clusters that share an ensemble need a root each.
  std::string root = "/djm";
  /// Asked for; the server may change it, and everything counts with what it grants (T). 100ms to 1h, default 10s. A
  /// crash is noticed after about T; a pause of the process or its network shorter than T costs nothing.
  any_duration session_timeout = std::chrono::seconds{10};
  /// After this an operation counts as one whose outcome is unknown. 10ms to 10min, default 3s. Longer than the slowest
  /// healthy answer; it is part of the time a node must have before its local deadline.
  any_duration operation_deadline = std::chrono::seconds{3};
  /// Digest credentials "user:password", empty by default; when set, every created node carries an ACL that gives this
  /// user everything and nobody else anything. A secret: text and JSON show "***", complaints do not show it; only
  /// CAF's binary form carries it.
  std::string digest;
  /// At the start give every node of the tree that anybody may change to the user of `digest`; a start that finds nodes
  /// of somebody else among them ends with `no_permission` and their paths. False by default: a tree that is open under
  /// a digest is only reported. For the one start in which a digest is switched on, after all nodes were stopped; a
  /// tree that is closed costs a few reads. Takes a round trip for each node of the tree.
  bool secure_tree = false;
};

/// What a node does in its cluster.
enum class node_role : std::uint8_t {
  /// It runs jobs, and stands for leadership.
  both,
  /// It runs jobs and never leads: for nodes that come and go, are busy, or whose network is poor. Some node has to
  /// stand: while nobody leads nothing is assigned, and this one reports it.
  worker,
  /// It stands for leadership and runs nothing: jobs cannot be registered on it (`invalid_state`). For a few nodes of a
  /// large cluster that have nothing else to do.
  coordinator,
};

/// The names of the roles, in their order.
constexpr auto enum_names(node_role) {
  return name_enum("node_role", "both", "worker", "coordinator");
}

/// Everything one node needs to know before it starts. Build it in code or read it with `load_node_config`; either way
/// it is validated as a whole before anything starts. Durations, defaults and ranges are listed with each key; in JSON
/// a duration is a text such as "10s". `config_keys` has the same as data.
struct node_config {
  /// Must be unique in the cluster; the rule of `ids.hpp`. No default. Use a name that survives restarts (the host's
  /// name), so that people recognise the node.
  node_id id;
  /// Where and how the store is reached.
  store_config store;
  /// What the node does in its cluster: "both" (the default), "worker" or "coordinator".
  node_role role = node_role::both;
  /// How long an item stays with a worker that lost the store (D). 0s to 24h, default 15s. Zero: items move as soon as
  /// the session expires, and runs stop well before; then `stop_grace` and `operation_deadline` must be short against
  /// T.
  any_duration detach_tolerance = std::chrono::seconds{15};
  /// How long before its local deadline (or at a revocation) a run is asked to stop ahead of being an overrun. 0s to
  /// 1h, default 2s. The longest time a run needs to come to an end; jobs may set their own.
  any_duration stop_grace = std::chrono::seconds{2};
  /// How long a gentle shutdown waits for runs. 0s to 168h, default 15min. A second request to stop does not wait.
  any_duration stop_timeout = std::chrono::minutes{15};
  /// Changes are collected this long before the manager plans, at most `rebalance_max_wait`. 0s to 1min, default 200ms.
  /// Longer when nodes start in large groups.
  any_duration rebalance_debounce = std::chrono::milliseconds{200};
  /// 0s to 10min, at least `rebalance_debounce`, default 2s. Bounds the wait, but for the first plan of a new cluster.
  any_duration rebalance_max_wait = std::chrono::seconds{2};
  /// How often the leader looks for locks of workers that are gone. 10ms to 1h, default 30s. Only a safety net: locks
  /// of a worker that disappears are broken without it.
  any_duration sweep_period = std::chrono::seconds{30};
  /// How often the leader removes what nobody needs any more (pools, subtrees of workers). 10ms to 720h, default 3h.
  any_duration clean_period = std::chrono::hours{3};
  /// The first wait before a retry; later ones double, with jitter, up to `backoff_max`. 1ms to 1min, default 100ms.
  any_duration backoff_min = std::chrono::milliseconds{100};
  /// 1ms to 10min, at least `backoff_min`, default 5s. Bounds how late a node notices that the store is back.
  any_duration backoff_max = std::chrono::seconds{5};
  /// How long a strategy of a user may take to answer when this node leads. 10ms to 1h, default 10s. Then it is given
  /// up and reported: until it comes back its jobs keep the workers they have, and the others are planned without it.
  any_duration strategy_timeout = std::chrono::seconds{10};
  /// How far the wall clock of this node and that of the server that leads the store may be apart, where slots are
  /// remembered: no slot starts before it has come by the store's but for so much, and beyond it `clock_skew` is told.
  /// 1s to 1h, default 10s.
  any_duration max_clock_skew = std::chrono::seconds{10};
  /// Requests for the whole cluster (switches, marks, deletions, views) that may wait on this node; later ones are
  /// refused with `backlog_full`. 1 to 1000000, default 1000.
  std::uint32_t backlog_limit = 1000;
  /// After this without a connection a problem says so; a request for the cluster is given up. 1ms to 1h, default 30s.
  any_duration registration_timeout = std::chrono::seconds{30};
  /// A node that has not been registered for so long, at its start or after it had been, ends with `not_connected`
  /// instead of trying on: where something else starts it anew, or another one in its place. 0s (the default; never) to
  /// 168h. Best above T + D, so that nothing ends that may still run.
  any_duration registration_give_up = duration::zero();
  /// Threads for user code: started when needed, at most this many. 1 to 4096, default 16. At least the number of runs
  /// that should go on at once; more runs wait, and status shows it.
  std::uint32_t max_threads = 16;
  /// End the process when a run ignores its stop request beyond the deadline at which its lock may pass on. False by
  /// default; true where two concurrent runs of an item do damage that fencing tokens cannot prevent.
  bool abort_on_overrun = false;
  /// Where the node stands, for jobs that spread over zones; empty (the default) or the rule of ids.
  std::string zone;
  /// What the node offers, for jobs that require labels; each follows the rule of ids, none twice. Empty by default.
  std::vector<std::string> labels;
  /// Relative share of the load in thousandths: 1 to 1000000000, default 1000 (= 1). A machine with twice the power:
  /// 2000.
  std::int64_t weight = 1000;
  /// Resources in milli-units by name ({"cpu": 4000} is four cores). `cpu`, `memory_mb` and `slots` that are not named
  /// (the default) are unlimited, others are not there. Names follow the rule of ids, amounts are 0 to 1000000000000.
  std::map<std::string, std::int64_t> capacity;
  /// The most items this node takes; 0 (the default) = no limit.
  std::uint32_t max_items = 0;
  /// Moves in one rebalance when this node leads, at most; the rest follows in later rounds. 0 = no limit. Items
  /// without an owner are always placed at once. Nodes that may lead should agree.
  std::uint32_t max_moves = 0;
  /// Moves off and onto any one worker in one rebalance, at most; 0 = no limit.
  std::uint32_t max_moves_per_worker = 0;
  /// How often a line of the log says how the node is: memory, items, runs, problems. 0s (the default; never) to 24h.
  any_duration status_period = duration::zero();
  /// A software version for people; shown in the cluster view. UTF-8, at most 200 bytes, empty by default.
  std::string software_version;
};
DJM_FIELDS(node_config, id, store, role, detach_tolerance, stop_grace, stop_timeout, rebalance_debounce,
           rebalance_max_wait, sweep_period, clean_period, backoff_min, backoff_max, strategy_timeout, max_clock_skew,
           backlog_limit, registration_timeout, registration_give_up, max_threads, abort_on_overrun, zone, labels,
           weight, capacity, max_items, max_moves, max_moves_per_worker, status_period, software_version)

template <class V>
auto fields(V&& v, store_config& x) {
  return v("store_config", field("connect", x.connect), field("root", x.root),
           field("session_timeout", x.session_timeout), field("operation_deadline", x.operation_deadline),
           secret_field("digest", x.digest), field("secure_tree", x.secure_tree));
}

/// Whether they agree in every member.
inline bool operator==(const store_config& a, const store_config& b) {
  return equal_fields(a, b);
}
/// Whether they agree in every member.
inline bool operator==(const node_config& a, const node_config& b) {
  return equal_fields(a, b);
}

/// Every complaint about the configuration, each naming key, value and rule; empty when it can start. Codes:
/// `invalid_id` for the id, `invalid_connect_string`, `invalid_config` for everything else.
/// Durations that must fit together are checked together:
/// stop_grace + T/3 + operation_deadline < T + D - margin - T/3 with margin = 5 % of (T + D).
/// Without detach tolerance that leaves 28 % of T for stop_grace + operation_deadline.
std::vector<error> check(const node_config& config);

/// `check` folded into one error that holds all complaints; its code is the first one's.
expected<void> validate(const node_config& config);

/// What the local deadline keeps back against clocks that run at different rates: 5 % of (T + D).
constexpr duration lease_margin(any_duration session_timeout, any_duration detach_tolerance) {
  return session_timeout / 20 + detach_tolerance / 20;
}

/// The longest `stop_grace` that fits the other durations: what a job's own may be on this node. Negative when none
/// fits. `session_timeout` is the one granted by the server, or the configured one before that is known.
duration longest_stop_grace(const node_config& config, any_duration session_timeout);

/// Reads a JSON object with the keys above; durations are texts like "10s". Unknown keys and keys that appear twice are
/// errors. The result is not validated (defaults may still be completed in code) beyond types. `invalid_file` for text
/// that is not well-formed JSON, `invalid_config` for the rest, with all complaints, each with its JSON pointer.
expected<node_config> parse_node_config(const std::string& json_text);

/// Reads and parses a file of at most 1 MiB; errors name the path. `invalid_file` when it cannot be read.
expected<node_config> load_node_config(const std::string& path);

/// What a key of the configuration takes.
enum class config_type : std::uint8_t {
  /// A text with a unit: "250ms", "10s", "15min", "3h".
  time_span,
  /// A whole number.
  integer,
  /// Any text that follows the rule of the key.
  text,
  /// true or false.
  boolean,
  /// An array of texts.
  text_list,
  /// An object whose values are whole numbers.
  integer_map,
};

/// The names of the types, in their order.
constexpr auto enum_names(config_type) {
  return name_enum("config_type", "duration", "integer", "text", "boolean", "list of texts", "map of integers");
}

/// One key of the configuration, for tables and tools.
struct config_key {
  /// As in JSON, nested with a dot: "store.session_timeout".
  std::string name;
  /// What it takes.
  config_type type = config_type::text;
  /// As in JSON; empty when there is none.
  std::string default_value;
  /// What it may be, in words: "100ms to 1h".
  std::string range;
  /// What it means.
  std::string text;
  /// When to choose another value than the default.
  std::string change_when;
};

/// All keys in the order of the field list.
std::vector<config_key> config_keys();

} // namespace djm
