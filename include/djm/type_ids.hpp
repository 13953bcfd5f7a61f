#pragma once

#include <caf/type_id.hpp>

#include "djm/error.hpp"
#include "djm/export.hpp"
#include "djm/fwd.hpp"

/// CAF 1.x knows what travels in messages by number; these are the numbers of djm's types, on 0.17.6 too, where nothing
/// depends on them. Applications number their own types alone, from `caf::first_custom_type_id` on: a type of djm
/// within a message of theirs needs no other number than it has here. djm takes fewer than 200 numbers from
/// DJM_CAF_FIRST_TYPE_ID on; who needs these defines it to another value, the same for all that is linked together.
#ifndef DJM_CAF_FIRST_TYPE_ID
#  define DJM_CAF_FIRST_TYPE_ID (caf::first_custom_type_id + 1800)
#endif

namespace djm {

/// Makes djm's types known to CAF, any number of times. Whoever includes `djm/node_actor.hpp` or `djm/node.hpp` into
/// the program need not call it: that happens before main. False when an actor system exists already and CAF 1.x takes
/// no new types any more, as in a plug-in that is loaded late: then `spawn_node` answers `invalid_state`. The program
/// that loads such plug-ins links djm itself and calls this first. Thread-safe.
DJM_EXPORT bool init_caf_types();

} // namespace djm

CAF_BEGIN_TYPE_ID_BLOCK(djm, DJM_CAF_FIRST_TYPE_ID)

CAF_ADD_TYPE_ID(djm, (djm::errc))
CAF_ADD_TYPE_ID(djm, (djm::error))

CAF_ADD_TYPE_ID(djm, (djm::register_job))
CAF_ADD_TYPE_ID(djm, (djm::unregister_job))
CAF_ADD_TYPE_ID(djm, (djm::switch_job))
CAF_ADD_TYPE_ID(djm, (djm::switch_all))
CAF_ADD_TYPE_ID(djm, (djm::trigger_here))
CAF_ADD_TYPE_ID(djm, (djm::reschedule_job))
CAF_ADD_TYPE_ID(djm, (djm::mark_worker))
CAF_ADD_TYPE_ID(djm, (djm::get_status))
CAF_ADD_TYPE_ID(djm, (djm::get_cluster))
CAF_ADD_TYPE_ID(djm, (djm::get_job))
CAF_ADD_TYPE_ID(djm, (djm::explain_item))
CAF_ADD_TYPE_ID(djm, (djm::get_job_handle))
CAF_ADD_TYPE_ID(djm, (djm::subscribe))
CAF_ADD_TYPE_ID(djm, (djm::unsubscribe))
CAF_ADD_TYPE_ID(djm, (djm::shutdown_node))

CAF_ADD_TYPE_ID(djm, (djm::node_status))
CAF_ADD_TYPE_ID(djm, (djm::cluster_view))
CAF_ADD_TYPE_ID(djm, (djm::runner_status))
CAF_ADD_TYPE_ID(djm, (djm::item_explanation))
CAF_ADD_TYPE_ID(djm, (djm::store_status))
CAF_ADD_TYPE_ID(djm, (djm::keeper_status))
CAF_ADD_TYPE_ID(djm, (djm::election_status))
CAF_ADD_TYPE_ID(djm, (djm::manager_status))
CAF_ADD_TYPE_ID(djm, (djm::worker_status))

CAF_ADD_TYPE_ID(djm, (djm::node_event))
CAF_ADD_TYPE_ID(djm, (djm::items_granted))
CAF_ADD_TYPE_ID(djm, (djm::items_revoked))
CAF_ADD_TYPE_ID(djm, (djm::items_released))
CAF_ADD_TYPE_ID(djm, (djm::run_started))
CAF_ADD_TYPE_ID(djm, (djm::run_finished))
CAF_ADD_TYPE_ID(djm, (djm::run_failed))
CAF_ADD_TYPE_ID(djm, (djm::run_overrun))
CAF_ADD_TYPE_ID(djm, (djm::pool_problem))
CAF_ADD_TYPE_ID(djm, (djm::capacity_wanted))
CAF_ADD_TYPE_ID(djm, (djm::leader_changed))
CAF_ADD_TYPE_ID(djm, (djm::connection_changed))
CAF_ADD_TYPE_ID(djm, (djm::problem))

// What they are made of, for messages of applications.
CAF_ADD_TYPE_ID(djm, (djm::item_ref))
CAF_ADD_TYPE_ID(djm, (djm::work_item))
CAF_ADD_TYPE_ID(djm, (djm::schedule))
CAF_ADD_TYPE_ID(djm, (djm::job_attributes))
CAF_ADD_TYPE_ID(djm, (djm::job_spec))
CAF_ADD_TYPE_ID(djm, (djm::store_config))
CAF_ADD_TYPE_ID(djm, (djm::node_config))

