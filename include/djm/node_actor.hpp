#pragma once

#include <caf/actor_system.hpp>
#include <caf/typed_actor.hpp>

#include "djm/caf.hpp"
#include "djm/export.hpp"
#include "djm/messages.hpp"
#include "djm/node_options.hpp"
#include "djm/type_ids.hpp"

namespace djm {

/// One djm instance: a worker, and a manager that works when this node leads. Errors are `caf::error`s of category djm
/// (`from_caf` gives the text).
using node_actor = cx::typed<
  /// Accepted (valid, not a duplicate); registration in the store follows when connected.
  /// `invalid_id`, `invalid_schedule`, `invalid_running_strategy`, `duplicate_job`, `invalid_config`, `too_large`,
  /// `shutting_down`.
  caf::result<void>(register_job),
  /// Answered when no code of the job runs or will run here and the node has let go of its object, or at once without
  /// `wait`. `unknown_job`; `user_code_hangs` after `stop_timeout`, naming the code; `timed_out` when nothing but a
  /// store that is away was in the way of giving its items back.
  caf::result<void>(unregister_job),
  /// Answered when written, at the latest after `registration_timeout`. `invalid_id`, `unknown_job`, `not_connected`,
  /// `timed_out`, `backlog_full`, `shutting_down`.
  caf::result<void>(switch_job), caf::result<void>(switch_all),
  /// `invalid_state` while a living node offers the job, which the text names; otherwise as above.
  caf::result<void>(delete_job),
  /// `invalid_id`, otherwise as above.
  caf::result<void>(mark_worker),
  /// The `rev` of the job's record. `unknown_job` where it has none, `conflict` where another `rev` was expected,
  /// `invalid_config`, `too_large`, `invalid_state` for a job that is removed, or paused where it is triggered;
  /// otherwise as above.
  caf::result<std::int64_t>(update_job), caf::result<std::int64_t>(configure_job), caf::result<std::int64_t>(pause_job),
  caf::result<std::int64_t>(prepare_again), caf::result<std::int64_t>(resume_job),
  caf::result<std::int64_t>(remove_job), caf::result<std::int64_t>(trigger_job),
  /// What is saved of an item. `invalid_id`, `unknown_job` where the job has no record, `malformed_payload`; otherwise
  /// as above.
  caf::result<item_state>(get_item_state),
  /// As it is then. Besides `conflict` where another version was expected, `too_large`, and `unknown_outcome` where it
  /// may have been set and has changed since.
  caf::result<item_state>(set_item_state),
  /// The number of runs that follow, see `trigger_here`. `unknown_job`.
  caf::result<std::uint64_t>(trigger_here),
  /// `unknown_job`, `invalid_schedule`.
  caf::result<void>(reschedule_job),
  /// `unknown_job`; `invalid_state` when no such run goes on here.
  caf::result<void>(cancel_run),
  /// `unknown_job`; `invalid_state` when the item is not parked here.
  caf::result<void>(release_item),
  /// `unknown_job`; `not_owner` when the item is not held here; `invalid_state` when the job answers no questions;
  /// `user_code_failed`, `timed_out`, `backlog_full`, `too_large`, `invalid_config` for a timeout out of range,
  /// `not_connected` while the node has no lease, `shutting_down`; otherwise what the job says.
  caf::result<item_answer>(ask_item),
  /// `unknown_job`; `invalid_state` when the job is not paused here.
  caf::result<void>(resume_here),
  /// Always answered; `invalid_config` for a limit out of range.
  caf::result<run_history>(get_history),
  /// Always answered.
  caf::result<node_status>(get_status),
  /// From any node, leader or not. `not_connected`.
  caf::result<cluster_view>(get_cluster),
  /// `unknown_job`.
  caf::result<runner_status>(get_job), caf::result<caf::actor>(get_job_handle),
  /// Answered by the leader from its last plan, elsewhere from one that is made of what the tree says: `unknown_job`
  /// for an item that is in neither.
  caf::result<item_explanation>(explain_item), caf::result<void>(subscribe), caf::result<void>(unsubscribe),
  /// Always answered, when all is done; the node then terminates. `user_code_hangs` names code that is left behind.
  caf::result<void>(shutdown_node)>;

/// Starts a node in `system`. The configuration is validated as a whole first: on complaints nothing is started. Nodes
/// of one process with connect string "embedded" share one in-process store (those of a plug-in that links djm itself
/// have another). `invalid_state` in a child that was forked while nodes lived in its parent.
///
/// Shut the node down with `shutdown_node` before the system goes out of scope, and drop the handle.
DJM_EXPORT expected<node_actor> spawn_node(caf::actor_system& system, node_config config, node_options options = {});

namespace detail {
// Before main, and so before the first actor system of the program.
inline const bool caf_types_known = init_caf_types();
} // namespace detail

} // namespace djm
