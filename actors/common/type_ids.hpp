#pragma once

#include "djm/type_ids.hpp"

/// The numbers by which CAF 1.x knows what stays within a node.
namespace djm {

struct plan_done;
struct explain_done;
struct add_runner;
struct state_asked;
struct slots_asked;
struct slots_told;
struct raw_message;
struct env_closed;
struct strategy_done;
struct question;
struct config_judged;
struct job_gone;
struct job_made;
struct deploy_job;

} // namespace djm

namespace djm::store {

struct check_op;
struct create_op;
struct set_op;
struct remove_op;
struct secure_op;
struct committed;
struct conflict;
struct unknown;
struct rejected;
struct session_lost;

} // namespace djm::store

namespace djm::msg {

struct introduce;
struct attach;
struct commit;
struct read;
struct start_probing;
struct stop_probing;
struct close_session;
struct store_closed;
struct commit_done;
struct read_done;
struct watch_fired;
struct session_changed;
struct contact;
struct not_alive;
struct wake;
struct joined;
struct unjoined;
struct offer;
struct withdraw;
struct leave;
struct pool;
struct left;
struct failed;
struct resign;
struct granted;
struct revoked;
struct grant;
struct revoke;
struct lease;
struct released;
struct declined;
struct prepared;
struct drain;
struct hurry;
struct drained;
struct settled;
struct remove_job;
struct job_free;
struct run_news;
struct cut_done;
struct pool_done;
struct trigger;
struct cancel;
struct release;
struct resume;
struct reschedule;
struct stop_runs;
struct worker_restarted;
struct happened;
struct get_part_status;
struct read_older;
struct followed;
struct job_ended;
struct follow;
struct config_checked;
struct deployed;
struct undeployed;
struct stop_deploying;
struct undeploy;
struct pool_changed;

} // namespace djm::msg

CAF_BEGIN_TYPE_ID_BLOCK(djm_parts, caf::id_block::djm::end)

CAF_ADD_TYPE_ID(djm_parts, (djm::msg::introduce))
CAF_ADD_TYPE_ID(djm_parts, (djm::plan_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::explain_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::add_runner))
CAF_ADD_TYPE_ID(djm_parts, (djm::raw_message))
CAF_ADD_TYPE_ID(djm_parts, (djm::env_closed))

CAF_ADD_TYPE_ID(djm_parts, (djm::store::check_op))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::create_op))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::set_op))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::remove_op))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::committed))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::conflict))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::unknown))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::rejected))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::session_lost))

CAF_ADD_TYPE_ID(djm_parts, (djm::msg::attach))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::commit))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::read))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::start_probing))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::stop_probing))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::close_session))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::store_closed))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::commit_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::read_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::watch_fired))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::session_changed))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::contact))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::not_alive))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::wake))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::joined))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::unjoined))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::offer))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::withdraw))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::leave))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::pool))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::left))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::failed))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::resign))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::granted))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::revoked))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::grant))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::revoke))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::lease))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::released))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::drain))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::hurry))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::drained))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::settled))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::remove_job))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::job_free))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::run_news))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::cut_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::pool_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::trigger))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::reschedule))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::stop_runs))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::worker_restarted))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::happened))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::get_part_status))

CAF_ADD_TYPE_ID(djm_parts, (djm::strategy_done))
CAF_ADD_TYPE_ID(djm_parts, (djm::question))
CAF_ADD_TYPE_ID(djm_parts, (djm::job_gone))
CAF_ADD_TYPE_ID(djm_parts, (djm::store::secure_op))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::read_older))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::cancel))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::release))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::resume))

CAF_ADD_TYPE_ID(djm_parts, (djm::config_judged))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::followed))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::job_ended))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::follow))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::config_checked))
CAF_ADD_TYPE_ID(djm_parts, (djm::state_asked))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::declined))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::prepared))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::pool_changed))
CAF_ADD_TYPE_ID(djm_parts, (djm::slots_asked))
CAF_ADD_TYPE_ID(djm_parts, (djm::slots_told))
CAF_ADD_TYPE_ID(djm_parts, (djm::job_made))
CAF_ADD_TYPE_ID(djm_parts, (djm::deploy_job))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::deployed))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::undeployed))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::stop_deploying))
CAF_ADD_TYPE_ID(djm_parts, (djm::msg::undeploy))

CAF_END_TYPE_ID_BLOCK(djm_parts)
