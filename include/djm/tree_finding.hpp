#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"

namespace djm {

/// What may be wrong with a tree.
enum class finding_rule : std::uint8_t {
  /// A node of the base is missing. A node that runs makes it anew.
  base_missing,
  /// A version node counts no versions: it is missing. A node that runs makes it anew, and ends all terms with it.
  version_missing,
  /// The tree has another layout than this version of djm reads and writes.
  other_format,
  /// A node of this place is none that djm writes.
  foreign_node,
  /// The data of a registration, a life, a pool, an assignment or a saved state makes no sense. Who wrote it writes it
  /// anew when it joins again; a state has to be set.
  malformed_data,
  /// The data of a lock makes no sense, so nobody breaks it, and its item stands still.
  malformed_lock,
  /// The data of a mark makes no sense, so it counts as none.
  malformed_mark,
  /// A node in `alive` that no session holds: it says nothing of anybody's life.
  alive_without_session,
  /// A node in `alive` without a registration in `workers`.
  alive_without_registration,
  /// A candidate for leadership that no session holds: it is passed over.
  latch_without_session,
  /// Workers are alive, and none of them is a candidate for leadership.
  no_leader,
  /// A lock of a worker that is gone. The leader breaks it when the worker's tolerance is over.
  orphaned_lock,
  /// A lock whose holder has never registered: somebody else has written it. The leader breaks it.
  foreign_lock,
  /// A lock of an item that is not in the work pool.
  stray_lock,
  /// An assignment of an item that is not in the work pool.
  stray_assignment,
  /// An item that is assigned to more than one worker.
  assigned_twice,
  /// A folder of locks without a lock, of a job that is not there.
  empty_lock_folder,
  /// A folder of assignments without one, of a job that is not there.
  empty_assigned_folder,
  /// Some nodes of the tree may be changed by everybody, others not.
  mixed_access,
  /// A node of the tree may not be read with the account of this client.
  hidden_node,
  /// A list or a node has come near the size of what the store takes.
  limit_near,
  /// States are saved of a job that is not there.
  orphaned_states,
  /// What a life of a worker has refused that is over or was never there. The leader removes it.
  orphaned_refusal,
  /// Nodes that are there have different values where a cluster has to agree (`errc::config_mismatch`): the text names
  /// key, values and nodes. Give them one configuration.
  config_mismatch,
};

/// The names of the rules, in their order.
constexpr auto enum_names(finding_rule) {
  return name_enum("finding_rule", "base_missing", "version_missing", "other_format", "foreign_node", "malformed_data",
                   "malformed_lock", "malformed_mark", "alive_without_session", "alive_without_registration",
                   "latch_without_session", "no_leader", "orphaned_lock", "foreign_lock", "stray_lock",
                   "stray_assignment", "assigned_twice", "empty_lock_folder", "empty_assigned_folder", "mixed_access",
                   "hidden_node", "limit_near", "orphaned_states", "orphaned_refusal", "config_mismatch");
}

/// How much a finding matters.
enum class finding_level : std::uint8_t {
  /// It goes away by itself, or harms nobody.
  note,
  /// Look at it when it stays.
  warning,
  /// Something does not work because of it.
  error,
};

/// The names of the levels, in their order.
constexpr auto enum_names(finding_level) {
  return name_enum("finding_level", "note", "warning", "error");
}

/// Something that is not as it should be in a tree.
struct tree_finding {
  /// Names it for `client::repair`: the rule, and the path below the root ("malformed_lock:locks/mail/eu.lock"). The
  /// same finding has the same name at each look.
  std::string id;
  /// How much it matters.
  finding_level level = finding_level::note;
  /// What is wrong.
  finding_rule rule = finding_rule::base_missing;
  /// Where.
  std::string path;
  /// The same in words, with the values.
  std::string text;
  /// What to do about it.
  std::string advice;
  /// What `client::repair` would do, each path with what is done to it; empty: it does not touch this.
  std::vector<std::string> repair;
};
DJM_FIELDS(tree_finding, id, level, rule, path, text, advice, repair)

} // namespace djm
