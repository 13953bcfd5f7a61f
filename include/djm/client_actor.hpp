#pragma once

#include <optional>
#include <string>
#include <vector>

#include <caf/actor_system.hpp>
#include <caf/typed_actor.hpp>

#include "djm/caf.hpp"
#include "djm/client.hpp"
#include "djm/client_answers.hpp"
#include "djm/export.hpp"
#include "djm/messages.hpp"
#include "djm/tree_finding.hpp"
#include "djm/type_ids.hpp"

/// A client as an actor: what `djm::client` does in calls, in messages.
namespace djm {

/// The record of a job. Answered with a `record_view`.
struct get_record {
  /// The job.
  job_id job;
};
DJM_FIELDS(get_record, job)

/// Every lock of the tree. Answered with a `lock_list`.
struct get_locks {};
DJM_FIELDS(get_locks)

/// The locks, in the order of jobs and items.
struct lock_list {
  /// The locks.
  std::vector<lock_view> locks;
};
DJM_FIELDS(lock_list, locks)

/// Which of these nodes may be stopped together. Answered with a `stoppable_answer`.
struct ask_stoppable {
  /// The nodes.
  std::vector<node_id> nodes;
};
DJM_FIELDS(ask_stoppable, nodes)

/// Wait until every item of a job is locked by its owner. Answered with its `job_view`, or with `invalid_state`, which
/// names what is missing.
struct wait_for_job {
  /// The job.
  job_id job;
  /// How long to wait; other messages wait as well meanwhile. Nothing: `client_options::timeout`.
  std::optional<duration> timeout = {};
};
DJM_FIELDS(wait_for_job, job, timeout)

/// What has changed in the tree since the last such message; the first one looks at it and is told nothing. Answered
/// with a `tree_event_list`, which is empty when nothing has changed in time.
struct next_tree_events {
  /// How long to wait; other messages wait as well meanwhile, so who follows a cluster does that with a client of its
  /// own. Nothing: `client_options::timeout`.
  std::optional<duration> timeout = {};
};
DJM_FIELDS(next_tree_events, timeout)

/// Changes of the tree, in the order in which they were seen.
struct tree_event_list {
  /// The changes.
  std::vector<tree_event> events;
};
DJM_FIELDS(tree_event_list, events)

/// Everything in the tree that is not as it should be. Answered with a `finding_list`.
struct get_findings {};
DJM_FIELDS(get_findings)

/// What is not as it should be, the worst first.
struct finding_list {
  /// The findings.
  std::vector<tree_finding> findings;
};
DJM_FIELDS(finding_list, findings)

/// Mend one finding, if it still stands. Answered with an `order_result`.
struct repair_finding {
  /// The finding, as `tree_finding::id` names it.
  std::string id;
  /// Whether it is done, or only said what would be done.
  order_mode mode = order_mode::dry_run;
};
DJM_FIELDS(repair_finding, id, mode)

/// Looks at a cluster and gives orders from outside of it, see `djm::client`: errors are those of its calls, as
/// `caf::error`s of category djm (`from_caf` gives the text). Orders take the messages that nodes take, and are
/// answered with what they have changed; `configure_job` is not judged by the job's code. An actor without a name: who
/// wants it to be watched watches it.
using client_actor = cx::typed<
  /// The cluster as the tree shows it.
  caf::result<cluster_view>(get_cluster),
  /// `unknown_job`.
  caf::result<job_view>(get_job),
  /// A page of items. `unknown_job`.
  caf::result<item_page>(item_query),
  /// `unknown_job`.
  caf::result<record_view>(get_record), caf::result<lock_list>(get_locks),
  /// `unknown_job`, `unknown_strategy`.
  caf::result<item_explanation>(explain_item),
  /// `unknown_worker`, `invalid_config`.
  caf::result<what_if_answer>(what_if_question), caf::result<stoppable_answer>(ask_stoppable),
  /// `invalid_id`; `invalid_config` for a message that names no mark.
  caf::result<order_result>(mark_worker),
  /// `unknown_job`.
  caf::result<order_result>(switch_job), caf::result<order_result>(switch_all),
  /// `unknown_job`, `conflict`, `invalid_config`, `too_large`, `invalid_state`.
  caf::result<order_result>(update_job), caf::result<order_result>(configure_job), caf::result<order_result>(pause_job),
  caf::result<order_result>(prepare_again), caf::result<order_result>(resume_job),
  caf::result<order_result>(remove_job), caf::result<order_result>(trigger_job),
  /// `unknown_job`.
  caf::result<item_state>(get_item_state),
  /// `unknown_job`, `conflict`, `too_large`.
  caf::result<order_result>(set_item_state),
  /// `invalid_state`.
  caf::result<job_view>(wait_for_job), caf::result<tree_event_list>(next_tree_events),
  caf::result<finding_list>(get_findings),
  /// `invalid_state`, `conflict`.
  caf::result<order_result>(repair_finding)>;

/// Starts a client on a thread of its own, on which it waits for the store: messages are answered one after the other.
/// Errors as of `client::open`. It ends when nobody holds its handle any more, or when it is sent an exit message, then
/// after the message that it works on.
DJM_EXPORT expected<client_actor> spawn_client(caf::actor_system& system, client_options options);

} // namespace djm
