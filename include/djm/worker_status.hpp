#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "djm/fields.hpp"
#include "djm/time.hpp"

namespace djm {

/// What has come of the locks of a node, counted from its start.
struct worker_counters {
  /// Locks that this node has created.
  std::uint64_t locked = 0;
  /// Locks that it has given back.
  std::uint64_t unlocked = 0;
  /// Transactions with locks that met another one: a lock was there already, or this node's `alive` was not.
  std::uint64_t lock_conflicts = 0;
  /// Transactions with locks whose outcome was not known and had to be looked up.
  std::uint64_t lock_unknowns = 0;
  /// Locks that were gone although this node had not given them back: broken by the leader, or by hand.
  std::uint64_t lost = 0;
  /// How often everything that is assigned was read anew because what was known did not fit together.
  std::uint64_t rereads = 0;
};
DJM_FIELDS(worker_counters, locked, unlocked, lock_conflicts, lock_unknowns, lost, rereads)

/// What has become of what runs asked about the saved state of items, counted from the start of the node.
struct state_counters {
  /// States that were loaded; there may have been none to load.
  std::uint64_t loaded = 0;
  /// Loads that ended with an error.
  std::uint64_t load_failures = 0;
  /// States that were saved.
  std::uint64_t saved = 0;
  /// Saves that were refused because the run does not hold the item any more (`not_owner`).
  std::uint64_t not_owner = 0;
  /// Saves that were refused because an operator has set another state (`conflict`).
  std::uint64_t conflicts = 0;
  /// Saves of which it is not known whether they were written (`unknown_outcome`).
  std::uint64_t unknown = 0;
  /// Saves that ended with any other error; nothing was written.
  std::uint64_t failed = 0;
};
DJM_FIELDS(state_counters, loaded, load_failures, saved, not_owner, conflicts, unknown, failed)

/// The worker of this node: what the cluster has assigned to it, and the locks it has taken for that.
struct worker_status {
  /// Registered and alive in the current session.
  bool joined = false;
  /// Everything assigned to this node is locked.
  bool settled = false;
  /// Items assigned to this node.
  std::uint32_t assigned = 0;
  /// Items this node has locked.
  std::uint32_t locked = 0;
  /// Items assigned to this node whose lock another holder still has, with the holder, as far as it is known.
  std::map<std::string, std::string> waiting;
  /// Items assigned to this node of jobs it does not know.
  std::uint32_t unknown_jobs = 0;
  /// Time left until the local deadline, at which no run of this node may go on; negative when it has passed; nothing
  /// before the first contact with the store.
  std::optional<duration> lease_left;
  /// Problems of the worker that go on.
  std::vector<std::string> problems;
  /// What has come of the locks so far.
  worker_counters counters;
  /// What has become of loads and saves.
  state_counters states;
};
DJM_FIELDS(worker_status, joined, settled, assigned, locked, waiting, unknown_jobs, lease_left, problems, counters,
           states)

} // namespace djm
