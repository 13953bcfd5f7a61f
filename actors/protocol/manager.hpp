#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/protocol/store.hpp"
#include "djm/messages.hpp"
#include "djm/strategy.hpp"
#include "strategies/stand_in.hpp"

/// Between the manager and those that it works for.
namespace djm::msg {

/// This node leads, in term `epoch`.
struct granted {
  std::int64_t epoch = 0;
  std::string latch;
  /// The session whose latch it is.
  std::uint64_t session = 0;
};

/// It leads no more.
struct revoked {};

DJM_FIELDS(granted, epoch, latch, session)
DJM_FIELDS(revoked)

} // namespace djm::msg

namespace djm {

/// A plan, made on a thread of the executor.
struct plan_done {
  std::uint64_t request = 0;
  std::shared_ptr<const expected<plan_so_far>> result;
};

/// What a strategy of a user has answered.
struct strategy_done {
  std::uint64_t request = 0;
  std::shared_ptr<const expected<plan>> result;
};

/// An explanation, made on a thread of the executor.
struct explain_done {
  std::uint64_t request = 0;
  std::shared_ptr<const expected<item_explanation>> result;
};

/// Leads the cluster, when its node is elected.
using manager_actor = store_client_actor::extend_with<cx::typed<
  // from election
  caf::result<void>(msg::granted),
  // from election
  caf::result<void>(msg::revoked),
  // from executor
  caf::result<void>(plan_done),
  // from executor
  caf::result<void>(strategy_done),
  // from executor
  caf::result<void>(explain_done),
  // from node: for a user
  caf::result<item_explanation>(explain_item),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<manager_status>(msg::get_part_status)>>;

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::plan_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::strategy_done)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::explain_done)
