#pragma once

#include "djm/describe_fields.hpp"
#include "djm/events.hpp"
#include "djm/job_record.hpp"
#include "djm/job_spec.hpp"
#include "djm/messages.hpp"
#include "djm/node_config.hpp"
#include "djm/plan_explain.hpp"
#include "djm/status.hpp"
#include "djm/submission.hpp"
#include "djm/user_config.hpp"
#include "zkstore/job_payloads.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/types.hpp"

/// Every type that may be serialised, in two halves so that two test executables can share the work of compiling them.
#define DJM_PUBLIC_TYPES                                                                                               \
  djm::error, djm::item_ref, djm::schedule, djm::job_attributes, djm::job_spec, djm::work_item, djm::store_config,     \
    djm::node_config, djm::runner_status, djm::worker_status, djm::keeper_status, djm::election_status,                \
    djm::manager_status, djm::store_status, djm::executor_status, djm::log_status, djm::event_status,                  \
    djm::node_status, djm::worker_view, djm::item_view, djm::job_view, djm::cluster_view, djm::items_granted,          \
    djm::items_revoked, djm::items_released, djm::run_started, djm::run_finished, djm::run_failed, djm::run_overrun,   \
    djm::pool_problem, djm::leader_changed, djm::connection_changed, djm::problem, djm::problem_over,                  \
    djm::problem_status, djm::lease_ended, djm::capacity_wanted, djm::item_explanation, djm::item_starved, djm::event, \
    djm::node_event, djm::bytes, djm::field_description, djm::user_config, djm::slot_rules, djm::failure_rules,        \
    djm::slots_skipped, djm::retry_planned, djm::run_timed_out, djm::items_parked, djm::job_paused, djm::past_run,     \
    djm::run_history, djm::job_changed, djm::job_removed, djm::followed_job, djm::items_declined, djm::item_answer,    \
    djm::item_state, djm::job_prepared, djm::model_changed, djm::restart_wanted, djm::allocation_timed_out,            \
    djm::model_view, djm::slot_interrupted, djm::submission_view

/// What is sent to a node and has a field list.
#define DJM_ORDERS                                                                                                     \
  djm::unregister_job, djm::switch_job, djm::switch_all, djm::trigger_here, djm::reschedule_job, djm::mark_worker,     \
    djm::get_status, djm::get_cluster, djm::get_job, djm::explain_item, djm::get_job_handle, djm::shutdown_node,       \
    djm::delete_job, djm::cancel_run, djm::release_item, djm::resume_here, djm::get_history, djm::update_job,          \
    djm::configure_job, djm::pause_job, djm::resume_job, djm::remove_job, djm::trigger_job, djm::ask_item,             \
    djm::get_item_state, djm::set_item_state, djm::prepare_again

/// What the store's actor is told and tells, and payloads that may be sent. (Records of jobs are kept, and travel as
/// the JSON that `payloads_test.cpp` looks at.)
#define DJM_STORE_TYPES                                                                                                \
  djm::store::stat, djm::store::check_op, djm::store::create_op, djm::store::set_op, djm::store::remove_op,            \
    djm::store::secure_op, djm::store::write_op, djm::store::transaction, djm::store::op_result, djm::store::read_op,  \
    djm::store::read_result, djm::store::watch_event, djm::store::commit_outcome, djm::store::read_outcome,            \
    djm::store::format_payload, djm::store::alive_payload, djm::store::worker_payload, djm::store::mark_payload,       \
    djm::store::assigned_payload, djm::store::pools_payload, djm::store::pool_payload, djm::store::lock_payload,       \
    djm::store::version_payload, djm::store::config_payload, djm::store::offer_payload,                                \
    djm::store::jobs_version_payload, djm::store::model_payload, djm::store::declined_mark,                            \
    djm::store::submission_payload
