#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/failure_rules.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/schedule.hpp"
#include "djm/slot_rules.hpp"
#include "djm/user_config.hpp"

namespace djm {

/// How a node cuts its share of a job into concurrent runs.
enum class running_mode : std::uint8_t {
  /// One run works on the whole share.
  single_thread,
  /// One run per item.
  thread_per_item,
  /// `job::cut_share` decides.
  custom,
};

/// The names of the modes, in their order.
constexpr auto enum_names(running_mode) {
  return name_enum("running_mode", "single_thread", "thread_per_item", "custom");
}

/// What happens to items that arrive while a run is under way.
enum class new_items_policy : std::uint8_t {
  /// They join the next run. The first run of a share waits for what is still being locked, for a second or a period at
  /// most; a run that never ends leaves out what comes after that (`item_starved`).
  next_run,
  /// They get a run of their own beside the one under way.
  own_run,
  /// The run under way is asked to stop, the next one takes all.
  restart,
};

/// The names of the policies, in their order.
constexpr auto enum_names(new_items_policy) {
  return name_enum("new_items_policy", "next_run", "own_run", "restart");
}

/// What a change of a job's items means for the job.
enum class pool_change : std::uint8_t {
  /// Items come and go while the others run on.
  live,
  /// The same, and the job has to be started anew as a whole: every node that holds items of it says so
  /// (`restart_wanted`), for whoever can.
  signal,
};

/// The names of the meanings, in their order.
constexpr auto enum_names(pool_change) {
  return name_enum("pool_change", "live", "signal");
}

/// Which jobs have their items placed first where capacity is short: low < normal < high.
enum class job_priority : std::uint8_t {
  /// Its items give way to all others.
  low,
  /// What a job has that does not say anything.
  normal,
  /// Its items are placed before all others; those may lose their place for it.
  high,
};

/// The names of the priorities, in their order.
constexpr auto enum_names(job_priority) {
  return name_enum("job_priority", "low", "normal", "high");
}

/// How the items of a job are to lie over the zones of the workers (`node_config::zone`).
enum class spread_rule : std::uint8_t {
  /// Anyhow. Its name is the empty text.
  none,
  /// Totals of the zones differ by at most 1 where eligibility permits.
  zone,
};

/// The names of the rules, in their order; no rule is the empty text, as it always was in the store.
constexpr auto enum_names(spread_rule) {
  return name_enum("spread_rule", "", "zone");
}

/// Which workers the items of a job may share out among them.
enum class relaxation_kind : std::uint8_t {
  /// All that are eligible.
  any,
  /// One, whichever: all items of the job are on the same worker.
  one_worker,
  /// The one that is named: all items are on that worker, or on none.
  named_worker,
};

/// The names of the kinds, in their order.
constexpr auto enum_names(relaxation_kind) {
  return name_enum("relaxation_kind", "any", "one_worker", "named_worker");
}

/// Whether the items of a job must stay together. In JSON it is one word: `""` or `"any"`, `"one_worker"`, or
/// `"worker:<id>"`.
struct relaxation {
  /// Which workers the items may share.
  relaxation_kind kind = relaxation_kind::any;
  /// The worker that is named; empty for the other kinds.
  node_id worker{};

