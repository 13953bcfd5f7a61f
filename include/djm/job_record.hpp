#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/error.hpp"
#include "djm/fields.hpp"
#include "djm/job_spec.hpp"
#include "djm/user_config.hpp"

/// A job as the whole cluster sees it. Its record stands in the store, apart from the items: which specifications nodes
/// offer and which of them rules, what operators have set, and whether the job is to be there at all. Every node that
/// offers the job follows it.
///
/// **Which specification rules.** Each node offers the one that its program registers. Where they differ (a deployment
/// is under way, an old node comes back) the one with the highest `job_spec::revision` rules, and among equals the one
/// that appeared last, as long as a node offers it that is there, or has not been gone for longer than its D. One that
/// returns keeps its rank, so a node of an old version that restarts again and again changes nothing.
///
/// **What every node follows.** `schedule`, `slots`, `failures`, `max_concurrent_runs`, `pool_check_period`,
/// `pool_timeout`, `stop_grace` and `on_pool_change` of the ruling specification, its `config`, and its attributes,
/// which only nodes that offer it put in the store. How a share is cut (`mode`, `on_new_items`) is a matter of the code
/// and stays each node's own.
///
/// **What operators set.** Overrides belong to the specification on which they were made: they end with it. A
/// configuration, a pause and triggers belong to the job and outlive every deployment.
///
/// The idea of a generation that is observed and compared is that of Kubernetes' objects; that of tombstones is from
/// replicated databases.
namespace djm {

/// Whether a job is to be there.
enum class record_state : std::uint8_t {
  /// It is: whoever registers it offers it.
  open,
  /// It is not, and nodes are giving it back: a registration that is begun now waits until they have.
  removing,
  /// Nobody has it any more. A registration that is begun now makes it anew; a node that comes back with it does not.
  removed,
};

/// The names of the states, in their order.
constexpr auto enum_names(record_state) {
  return name_enum("record_state", "open", "removing", "removed");
}

/// What a node follows of a job's record.
struct followed_job {
  /// The job.
  job_id job;
  /// Of the record; grows by one with each change of it. 0: nothing is known of one.
  std::int64_t rev = 0;
  /// What this node works with: the fields of the ruling specification that all follow, with what operators have set;
  /// the others are its own.
  job_spec spec;
  /// What runs get: the configuration of the ruling specification, with what operators have set in place of its values.
  user_config config;
  /// What the ruling specification's deployment is called; empty: it does not say.
  std::string deployment;
  /// Operators have paused it: what goes on goes on, nothing new starts.
  bool paused = false;
  /// This node offers the specification that rules.
  bool rules = true;
  /// Triggers that the node had not seen when it read the record: one more run for any number of them.
  std::uint32_t triggers = 0;
  /// Which preparation (`job::prepare`) its runs need: 1 and up, one more with each `prepare_again`. 0: the ruling
  /// specification prepares nothing.
  std::int64_t generation = 0;
  /// That one is done: items may run.
  bool prepared = true;
  /// No slot of a calendar up to this moment (Unix time) is caught up on: the job was made then, or its set of slots
  /// has changed, or it goes on after a pause. 0: not known, and then only what is remembered of an item tells. One
  /// that is still to come is taken for no later than the store dated the record, and `node_config::max_clock_skew`.
  std::int64_t slots_since_ms = 0;
};
DJM_FIELDS(followed_job, job, rev, spec, config, deployment, paused, rules, triggers, generation, prepared,
           slots_since_ms)

/// Names a specification as it was registered: equal ones have equal hashes in every process. 16 hexadecimal digits
/// (FNV-1a of its JSON); `revision` and `deployment` count.
std::string hash_of_spec(const job_spec& spec);

/// The fields of a specification that `update_job` may override.
const std::vector<std::string_view>& overridable_fields();

/// `spec` with what `overrides` says in place of its own values: names are those of `job_spec`'s fields, values as in
/// JSON ("10s"); fields of `attributes` that are not named stay. `errc::invalid_config` names each value that breaks a
/// rule; then nothing is changed.
expected<job_spec> with_overrides(const job_spec& spec, const user_config& overrides);

/// What two changes of overrides come to: those of `later` on top of `earlier`, null takes one away. Members of objects
/// are merged in the same way (JSON Merge Patch, RFC 7396). `errc::too_large` as for any configuration.
expected<user_config> merge_overrides(const user_config& earlier, const user_config& later);

} // namespace djm
