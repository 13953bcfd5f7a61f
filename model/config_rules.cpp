#include "model/config_rules.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <limits>

#include "djm/job_spec.hpp"
#include "djm/time.hpp"

namespace djm::impl {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000 * ms;
constexpr std::int64_t min = 60 * s;
constexpr std::int64_t h = 60 * min;

constexpr config_rule words(std::string_view key, std::string_view range, std::string_view text) {
  return {key, 0, 0, range, text};
}

constexpr config_rule bounds(std::string_view key, std::int64_t least, std::int64_t most, std::string_view text) {
  return {key, least, most, {}, text};
}

constexpr config_rule rules[] = {
  words("id", "an id; required", "Unique in the cluster. Use a name that survives restarts, such as the host's."),
  words("store.connect", "embedded, or host:port[,host:port]...",
        "Where the store is: in this process (not durable), or a ZooKeeper ensemble; name all its servers."),
  words("store.root", "an absolute path of at most 200 bytes, not within /zookeeper",
        "Where the tree lives; created when missing. Clusters that share an ensemble need a root each."),
  bounds("store.session_timeout", 100 * ms, h,
         "T: a crash is noticed after about this time; a shorter pause costs nothing. The server may change it."),
  bounds("store.operation_deadline", 10 * ms, 10 * min,
         "After this the outcome of an operation counts as unknown. Longer than the slowest healthy answer."),
  words("store.digest", "user:password, or empty",
        "Credentials; when set, nobody else can read or write the tree. Never shown."),
  words("store.secure_tree", "true or false; true needs store.digest",
        "At the start, give what anybody may change of the tree to the user of the digest; refuse what others own."),
  bounds("detach_tolerance", 0, 24 * h,
         "D: how long an item stays with a worker that lost the store. Zero moves items when the session expires."),
  bounds("stop_grace", 0, h,
         "How long before its deadline a run is asked to stop: the longest time a run needs to come to an end."),
  bounds("stop_timeout", 0, 168 * h, "How long a gentle shutdown waits for runs; a second request does not wait."),
  bounds("rebalance_debounce", 0, min,
         "Changes are collected this long before a plan is made. Longer when nodes start in large groups."),
  bounds("rebalance_max_wait", 0, 10 * min,
         "The longest wait for a plan while changes keep coming; at least rebalance_debounce."),
  bounds("sweep_period", 10 * ms, h, "How often the leader looks for locks of workers that are gone; a safety net."),
  bounds("clean_period", 10 * ms, 720 * h, "How often the leader removes what nobody needs any more."),
  bounds("backoff_min", ms, min, "The first wait before a retry; later ones double, with jitter."),
  bounds("backoff_max", ms, 10 * min,
         "The longest wait before a retry, at least backoff_min; bounds how late a node sees that the store is back."),
  bounds("strategy_timeout", 10 * ms, h,
         "How long a strategy of a user may take to answer; then it is given up until it comes back, and reported."),
  bounds("backlog_limit", 1, 1'000'000, "Requests for the whole cluster that may wait here; later ones are refused."),
  bounds("registration_timeout", ms, h,
         "After this without a connection a problem says so; a request for the cluster is given up."),
  bounds("max_threads", 1, 4096, "Threads for user code, started when needed: runs that should go on at once."),
  words("abort_on_overrun", "true or false",
        "End the process when a run ignores its stop request beyond the deadline at which its items may move."),
  words("zone", "an id, or empty", "Where the node stands, for jobs that spread over zones."),
  words("labels", "ids, none twice", "What the node offers, for jobs that require labels."),
  bounds("weight", 1, 1'000'000'000, "Share of the load in thousandths: 2000 for a machine with twice the power."),
  words("capacity", "ids with amounts from 0 to 1000000000000",
        "Resources in milli-units: {\"cpu\": 4000} is four cores. cpu, memory_mb, slots: unlimited unless named."),
  bounds("max_items", 0, std::numeric_limits<std::uint32_t>::max(), "The most items this node takes; 0: no limit."),
  bounds("max_moves", 0, std::numeric_limits<std::uint32_t>::max(), "Moves in one rebalance, at most; 0: no limit."),
  bounds("max_moves_per_worker", 0, std::numeric_limits<std::uint32_t>::max(),
         "Moves off and onto one worker in one rebalance, at most; 0: no limit."),
  words("software_version", "UTF-8 of at most 200 bytes", "Shown to people in the cluster view."),
};

static_assert(max_amount == 1'000'000'000'000, "the text of \"capacity\" names it");

} // namespace

const config_rule& rule_of(std::string_view key) {
  const auto i = std::find_if(std::begin(rules), std::end(rules), [key](const auto& r) { return r.key == key; });
  assert(i != std::end(rules) && "every configuration key needs a rule");
  return *i;
}

} // namespace djm::impl
