#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "djm/submission.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/tree/read_batch.hpp"
#include "zkstore/tree/records.hpp"
#include "zkstore/tree_schema.hpp"

/// What is decided about submissions, whoever decides it: who submits, who removes, nodes that deploy. Pure; protocol
/// §4.17 says who may do what. Every submission that comes or goes is told by `jobs-version`, as a change of the record
/// of its job: one watch tells of both.
namespace djm::store {

/// Submissions that a tree may have.
constexpr std::int32_t most_submissions = 2000;

/// Equal ones have equal hashes in every process: 16 hexadecimal digits.
std::string hash_of_submission(const submission& s);

/// `report@3`.
std::string name_of_kind(const std::string& name, std::int64_t version);
/// Whether one of these kinds, as a registration names them, makes jobs of the submission.
bool knows_kind(const std::vector<std::string>& kinds, std::string_view kind, std::int64_t least_version);

// -- who submits --------------------------------------------------------------------

/// The reads of an order about a submission.
struct submission_reads {
  submission_reads(const tree_schema& tree, const job_id& job, read_batch& ask);

  read_slot folder, submission, record;
};

/// What a submission comes to: nothing where it stands. `by` and `request` of it are given. `duplicate_job`: another
/// one of that id is there, and the text names who has submitted it; or nodes register the job themselves.
/// `too_large`: there are too many.
expected<std::vector<write_op>> submit_ops(const tree_schema& tree, const submission& what,
                                           const submission_reads& found, std::int64_t wall_ms);

// -- nodes --------------------------------------------------------------------------

/// What a node that knows the kind does next with a submission that it has not deployed.
enum class next_try : std::uint8_t {
  /// It marks the submission with its life, and calls the factory.
  take,
  /// The mark is its own already: it calls the factory.
  ours,
  /// Another node calls the factory, and is alive.
  wait,
  /// The same, and it is to be found out whether that one is alive.
  ask,
  /// Too many processes have ended in it.
  leave,
  /// This life has declined it.
  declined,
};
/// `lives`: which life of the one that calls the factory is alive (empty: none); nothing: that is not known.
next_try next_of(const submission_payload& p, const node_id& node, const std::string& life,
                 const std::optional<std::string>& holder);

/// Marks it; one that has ended in the factory is counted.
submission_payload marked(submission_payload p, const node_id& node, const std::string& life);
/// Counts the one that has ended in the factory, without another one: nobody tries any more.
submission_payload without_mark(submission_payload p);
/// The factory has come back, or was not called: `why` it was declined; empty: it was not.
submission_payload released(submission_payload p, const node_id& node, const std::string& life, std::string why);

/// What was read of who may do what (`read_kind::access`): of the root, of `submissions`, of a submission, and of a
/// node that whoever asks has made itself.
struct access_found {
  const read_result &root, &folder, &submission, &own;
};
/// Why whoever else may write the store could have written that submission; empty: nobody could. Folder and submission
/// belong to the identity that asks and to nobody else, and have since they were made: what was given to it later may
/// have been written by anybody before.
std::string why_loose(const tree_schema& tree, const job_id& job, const access_found& found);

// -- people -------------------------------------------------------------------------

/// What is known of a node that is alive.
struct living_node {
  std::string incarnation;
  std::vector<std::string> kinds;
  std::vector<job_id> offers;
};

/// How a submission gets on among those who are alive.
submission_view view_of_submission(const job_id& id, const submission_payload& p,
                                   const std::map<node_id, living_node>& alive);

} // namespace djm::store
