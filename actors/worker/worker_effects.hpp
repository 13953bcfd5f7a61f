#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/common/core.hpp"
#include "actors/common/slot_wishes.hpp"
#include "djm/bytes.hpp"
#include "djm/error.hpp"
#include "djm/ids.hpp"
#include "djm/job.hpp"

/// What the worker is told when it is built, and what it wants done: shared by its activities.
namespace djm {

struct worker_config {
  node_id node;
  std::string incarnation;
  std::string root = "/djm";
  duration detach_tolerance = duration::zero();
  duration stop_grace = duration::zero();
  duration backoff_min = std::chrono::milliseconds{100};
  duration backoff_max = std::chrono::seconds{5};
  /// This core replaces one that failed: locks of this incarnation may exist that it does not know of.
  bool rebuilt = false;
  std::size_t max_transaction_ops = 200;
  std::size_t max_lock_watches = 500;
  std::size_t read_batch = 200;
  /// How long a run waits for the state of an item that it loads or saves.
  duration state_patience = std::chrono::seconds{20};
  /// How long ends of slots wait for others to be written with them.
  duration slot_patience = std::chrono::milliseconds{500};
  /// How far the wall clock of this node may be from the store's.
  duration max_clock_skew = std::chrono::seconds{10};
};

/// A run loads or saves the state of an item that it holds under this token.
struct state_wish {
  std::uint64_t id = 0;
  item_ref item;
  fencing_token token = 0;
  /// Nothing: it is loaded.
  std::optional<bytes> save;
};

/// These items are locked and may run.
struct item_grant {
  job_id job;
  std::vector<work_item> items;
  /// Others of the job are assigned to this node and not locked yet.
  bool more_to_come = false;
};
/// Stop runs with these items; answered by `on_released` once no run holds them.
struct item_revocation {
  job_id job;
  std::vector<item_id> items;
  stop_reason reason;
};
/// The lease of all runners of this node.
struct lease_renewal {
  /// It only makes longer what was told last, which is in force still: runners need not hear of it at once.
  bool goes_on = false;
  time_point run_until;
  time_point deadline;
  /// For whoever watches the lease beside the runners.
  std::uint64_t session = 0;
  duration after_close = duration::zero();
};
/// The store says that `alive/<worker>` is gone although the session lives: the keeper must join again.
struct registration_lost {};
/// After `on_drain`: nothing more to give back (or it was given up).
struct worker_drained {};
struct worker_settled {
  bool settled;
};

/// What became of a wish: the state that was loaded; nothing also for what was saved.
struct state_answer {
  std::uint64_t id = 0;
  expected<std::optional<bytes>> what;
};

using worker_effect =
  std::variant<commit_effect, read_effect, item_grant, item_revocation, lease_renewal, registration_lost,
               worker_drained, worker_settled, state_answer, slots_told, emit_effect, log_effect>;
using worker_effects = std::vector<worker_effect>;

} // namespace djm
