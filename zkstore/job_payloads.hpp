#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "djm/bytes.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/job_context.hpp"
#include "djm/job_record.hpp"
#include "djm/job_spec.hpp"
#include "djm/user_config.hpp"
#include "zkstore/packed_config.hpp"

/// What the nodes about jobs say: the record of each, what nodes offer, which records have changed, and what is saved
/// of items.
namespace djm::store {

/// A specification that nodes offer, or have offered.
struct offered_spec {
  /// `hash_of_spec`.
  std::string hash;
  /// `rev` of the record when it appeared: of two the later one has the higher number.
  std::int64_t appeared = 0;
  std::int64_t revision = 0;
  std::string deployment;
  /// As JSON, so that what later versions of djm have written in it survives earlier ones. Without attributes (those
  /// stand in the pool, where nodes that offer this specification put them) and without configuration.
  packed_config spec;
  /// Its defaults.
  user_config config;
  /// What operators have set on it.
  user_config overrides;
};
DJM_FIELDS(offered_spec, hash, appeared, revision, deployment, spec, config, overrides)

/// An order to run once more, everywhere.
struct trigger_mark {
  /// Of the order: a repeat is the same trigger.
  std::string id;
  std::int64_t at_ms = 0; ///< Unix time, for people
};
DJM_FIELDS(trigger_mark, id, at_ms)

/// `jobs/<job>`.
struct job_payload {
  /// +1 with every change.
  std::int64_t rev = 1;
  record_state state = record_state::open;
  /// Hash of the specification that rules.
  std::string ruling;
  std::vector<offered_spec> lineage;
  bool paused = false;
  /// The latest ones.
  std::vector<trigger_mark> triggers;
  /// How many there ever were: of those that are not listed any more only the number is known.
  std::int64_t triggered = 0;
  /// Names the latest change: whoever does not know the outcome of its own finds it here.
  std::string changed_by;
  /// Since when it is in this state, Unix time, for people.
  std::int64_t since_ms = 0;
  /// How often operators have ordered that it is prepared again.
  std::int64_t generation = 0;
  /// The latest preparation that is done: 1 is the first, 0 none. Behind `generation` + 1, no item of a job that
  /// prepares anything starts.
  std::int64_t prepared = 0;
  /// See `followed_job::slots_since_ms`.
  std::int64_t slots_since_ms = 0;
};
DJM_FIELDS(job_payload, rev, state, ruling, lineage, paused, triggers, triggered, changed_by, since_ms, generation,
           prepared, slots_since_ms)

/// `jobs/<job>/config`.
struct config_payload {
  user_config config;
};
DJM_FIELDS(config_payload, config)

/// `workers/<w>/available/<job>`.
struct offer_payload {
  /// Of the specification; empty: its node does not say.
  std::string hash;
};
DJM_FIELDS(offer_payload, hash)

/// One change of `jobs-version`.
struct jobs_change {
  /// Its data version after the change.
  std::int32_t version = 0;
  std::vector<job_id> jobs;
};
DJM_FIELDS(jobs_change, version, jobs)

/// `jobs-version`: bumped, and checked, with every change of a record, so that one watch tells of all of them.
struct jobs_version_payload {
  /// Who bumped it last.
  std::string transaction;
  /// The latest changes without a gap, oldest first.
  std::vector<jobs_change> recent;
};
DJM_FIELDS(jobs_version_payload, transaction, recent)

/// `states/<job>/<item>`: what is saved of an item.
struct state_payload {
  /// The latest turn that has saved: whoever has a lower one writes nothing. An operator leaves it as it is.
  fencing_token token = 0;
  /// +1 with every save: tells whoever does not know the outcome of its own.
  std::int64_t seq = 0;
  /// +1 with every state that an operator sets: no turn saves over one that it has not seen.
  std::int64_t epoch = 0;
  /// Nothing: taken away.
  std::optional<bytes> state;
  /// The node that saved it; empty: an operator has set it.
  node_id saved_by;
  std::int64_t saved_at_ms = 0; ///< Unix time, for people
  /// Names the order that has set a state last: whoever does not know the outcome of its own finds it here.
  std::string set_by;
};
DJM_FIELDS(state_payload, token, seq, epoch, state, saved_by, saved_at_ms, set_by)

/// What the store says of the slots of an item.
enum class slot_mark : std::uint8_t {
  /// A run of it was to start next, or has, and nothing is known of its end.
  claimed,
  /// Nothing more starts for it.
  done,
  /// It was claimed and has not been started.
  given_back,
  /// The same as `done`, and the item starts nothing before an operator releases it.
  parked,
};
constexpr auto enum_names(slot_mark) {
  return name_enum("slot_mark", "claimed", "done", "given_back", "parked");
}

/// `states/<job>/<item>@slot`: what is remembered of the slots of an item (protocol §4.16).
struct slot_payload {
  /// The turn that has written it: whoever has a lower one writes nothing.
  fencing_token token = 0;
  /// Another one begins where a record has made no sense; within one of them `slot` only grows.
  std::int64_t epoch = 0;
  /// czxid of the job's record. That of another one says nothing about this job.
  std::int64_t job = 0;
  std::int64_t slot = 0; ///< the latest one, in milliseconds since the Unix epoch
  slot_mark mark = slot_mark::done;
  std::uint32_t attempt = 1; ///< of the run that was started, or is to be
  std::uint32_t spared = 0;  ///< starts before it that count as no attempt
  /// Slots in a row that have failed, for parking; those of a run that ended with its process count.
  std::uint32_t failures = 0;
  node_id by;              ///< the node that has written it
  std::string incarnation; ///< and its life
};
DJM_FIELDS(slot_payload, token, epoch, job, slot, mark, attempt, spared, failures, by, incarnation)

/// A node that cannot make a job of a submission.
struct declined_mark {
  node_id node;
  std::string incarnation; ///< the life that said so
  std::string why;
};
DJM_FIELDS(declined_mark, node, incarnation, why)

/// `submissions/<job>`: a job that somebody has submitted (protocol §4.17). What is up to `hash` is made once and never
/// changed.
struct submission_payload {
  std::string kind;
  std::int64_t least_version = 1;
  user_config config;
  /// As the submitter calls itself, for people.
  std::string submitted_by;
  std::int64_t submitted_at_ms = 0; ///< Unix time, for people
  /// Names the order: a repeat is the same submission.
  std::string request;
  /// Of kind, version and configuration: `hash_of_submission`.
  std::string hash;
  /// Which life of which node calls the factory; empty: none does.
  node_id trying;
  std::string trying_life;
  /// The nodes, life by life, that have ended in the factory. After two of them nobody tries any more.
  std::vector<node_id> died;
  /// Who cannot make a job of it.
  std::vector<declined_mark> declined;
};
DJM_FIELDS(submission_payload, kind, least_version, config, submitted_by, submitted_at_ms, request, hash, trying,
           trying_life, died, declined)

inline bool operator==(const declined_mark& a, const declined_mark& b) {
  return equal_fields(a, b);
}
inline bool operator==(const offered_spec& a, const offered_spec& b) {
  return equal_fields(a, b);
}
inline bool operator==(const trigger_mark& a, const trigger_mark& b) {
  return equal_fields(a, b);
}
inline bool operator==(const jobs_change& a, const jobs_change& b) {
  return equal_fields(a, b);
}
bool operator==(const job_payload& a, const job_payload& b);
bool operator==(const config_payload& a, const config_payload& b);
bool operator==(const offer_payload& a, const offer_payload& b);
bool operator==(const jobs_version_payload& a, const jobs_version_payload& b);
bool operator==(const state_payload& a, const state_payload& b);
bool operator==(const slot_payload& a, const slot_payload& b);
bool operator==(const submission_payload& a, const submission_payload& b);

/// The most specifications that a record keeps, and triggers.
constexpr std::size_t most_specs = 4;
constexpr std::size_t most_triggers = 8;
/// The most bytes a record may have after an order. Two specifications always stay, whatever their size, and fit one
/// request: 64 KiB each for what is registered, its configuration and what is overridden.
constexpr std::size_t max_record_size = 200u << 10;
/// The most nodes of which a submission says that they have declined it, of how many of them why, and the most bytes of
/// each reason: what a submission takes in the store stays bounded, however many nodes there are.
constexpr std::size_t most_declined = 1000;
constexpr std::size_t most_reasons = 64;
constexpr std::size_t max_decline_text = 500;
/// Processes that may end in the factory of one submission.
constexpr std::size_t most_deaths = 2;

} // namespace djm::store
