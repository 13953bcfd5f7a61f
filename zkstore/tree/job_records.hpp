#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "djm/error.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree/records.hpp"
#include "zkstore/tree_schema.hpp"

/// What is decided about the record of a job, whoever decides it: nodes that offer the job, the leader, operators.
/// Pure; protocol §4.11 says who may do what.
namespace djm::store {

// -- reading ------------------------------------------------------------------------

/// The reads of a record and its configuration.
struct record_reads {
  record_reads(const tree_schema& tree, job_id id, read_batch& ask);

  job_id id;
  read_slot record, config;
};

/// The specification in the lineage; null: it is not there.
const offered_spec* find_spec(const job_payload& record, std::string_view hash);

/// What a node that offers `own` follows: see `followed_job`. The error says which part of the record cannot be used,
/// where: then what was followed before goes on. `stored` is null where operators have set no configuration.
expected<followed_job> follow(const job_payload& record, const config_payload* stored, const job_spec& own,
                              const std::string& own_hash, const std::string& path);

/// How many triggers `now` has that `before` had not, when it was read.
std::uint32_t new_triggers(const job_payload& before, const job_payload& now);

/// Which preparation items need before they start: 0: the specification that rules prepares nothing.
std::int64_t wanted_generation(const job_payload& record);

/// Whether that is done.
inline bool is_prepared(const job_payload& record) {
  return record.prepared >= wanted_generation(record);
}

// -- nodes that offer the job -------------------------------------------------------

/// This preparation is done, for one that has been saved as done stays so. False: the record says so already, or does
/// not know of it.
bool note_prepared(job_payload& record, std::int64_t generation);

/// The specification as it stands in a lineage. `too_large` names job, size and limit.
expected<offered_spec> to_offer(const job_spec& spec);

/// A record made anew, by the first node that offers the job, over what is left of an earlier one (null: nothing).
/// Slots count from `wall_ms` on.
job_payload first_record(offered_spec spec, const job_payload* former, std::int64_t wall_ms = 0);

/// The specification appears in the record. The earliest ones that do not rule make room.
void appear(job_payload& record, offered_spec spec);

// -- the leader ---------------------------------------------------------------------

/// The specification that rules, with what operators have set: what all nodes follow of it. Nothing where the record
/// makes no sense.
std::optional<job_spec> ruling_spec(const job_payload& record);

/// The hash of the specification that rules among those that are offered; empty: none of them is in the lineage, so the
/// one that rules now goes on.
std::string ruling_among(const job_payload& record, const std::set<std::string>& offered);

/// This specification rules from now on. Where its calendar is another one than that before, with what operators have
/// set, slots count from `wall_ms` on.
void rule(job_payload& record, const std::string& ruling, std::int64_t wall_ms);

// -- operators ----------------------------------------------------------------------

/// What operators may order. Each is safe to repeat.
namespace order {
struct override_spec {
  user_config overrides;
  bool replace = false; ///< instead of merging
};
struct configure {
  user_config config;
};
struct pause {
  bool paused = true;
};
struct trigger {
  std::string id;
};
struct remove {};
struct prepare_again {};
} // namespace order
using job_order = std::variant<order::override_spec, order::configure, order::pause, order::trigger, order::remove,
                               order::prepare_again>;

/// What comes of an order: nothing to write where the record says so already.
struct ordered {
  std::optional<job_payload> record;
  std::optional<config_payload> config;
};

/// `expected_rev`: the rev of the record that the operator has seen; nothing: whatever is there. `conflict` names the
/// present one; `invalid_config` what is wrong with the order; `invalid_state` what keeps it from being carried out.
/// `by` names the change, `wall_ms` is for people.
expected<ordered> carry_out(const job_order& what, const job_id& job, const job_payload& record,
                            const config_payload& config, std::optional<std::int64_t> expected_rev,
                            const std::string& by, std::int64_t wall_ms);

// -- which records have changed -----------------------------------------------------

/// The data of `jobs-version` after a change of these records. `before` is what it says at `version`.
std::string encode_change(const jobs_version_payload& before, std::int32_t version, std::vector<job_id> jobs,
                          std::string transaction);

/// The jobs whose records have changed since that version; nothing: that is not known any more.
std::optional<std::set<job_id>> changed_since(const jobs_version_payload& now, std::int32_t now_version,
                                              std::int32_t since);

} // namespace djm::store
