#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/ids.hpp"
#include "djm/user_config.hpp"

/// Jobs that are started by name from outside: a submission stands in the store, and nodes that know its kind
/// (`node_options::kinds`) make a job of it and register that, as long as it stands there.
namespace djm {

/// What is submitted.
struct submission {
  /// What the job will be called.
  job_id id;
  /// The kind that it is of; a name by the rule of ids.
  std::string kind;
  /// Nodes whose kind has an earlier version leave it to others; from 1 on.
  std::int64_t least_version = 1;
  /// What the kind makes the job of.
  user_config config;
  /// Who submits it, for people: nobody checks that. At most 200 bytes.
  std::string by;
  /// Names the order, by the rule of ids: repeated under the same name it is the same submission. Empty: a name is
  /// drawn.
  std::string request;
};

/// What becomes of a submission of a kind that no node knows.
enum class unknown_kind : std::uint8_t {
  /// It is refused: most often its name is wrong.
  refused,
  /// It waits for a node that knows it.
  waits,
};

/// The names of the answers, in their order.
constexpr auto enum_names(unknown_kind) {
  return name_enum("unknown_kind", "refused", "waits");
}

/// How a submission gets on.
enum class submission_state : std::uint8_t {
  /// No node that is alive knows its kind, or none in that version: it is deployed as soon as one comes.
  waiting,
  /// Nodes that know its kind have not made the job yet.
  deploying,
  /// A node at least offers the job.
  deployed,
  /// Every node that is alive and knows its kind has declined it, and `declined` says why; or it makes no sense.
  /// Nothing more comes of it, unless
  /// another node comes: remove it, and submit one that works.
  failed_to_deploy,
};

/// The names of the states, in their order.
constexpr auto enum_names(submission_state) {
  return name_enum("submission_state", "waiting", "deploying", "deployed", "failed_to_deploy");
}

/// A submission as the tree shows it.
struct submission_view {
  /// The job.
  job_id id;
  /// How it gets on.
  submission_state state = submission_state::waiting;
  /// The kind that it is of.
  std::string kind;
  /// The earliest version of the kind that makes it.
  std::int64_t least_version = 1;
  /// What was submitted.
  user_config config;
  /// Who has submitted it, as that calls itself.
  std::string by;
  /// When, by the clock of the submitter, in milliseconds of Unix time.
  std::int64_t at_ms = 0;
  /// The name of the order.
  std::string request;
  /// Nodes that are alive and offer the job.
  std::vector<node_id> deployed;
  /// Why nodes that are alive have declined it.
  std::map<std::string, std::string> declined;
  /// Nodes that have ended while they made the job of it. After two no other one tries.
  std::vector<node_id> died;
  /// What others have written in its place makes no sense, and why; nothing else of it is known then. Empty: it does.
  std::string problem{};
};
DJM_FIELDS(submission_view, id, state, kind, least_version, config, by, at_ms, request, deployed, declined, died,
           problem)

} // namespace djm
