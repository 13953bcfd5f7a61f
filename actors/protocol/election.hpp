#pragma once

#include "actors/protocol/keeper.hpp"

/// Between the election and those that rely on it.
namespace djm::msg {

/// Stand for leadership no more.
struct resign {};

DJM_FIELDS(resign)

} // namespace djm::msg

namespace djm {

/// Stands for leadership.
using election_actor = store_client_actor::extend_with<cx::typed<
  // from keeper
  caf::result<void>(msg::joined),
  // from keeper
  caf::result<void>(msg::unjoined),
  // from node
  caf::result<void>(msg::resign),
  // from timer
  caf::result<void>(msg::wake),
  // from node
  caf::result<void>(msg::introduce),
  // from node
  caf::result<election_status>(msg::get_part_status)>>;

} // namespace djm
