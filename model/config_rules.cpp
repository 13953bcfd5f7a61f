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

constexpr config_rule words(std::string_view key, std::string_view range, std::string_view text,
                            std::string_view change_when) {
  return {key, 0, 0, range, text, change_when};
}

constexpr config_rule bounds(std::string_view key, std::int64_t least, std::int64_t most, std::string_view text,
                             std::string_view change_when) {
  return {key, least, most, {}, text, change_when};
}

constexpr config_rule rules[] = {
  words("id", "an id", "the node's name, unique in the cluster; best one that survives restarts, such as the host's",
        "always set it"),
  words(
    "store.connect", "embedded, or host[:port][,...][/path]",
    "where the store is: in this process and not durable, or a ZooKeeper ensemble; port 2181 where none is named, an "
    "IPv6 address stands in brackets, a path is put before `store.root`. While a name does not resolve, the addresses "
    "that it had last are tried",
    "you have more than one process; then name all servers"),
  words("store.root", "an absolute path of at most 200 bytes, not within /zookeeper",
        "the tree lives below it; what is missing on the way is created, open to others",
        "several clusters share an ensemble"),
  bounds("store.session_timeout", 100 * ms, h,
         "T, as asked for; the server may grant another. A crash is noticed after about this time, a shorter pause "
         "costs nothing",
         "crashes must be noticed sooner, or pauses of the process (swapping, debuggers) last longer"),
  bounds("store.operation_deadline", 10 * ms, 10 * min,
         "after this an operation counts as unknown; it also bounds the steps of a shutdown",
         "the store's slowest healthy answer takes longer"),
  words("store.digest", "user:password, or empty",
        "with one, all nodes of the tree belong to this user alone; never shown", "others share the ensemble"),
  words("store.secure_tree", "true or false; true needs store.digest",
        "at the start, give what anybody may change of the tree to the user of the digest",
        "for the one start that switches a digest on"),
  words("role", "both, worker or coordinator",
        "whether the node runs jobs and stands for leadership, only runs jobs, or only stands",
        "some nodes should never lead, or do nothing else"),
  bounds("detach_tolerance", 0, 24 * h,
         "D: how long items stay with a node that lost the store; with 0s they move when its session expires",
         "shorter: crashes move items sooner; longer: longer losses of connection move nothing"),
  bounds("stop_grace", 0, h, "from a stop request to the deadline, or to being reported as an overrun",
         "runs need longer to come to an end"),
  bounds("stop_timeout", 0, 168 * h,
         "how long a gentle shutdown waits for runs and other code of jobs, and `unregister_job` for that of its job; "
         "0s: every stop hurries",
         "the service manager kills sooner than that"),
  bounds("rebalance_debounce", 0, min, "changes are collected this long before a plan", "nodes start in large groups"),
  bounds("rebalance_max_wait", 0, 10 * min, "the longest wait while changes keep coming; at least `rebalance_debounce`",
         "nodes start in large groups"),
  bounds("sweep_period", 10 * ms, h, "how often lock folders that changed are read, for locks of who is gone",
         "rarely; it is a safety net"),
  bounds("clean_period", 10 * ms, 720 * h, "how often pools and registrations that nobody needs are removed",
         "you want them gone sooner; `delete_job` removes one job at once"),
  bounds("backoff_min", ms, min, "the first wait before a retry; later ones double, with jitter", "rarely"),
  bounds("backoff_max", ms, 10 * min,
         "the longest wait before a retry; at least `backoff_min`. Bounds how late a node sees that the store is back",
         "rarely"),
  bounds("strategy_timeout", 10 * ms, h,
         "how long a strategy of your own may take to answer before it is given up and reported", "yours takes longer"),
  bounds(
    "max_clock_skew", s, h,
    "how far the wall clocks of this node and of the store's leading server may be apart where slots are remembered; "
    "beyond it `clock_skew` is told, and slots start by the one that is behind",
    "clocks are kept closer together, or cannot be"),
  bounds("backlog_limit", 1, 1'000'000,
         "requests for the whole cluster (switches, marks, deletions, cluster views) that may wait on this node; later "
         "ones get `backlog_full`",
         "rarely"),
  bounds("registration_timeout", ms, h,
         "after so long without a connection a problem says so; also how long a request for the whole cluster may "
         "wait, and when a node that has never joined gives up because it is refused access",
         "you want to hear of it sooner"),
  bounds("registration_give_up", 0, 168 * h,
         "a node that has not been registered for so long ends, instead of trying on; 0s: never",
         "something starts it anew, or another node in its place"),
  bounds("max_threads", 1, 4096, "threads for runs, started when needed; more runs wait",
         "status shows that runs wait (`executor.waiting`)"),
  words("abort_on_overrun", "true or false", "end the process when a run goes on beyond the deadline",
        "two runs of an item do damage that fencing tokens cannot prevent"),
  words("zone", "an id, or empty", "where the node stands, for jobs that spread over zones",
        "you have failure domains"),
  words("labels", "ids, none twice", "what the node offers, for jobs that require labels",
        "only some nodes can run a job"),
  bounds("weight", 1, 1'000'000'000, "share of the load, in thousandths", "a machine has twice the power: 2000"),
  words("capacity", "ids with amounts from 0 to 1000000000000",
        "resources, in milli-units: `{\"cpu\": 4000}` is four cores", "jobs state what an item needs (`profile`)"),
  bounds("max_items", 0, std::numeric_limits<std::uint32_t>::max(), "the most items the node takes; 0: no limit",
         "memory or licences bound it"),
  bounds("max_moves", 0, std::numeric_limits<std::uint32_t>::max(),
         "moves in one rebalance, at most, when this node leads; the rest follows in later rebalances; 0: no limit",
         "a move is expensive"),
  bounds("max_moves_per_worker", 0, std::numeric_limits<std::uint32_t>::max(),
         "moves off and onto one worker in one rebalance, at most; 0: no limit", "a move is expensive"),
  bounds("status_period", 0, 24 * h,
         "how often a line of the log says how the node is: memory, items, runs, problems; 0s: never",
         "nothing else watches the node"),
  words("software_version", "UTF-8 of at most 200 bytes", "shown to people in the cluster view",
        "always, so that you see mixed versions"),
};

static_assert(max_amount == 1'000'000'000'000, "the text of \"capacity\" names it");

} // namespace

const config_rule& rule_of(std::string_view key) {
  const auto i = std::find_if(std::begin(rules), std::end(rules), [key](const auto& r) { return r.key == key; });
  assert(i != std::end(rules) && "every configuration key needs a rule");
  return *i;
}

} // namespace djm::impl
