#pragma once

#include <memory>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/common/messages.hpp"
#include "djm/strategy.hpp"
#include "strategies/stand_in.hpp"

/// Typed interfaces of the actors of one node: who may send what to whom.
namespace djm {

struct peers;
using peers_ptr = std::shared_ptr<const peers>;

/// The manager's plan, computed on the executor.
struct plan_done {
  std::uint64_t request = 0;
  std::shared_ptr<const expected<plan_so_far>> result;
};

/// What a strategy of a user has answered to the manager.
struct strategy_done {
  std::uint64_t request = 0;
  std::shared_ptr<const expected<plan>> result;
};

/// The answer to an `explain_item`, computed on the executor.
struct explain_done {
  std::uint64_t request = 0;
  std::shared_ptr<const expected<item_explanation>> result;
};

/// A job's runner as the worker needs it.
struct add_runner;

/// Whoever asks the store.
using store_client_actor = cx::typed<caf::result<void>(msg::commit_done), caf::result<void>(msg::read_done),
                                     caf::result<void>(msg::watch_fired), caf::result<void>(msg::session_changed)>;

using store_actor =
  cx::typed<caf::result<void>(msg::attach), caf::result<void>(msg::commit), caf::result<void>(msg::read),
            caf::result<void>(msg::start_probing), caf::result<void>(msg::stop_probing),
            caf::result<void>(msg::close_session), caf::result<void>(msg::read_older), caf::result<void>(msg::wake),
            caf::result<void>(peers_ptr), caf::result<store_status>(msg::get_part_status)>;

using keeper_actor = store_client_actor::extend_with<
  cx::typed<caf::result<void>(msg::offer), caf::result<void>(msg::withdraw), caf::result<void>(msg::pool),
            caf::result<void>(msg::not_alive), caf::result<void>(msg::leave), caf::result<void>(msg::wake),
            caf::result<void>(peers_ptr), caf::result<keeper_status>(msg::get_part_status)>>;

using election_actor = store_client_actor::extend_with<cx::typed<
  caf::result<void>(msg::joined), caf::result<void>(msg::unjoined), caf::result<void>(msg::resign),
  caf::result<void>(msg::wake), caf::result<void>(peers_ptr), caf::result<election_status>(msg::get_part_status)>>;

using manager_actor = store_client_actor::extend_with<
  cx::typed<caf::result<void>(msg::granted), caf::result<void>(msg::revoked), caf::result<void>(plan_done),
            caf::result<void>(strategy_done), caf::result<void>(explain_done), caf::result<void>(msg::wake),
            caf::result<void>(peers_ptr), caf::result<item_explanation>(explain_item),
            caf::result<manager_status>(msg::get_part_status)>>;

using worker_actor = store_client_actor::extend_with<
  cx::typed<caf::result<void>(msg::joined), caf::result<void>(msg::unjoined), caf::result<void>(msg::contact),
            caf::result<void>(msg::released), caf::result<void>(add_runner), caf::result<void>(msg::remove_job),
            caf::result<void>(msg::drain), caf::result<void>(msg::hurry), caf::result<void>(msg::wake),
            caf::result<void>(peers_ptr), caf::result<worker_status>(msg::get_part_status)>>;

using runner_actor =
  cx::typed<caf::result<void>(msg::grant), caf::result<void>(msg::revoke), caf::result<void>(msg::lease),
            caf::result<void>(msg::run_done), caf::result<void>(msg::cut_done), caf::result<void>(msg::pool_done),
            caf::result<std::uint64_t>(msg::trigger), caf::result<void>(msg::run_released),
            caf::result<void>(msg::reschedule), caf::result<void>(msg::stop_runs),
            caf::result<void>(msg::worker_restarted), caf::result<void>(msg::wake), caf::result<void>(peers_ptr),
            caf::result<runner_status>(msg::get_part_status)>;

/// What the parts of a node tell their supervisor.
using supervisor_actor =
  cx::typed<caf::result<void>(msg::happened), caf::result<void>(msg::left), caf::result<void>(msg::failed),
            caf::result<void>(msg::drained), caf::result<void>(msg::settled), caf::result<void>(msg::job_free),
            caf::result<void>(msg::joined), caf::result<void>(msg::unjoined), caf::result<void>(msg::store_closed)>;

/// Node → worker: the runner of a job, new or rebuilt.
struct add_runner {
  job_id job;
  runner_actor runner;
};

/// Who is who at the moment; sent anew to everyone when a part was rebuilt.
struct peers {
  supervisor_actor node;
  store_actor store;
  keeper_actor keeper;
  election_actor election;
  manager_actor manager;
  worker_actor worker;
};

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::peers_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::plan_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::explain_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::strategy_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::add_runner)
