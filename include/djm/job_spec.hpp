#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/schedule.hpp"

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

constexpr auto enum_names(running_mode) {
  return name_enum("running_mode", "single_thread", "thread_per_item", "custom");
}

/// What happens to items that arrive while a run is under way.
enum class new_items_policy : std::uint8_t {
  /// They join the next run.
  next_run,
  /// They get a run of their own beside the one under way.
  own_run,
  /// The run under way is asked to stop, the next one takes all.
  restart,
};

constexpr auto enum_names(new_items_policy) {
  return name_enum("new_items_policy", "next_run", "own_run", "restart");
}

/// The largest weight or amount of a resource (in milli-units): sums over a million items stay far from overflow.
constexpr std::int64_t max_amount = 1'000'000'000'000;

/// What the planner must know about a job. Stored in the tree, so that a change of leader changes no plan; at most 256
/// KiB as JSON (`too_large`), which is some thousand item weights.
struct job_attributes {
  /// Name of a registered strategy; empty means the cluster default, "balanced".
  std::string strategy;
  /// low < normal < high; items of higher priority are placed first where capacity is short.
  std::string priority = "normal";
  /// Weights of items that do not weigh 1, in milli-units (1000 = 1); from 0 to `max_amount`.
  std::map<item_id, std::int64_t> item_weights;
  /// Resources each item needs, in milli-units: {"cpu": 500} is half a core. From 0 to `max_amount`.
  std::map<std::string, std::int64_t> profile;
  /// Labels a worker must carry.
  std::vector<std::string> requires_labels;
  /// At most this many items on one worker; 0 = no limit.
  std::uint32_t max_per_worker = 0;
  /// "zone": totals of the zones differ by at most 1 where eligibility permits. Empty: no rule.
  std::string spread;
  /// Jobs whose items share a worker with this job's where one can hold both.
  std::vector<job_id> colocate_with;
  /// Jobs whose items are never on a worker that has one of this job's.
  std::vector<job_id> separate_from;
  /// Items that belong on a named worker.
  std::map<item_id, node_id> pinned;
  /// Which workers the items may share: empty or "any", "one_worker" (all items on one), "worker:<id>" (on that one).
  std::string relaxation;
  /// Strategy-defined values of custom strategies: names follow the rule of ids, values are UTF-8.
  std::map<std::string, std::string> custom;
};

/// The serialisable description of a job; the code to run travels beside it as a pointer that never leaves the process.
struct job_spec {
  job_id id;
  djm::schedule schedule;
  running_mode mode = running_mode::single_thread;
  /// Concurrent runs of this job on one node, at most; 0 = no cap beyond the executor's size.
  std::uint32_t max_concurrent_runs = 0;
  new_items_policy on_new_items = new_items_policy::next_run;
  /// How often the pool function is asked again; zero = only at registration.
  any_duration pool_check_period = duration::zero();
  /// How long the pool function, and the one that cuts the share, may take before it is reported as hanging.
  any_duration pool_timeout = std::chrono::seconds{30};
  /// How long a run has between the request to stop and being reported as an overrun; zero = the node's `stop_grace`.
  any_duration stop_grace = duration::zero();
  /// Whether the job starts enabled when it is first registered in the cluster. Later the value in the store counts.
  bool enabled = true;
  job_attributes attributes;
};

bool operator==(const job_attributes& a, const job_attributes& b);
bool operator==(const job_spec& a, const job_spec& b);

/// Checks the attributes of a job; the text names job, field, value and rule.
expected<void> validate(const job_id& job, const job_attributes& attributes);

/// Checks the whole specification; the text names job, field, value and rule.
expected<void> validate(const job_spec& spec);

std::string to_string(running_mode mode);
std::string to_string(new_items_policy policy);

template <class V>
auto fields(V&& v, job_attributes& x) {
  return v("job_attributes", field("strategy", x.strategy), field("priority", x.priority),
           field("item_weights", x.item_weights), field("profile", x.profile), field("requires", x.requires_labels),
           field("max_per_worker", x.max_per_worker), field("spread", x.spread),
           field("colocate_with", x.colocate_with), field("separate_from", x.separate_from), field("pinned", x.pinned),
           field("relaxation", x.relaxation), field("custom", x.custom));
}

template <class V>
auto fields(V&& v, job_spec& x) {
  return v("job_spec", field("id", x.id), field("schedule", x.schedule), field("mode", x.mode),
           field("max_concurrent_runs", x.max_concurrent_runs), field("on_new_items", x.on_new_items),
           field("pool_check_period", x.pool_check_period), field("pool_timeout", x.pool_timeout),
           field("stop_grace", x.stop_grace), field("enabled", x.enabled), field("attributes", x.attributes));
}

} // namespace djm
