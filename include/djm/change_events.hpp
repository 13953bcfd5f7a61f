#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/time.hpp"

/// Events about changes that concern the whole cluster, or a whole job.
namespace djm {

/// What has changed of a cluster, as its leader has found.
enum class model_part : std::uint8_t {
  /// Jobs, their items, or the workers that take part: whoever derives something from these does so anew.
  job_model,
  /// What runs are given, or how jobs are configured: a specification, an override or a configuration.
  configuration,
  /// What the specifications that rule call their deployment: another version of the application is in charge.
  deployment,
};

/// The names of the parts, in their order.
constexpr auto enum_names(model_part) {
  return name_enum("model_part", "job_model", "configuration", "deployment");
}

/// The leader has found the cluster to be another one than is noted down in the tree (`cluster_view::model`). Told by
/// the leader alone, before it notes it down: each change at least once, and twice where a leader ends in between.
/// Where nothing is noted down all has changed.
struct model_changed {
  /// What is different, in the order of the enumeration; never empty.
  std::vector<model_part> what;
  /// Of the leader that has found it.
  std::int64_t epoch = 0;
};
DJM_FIELDS(model_changed, what, epoch)

/// The items of a job have changed, and it has to be started anew as a whole when they do (`pool_change::signal`). Told
/// once per change on each node that holds items of it. Nothing is stopped or kept back for it: whoever hears it
/// decides.
struct restart_wanted {
  /// The job.
  job_id job;
  /// What has happened, for people.
  std::string why;
};
DJM_FIELDS(restart_wanted, job, why)

/// Items have been without a place for longer than `job_attributes::wait_limit` (told by the leader, once per wait of
/// an item and term, together for those of a job). They go on waiting: more capacity, or another worker, is for
/// whoever hears it. `explain_item` says what stands in the way.
struct allocation_timed_out {
  /// The job.
  job_id job;
  /// The items, at most a thousand of them.
  std::vector<item_id> items;
  /// How many they are.
  std::uint64_t count = 0;
  /// The limit that they have waited for.
  duration limit = duration::zero();
};
DJM_FIELDS(allocation_timed_out, job, items, count, limit)

} // namespace djm
