#pragma once

#include <cstdint>

// Every type of the interface by name alone, for headers that only refer to them.

namespace djm {

class any_duration;
class assignment_problem;
class calendar;
class client;
class dst_choice;
class complaint_list;
class http_server;
class item_set;
class job;
class job_builder;
class job_context;
class json_sink;
class node;
class optional_duration;
class options;
class permanent_failure;
class problem_builder;
class retry_later;
class stop_subscription;
class strategy;
class strategy_registry;
class subscription;
class text_sink;
class time_zone;
class timetable;
class user_config;
class value_document;
class value_reader;
class value_sink;
class value_view;

struct active_run_status;
struct added_worker;
struct balance_range;
struct balance_status;
struct boot_clock;
struct bytes;
struct cancel_run;
struct capacity_wanted;
struct client_options;
struct cluster_view;
struct config_key;
struct config_reference;
struct connection_changed;
struct delete_job;
struct duration_histogram;
struct election_status;
struct error;
struct event_status;
struct executor_status;
struct explain_item;
struct explanation;
struct failure_rules;
struct field_description;
struct get_cluster;
struct get_history;
struct get_job;
struct get_job_handle;
struct get_status;
struct history_file;
struct http_config;
struct http_options;
struct http_status;
struct http_write;
struct item_explanation;
struct item_move;
struct item_page;
struct item_query;
struct item_ref;
struct item_row;
struct item_starved;
struct item_view;
struct items_granted;
struct items_parked;
struct items_released;
struct items_revoked;
struct job_attributes;
struct job_definition;
struct job_info;
struct job_paused;
struct job_spec;
struct job_view;
struct keeper_counters;
struct keeper_status;
struct leader_changed;
struct lease_ended;
struct lock_view;
struct log_record;
struct log_status;
struct manager_counters;
struct manager_status;
struct mark_worker;
struct metric_family;
struct missed_slots;
struct node_config;
struct node_event;
struct node_options;
struct node_status;
struct offset_change;
struct order_result;
struct parked_item;
struct parsed_options;
struct past_run;
struct pending_item;
struct plan;
struct plan_options;
struct plan_status;
struct plan_summary;
struct planned_move;
struct pool_problem;
struct problem;
struct problem_over;
struct problem_status;
struct register_job;
struct relaxation;
struct release_item;
struct reschedule_job;
struct resource_amount;
struct resource_balance;
struct resource_status;
struct resume_here;
struct retry;
struct retry_planned;
struct run_failed;
struct run_finished;
struct run_history;
struct run_overrun;
struct run_progress;
struct run_started;
struct run_timed_out;
struct runner_counters;
struct runner_status;
struct runner_times;
struct schedule;
struct shutdown_node;
struct slot_rules;
struct slots_skipped;
struct stop_refusal;
struct stoppable_answer;
struct store_config;
struct store_status;
struct strategy_failure;
struct subscribe;
struct switch_all;
struct switch_job;
struct tree_event;
struct tree_finding;
struct tree_node;
struct trigger_job;
struct unassigned_item;
struct unplaced_item;
struct unregister_job;
struct unsubscribe;
struct what_if_answer;
struct what_if_question;
struct work_item;
struct worker_attributes;
struct worker_counters;
struct worker_info;
struct worker_status;
struct worker_verdict;
struct worker_view;

enum class catch_up : std::uint8_t;
enum class config_type : std::uint8_t;
enum class connection_state : std::uint8_t;
enum class dst_rule : std::uint8_t;
enum class election_role : std::uint8_t;
enum class errc : std::uint8_t;
enum class finding_level : std::uint8_t;
enum class finding_rule : std::uint8_t;
enum class gap_rule : std::uint8_t;
enum class id_kind;
enum class item_reason : std::uint8_t;
enum class job_priority : std::uint8_t;
enum class lock_state : std::uint8_t;
enum class log_level : std::uint8_t;
enum class manager_phase : std::uint8_t;
enum class metric_type : std::uint8_t;
enum class new_items_policy : std::uint8_t;
enum class node_lifecycle : std::uint8_t;
enum class order_mode : std::uint8_t;
enum class overlap : std::uint8_t;
enum class overlap_rule : std::uint8_t;
enum class plan_rule : std::uint8_t;
enum class reference_kind : std::uint8_t;
enum class registration_phase : std::uint8_t;
enum class relaxation_kind : std::uint8_t;
enum class run_outcome : std::uint8_t;
enum class running_mode : std::uint8_t;
enum class schedule_kind : std::uint8_t;
enum class secret_texts : std::uint8_t;
enum class session_phase : std::uint8_t;
enum class skip_reason : std::uint8_t;
enum class spread_rule : std::uint8_t;
enum class stop_reason : std::uint8_t;
enum class tree_event_kind : std::uint8_t;
enum class unknown_keys : std::uint8_t;
enum class value_kind : std::uint8_t;
enum class worker_state : std::uint8_t;

template <id_kind Kind>
class basic_id;

// By number, because the names of the kinds are not known here; djm/ids.hpp says the same by name.
using node_id = basic_id<id_kind{0}>;
using job_id = basic_id<id_kind{1}>;
using item_id = basic_id<id_kind{2}>;

} // namespace djm

namespace djm::test {

class actor_access;
class cluster;
class cluster_node;
class cluster_tree;
class failure;

struct cluster_options;
struct overlap;
struct run_record;
struct seen_event;

enum class node_state : std::uint8_t;
enum class run_end : std::uint8_t;
enum class tree_access : std::uint8_t;
enum class way : std::uint8_t;

} // namespace djm::test