CAF_ADD_TYPE_ID(djm, (djm::item_starved))
CAF_ADD_TYPE_ID(djm, (djm::delete_job))

// Events and what statuses are made of, added later.
CAF_ADD_TYPE_ID(djm, (djm::problem_over))
CAF_ADD_TYPE_ID(djm, (djm::problem_status))
CAF_ADD_TYPE_ID(djm, (djm::lease_ended))

// Configurations of jobs.
CAF_ADD_TYPE_ID(djm, (djm::bytes))
CAF_ADD_TYPE_ID(djm, (djm::user_config))

// Slots, failures, history.
CAF_ADD_TYPE_ID(djm, (djm::slot_rules))
CAF_ADD_TYPE_ID(djm, (djm::failure_rules))
CAF_ADD_TYPE_ID(djm, (djm::slots_skipped))
CAF_ADD_TYPE_ID(djm, (djm::retry_planned))
CAF_ADD_TYPE_ID(djm, (djm::run_timed_out))
CAF_ADD_TYPE_ID(djm, (djm::items_parked))
CAF_ADD_TYPE_ID(djm, (djm::job_paused))
CAF_ADD_TYPE_ID(djm, (djm::cancel_run))
CAF_ADD_TYPE_ID(djm, (djm::release_item))
CAF_ADD_TYPE_ID(djm, (djm::resume_here))
CAF_ADD_TYPE_ID(djm, (djm::get_history))
CAF_ADD_TYPE_ID(djm, (djm::past_run))
CAF_ADD_TYPE_ID(djm, (djm::run_history))
// Records of jobs.
CAF_ADD_TYPE_ID(djm, (djm::followed_job))
CAF_ADD_TYPE_ID(djm, (djm::job_changed))
CAF_ADD_TYPE_ID(djm, (djm::job_removed))
CAF_ADD_TYPE_ID(djm, (djm::update_job))
CAF_ADD_TYPE_ID(djm, (djm::configure_job))
CAF_ADD_TYPE_ID(djm, (djm::pause_job))
CAF_ADD_TYPE_ID(djm, (djm::resume_job))
CAF_ADD_TYPE_ID(djm, (djm::remove_job))
CAF_ADD_TYPE_ID(djm, (djm::trigger_job))

// Clients.
CAF_ADD_TYPE_ID(djm, (djm::get_record))
CAF_ADD_TYPE_ID(djm, (djm::get_locks))
CAF_ADD_TYPE_ID(djm, (djm::ask_stoppable))
CAF_ADD_TYPE_ID(djm, (djm::wait_for_job))
CAF_ADD_TYPE_ID(djm, (djm::item_query))
CAF_ADD_TYPE_ID(djm, (djm::what_if_question))
CAF_ADD_TYPE_ID(djm, (djm::item_page))
CAF_ADD_TYPE_ID(djm, (djm::record_view))
CAF_ADD_TYPE_ID(djm, (djm::lock_list))
CAF_ADD_TYPE_ID(djm, (djm::what_if_answer))
CAF_ADD_TYPE_ID(djm, (djm::stoppable_answer))
CAF_ADD_TYPE_ID(djm, (djm::order_result))
CAF_ADD_TYPE_ID(djm, (djm::job_view))
CAF_ADD_TYPE_ID(djm, (djm::next_tree_events))
CAF_ADD_TYPE_ID(djm, (djm::tree_event_list))
CAF_ADD_TYPE_ID(djm, (djm::get_findings))
CAF_ADD_TYPE_ID(djm, (djm::finding_list))
CAF_ADD_TYPE_ID(djm, (djm::repair_finding))

// Questions to the code of a job, the saved state of items, refusals.
CAF_ADD_TYPE_ID(djm, (djm::ask_item))
CAF_ADD_TYPE_ID(djm, (djm::item_answer))
CAF_ADD_TYPE_ID(djm, (djm::get_item_state))
CAF_ADD_TYPE_ID(djm, (djm::set_item_state))
CAF_ADD_TYPE_ID(djm, (djm::item_state))
CAF_ADD_TYPE_ID(djm, (djm::items_declined))

// Preparation.
CAF_ADD_TYPE_ID(djm, (djm::prepare_again))
CAF_ADD_TYPE_ID(djm, (djm::job_prepared))

// Changes that concern everybody.
CAF_ADD_TYPE_ID(djm, (djm::model_changed))
CAF_ADD_TYPE_ID(djm, (djm::restart_wanted))
CAF_ADD_TYPE_ID(djm, (djm::allocation_timed_out))

// The memory of slots.
CAF_ADD_TYPE_ID(djm, (djm::slot_interrupted))

CAF_END_TYPE_ID_BLOCK(djm)