  /// All eligible workers.
  static relaxation any() { return {}; }
  /// One worker, whichever.
  static relaxation one_worker() { return {relaxation_kind::one_worker, {}}; }
  /// This worker.
  static relaxation on(node_id worker) { return {relaxation_kind::named_worker, std::move(worker)}; }
};
DJM_FIELDS(relaxation, kind, worker)

/// Whether both mean the same.
inline bool operator==(const relaxation& a, const relaxation& b) {
  return equal_fields(a, b);
}

/// `""`, `"one_worker"` or `"worker:<id>"`.
std::string to_word(const relaxation& x);
/// The way back, also from "any". False, and nothing changed, for any other text.
bool from_word(std::string_view word, relaxation& x);
/// What such a word may be, for complaints.
const char* rule_of_words(const relaxation&);

/// The largest weight or amount of a resource (in milli-units): sums over a million items stay far from overflow.
constexpr std::int64_t max_amount = 1'000'000'000'000;

/// What the planner must know about a job. Stored in the tree, so that a change of leader changes no plan; at most 256
/// KiB as JSON (`too_large`), which is some thousand item weights.
struct job_attributes {
  /// Name of a registered strategy; empty means the cluster default, "balanced".
  std::string strategy;
  /// Items of higher priority are placed first where capacity is short.
  job_priority priority = job_priority::normal;
  /// Weights of items that do not weigh 1, in milli-units (1000 = 1); from 0 to `max_amount`.
  std::map<item_id, std::int64_t> item_weights;
  /// Resources each item needs, in milli-units: {"cpu": 500} is half a core. From 0 to `max_amount`.
  std::map<std::string, std::int64_t> profile;
  /// Labels a worker must carry.
  std::vector<std::string> requires_labels;
  /// At most this many items on one worker; 0 = no limit.
  std::uint32_t max_per_worker = 0;
  /// At most this many workers have items of the job at the same time; 0 = no limit. With one run at a time on each
  /// (`running_mode::single_thread`) it is the most runs of the job in the whole cluster.
  std::uint32_t max_workers = 0;
  /// How the items lie over the zones.
  spread_rule spread = spread_rule::none;
  /// Jobs whose items share a worker with this job's where one can hold both.
  std::vector<job_id> colocate_with;
  /// Jobs whose items are never on a worker that has one of this job's.
  std::vector<job_id> separate_from;
  /// Items that belong on a named worker.
  std::map<item_id, node_id> pinned;
  /// Which workers the items may share.
  djm::relaxation relaxation;
  /// Strategy-defined values of custom strategies: names follow the rule of ids, values are UTF-8.
  std::map<std::string, std::string> custom;
  /// How long an item may be without a place before the leader reports it (`allocation_timed_out`). Zero, the default:
  /// for ever; otherwise 1s to ten years.
  any_duration wait_limit = duration::zero();
};

/// The serialisable description of a job; the code to run travels beside it as a pointer that never leaves the process.
struct job_spec {
  /// Its id, unique in the cluster.
  job_id id;
  /// When its runs start.
  djm::schedule schedule;
  /// How its share is cut into runs.
  running_mode mode = running_mode::single_thread;
  /// Concurrent runs of this job on one node, at most; 0 = no cap beyond the executor's size.
  std::uint32_t max_concurrent_runs = 0;
  /// What happens to items that come while a run goes on.
  new_items_policy on_new_items = new_items_policy::next_run;
  /// How often the pool function is asked again; zero = only at registration.
  any_duration pool_check_period = duration::zero();
  /// How long the pool function, the one that cuts the share and the one that checks a configuration may take before
  /// they are reported as hanging.
  any_duration pool_timeout = std::chrono::seconds{30};
  /// How long a run has between the request to stop and being reported as an overrun; zero = the node's `stop_grace`.
  any_duration stop_grace = duration::zero();
  /// Whether the job starts enabled when it is first registered in the cluster. Later the value in the store counts.
  bool enabled = true;
  /// What the planner must know.
  job_attributes attributes;
  /// What becomes of the slots of a calendar.
  slot_rules slots;
  /// What becomes of runs that fail.
  failure_rules failures;
  /// Of the specifications of a job that nodes offer at the same time, the one with the highest revision rules; among
  /// equals the one that appeared last (see `job_record.hpp`). 0, the default: none is stated. Not below 0.
  std::int64_t revision = 0;
  /// What people call the deployment that this specification comes with, such as "2026-11-3". At most 120 bytes of
  /// UTF-8. Decides nothing.
  std::string deployment;
  /// What runs get (`job_context::config`) where operators have set nothing else. At most 64 KiB as JSON.
  user_config config;
  /// Its code has something to do before any item runs (`job::prepare`). Not to be overridden: it belongs to the code.
  bool prepares = false;
  /// What it means when items are added or removed.
  pool_change on_pool_change = pool_change::live;
};
DJM_FIELDS(job_spec, id, schedule, mode, max_concurrent_runs, on_new_items, pool_check_period, pool_timeout, stop_grace,
           enabled, attributes, slots, failures, revision, deployment, config, prepares, on_pool_change)

/// Whether they agree in every member.
bool operator==(const job_attributes& a, const job_attributes& b);
/// Whether they agree in every member.
bool operator==(const job_spec& a, const job_spec& b);

/// Checks the attributes of a job; the text names job, field, value and rule.
expected<void> validate(const job_id& job, const job_attributes& attributes);

/// Checks the whole specification; the text names job, field, value and rule.
expected<void> validate(const job_spec& spec);

/// What the store is told of the job's slots: `slot_rules::remember`; where that says nothing, `slots::finished` for a
/// calendar whose slots are `least_remembered_gap` or more apart and whose items have runs of their own, and
/// `slots::forget` for everything else. Takes about a millisecond for a calendar where nothing is said.
slots memory_of(const job_spec& spec);

/// The name of the mode.
std::string to_string(running_mode mode);
/// The name of the policy.
std::string to_string(new_items_policy policy);

template <class V>
auto fields(V&& v, job_attributes& x) {
  return v("job_attributes", field("strategy", x.strategy), field("priority", x.priority),
           field("item_weights", x.item_weights), field("profile", x.profile), field("requires", x.requires_labels),
           field("max_per_worker", x.max_per_worker), field("max_workers", x.max_workers), field("spread", x.spread),
           field("colocate_with", x.colocate_with), field("separate_from", x.separate_from), field("pinned", x.pinned),
           field("relaxation", x.relaxation), field("custom", x.custom), field("wait_limit", x.wait_limit));
}

} // namespace djm
