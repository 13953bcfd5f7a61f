#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// Where and how the store is reached.
struct store_config {
  /// "embedded" (in this process, not durable) or a ZooKeeper connect string "host:port,host:port".
  std::string connect = "embedded";
  /// Absolute path below which the tree lives; created when missing.
  std::string root = "/djm";
  /// Asked for; the server may change it, and everything counts with what it grants.
  duration session_timeout = std::chrono::seconds{10};
  /// After this an operation is answered as `unknown_outcome`.
  duration operation_deadline = std::chrono::seconds{3};
  /// Digest credentials "user:password"; when set, every created node carries an ACL that gives this user everything
  /// and nobody else anything. Never printed.
  std::string digest;
};

/// Everything one node needs to know before it starts. Build it in code or read it with `load_node_config`; either way
/// it is validated as a whole before anything starts.
struct node_config {
  /// Must be unique in the cluster.
  node_id id;
  store_config store;
  /// How long an item stays with a worker that lost the store (D). Zero: moved at once when the session expires.
  duration detach_tolerance = std::chrono::seconds{15};
  /// How long before its local deadline (or at a revocation) a run is asked to stop ahead of being an overrun.
  duration stop_grace = std::chrono::seconds{2};
  /// How long a gentle shutdown waits for runs.
  duration stop_timeout = std::chrono::minutes{15};
  /// Changes are collected this long before the manager plans, at most `rebalance_max_wait`.
  duration rebalance_debounce = std::chrono::milliseconds{200};
  duration rebalance_max_wait = std::chrono::seconds{2};
  /// How often the leader looks for locks of workers that are gone, and for what nobody needs any more.
  duration sweep_period = std::chrono::seconds{30};
  duration clean_period = std::chrono::hours{3};
  /// Retries wait between these, doubling, with jitter.
  duration backoff_min = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{5};
  /// Messages held back before the node is connected, at most.
  std::uint32_t backlog_limit = 1000;
  /// How long `get_status` waits to say "not connected" to the start-up listener.
  duration registration_timeout = std::chrono::seconds{30};
  /// Threads for user code: started when needed, at most this many. At least 1.
  std::uint32_t max_threads = 16;
  /// End the process when a run ignores its stop request beyond the deadline at which its lock may pass on.
  bool abort_on_overrun = false;
  /// Attributes the planner uses.
  std::string zone;
  std::vector<std::string> labels;
  /// Relative share of the load in thousandths; 1000 = 1.
  std::int64_t weight = 1000;
  /// Resources in milli-units by name; empty = unlimited.
  std::map<std::string, std::int64_t> capacity;
  /// The most items this node takes; 0 = no limit.
  std::uint32_t max_items = 0;
  /// A software version for people; shown in the cluster view.
  std::string software_version;
};

template <class V>
auto fields(V&& v, store_config& x) {
  return v("store_config", field("connect", x.connect), field("root", x.root),
           field("session_timeout", x.session_timeout), field("operation_deadline", x.operation_deadline),
           field("digest", x.digest));
}

template <class V>
auto fields(V&& v, node_config& x) {
  return v("node_config", field("id", x.id), field("store", x.store), field("detach_tolerance", x.detach_tolerance),
           field("stop_grace", x.stop_grace), field("stop_timeout", x.stop_timeout),
           field("rebalance_debounce", x.rebalance_debounce), field("rebalance_max_wait", x.rebalance_max_wait),
           field("sweep_period", x.sweep_period), field("clean_period", x.clean_period),
           field("backoff_min", x.backoff_min), field("backoff_max", x.backoff_max),
           field("backlog_limit", x.backlog_limit), field("registration_timeout", x.registration_timeout),
           field("max_threads", x.max_threads), field("abort_on_overrun", x.abort_on_overrun),
           field("zone", x.zone), field("labels", x.labels), field("weight", x.weight),
           field("capacity", x.capacity), field("max_items", x.max_items),
           field("software_version", x.software_version));
}

/// Every complaint about the configuration, each naming key, value and rule; empty when it can start.
/// Durations that must fit together are checked together:
/// stop_grace + T/3 + operation_deadline < T + D - margin - T/3 with margin = 5 % of (T + D).
std::vector<error> check(const node_config& config);

/// `check` folded into one error that holds all complaints.
expected<void> validate(const node_config& config);

/// Reads a JSON object with the keys above; durations are texts like "10s". Unknown keys are errors. The result is
/// not validated (defaults may still be completed in code) beyond types.
expected<node_config> parse_node_config(const std::string& json_text);

/// Reads and parses a file; errors name the path.
expected<node_config> load_node_config(const std::string& path);

} // namespace djm
