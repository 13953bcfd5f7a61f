#pragma once

#include <cstdint>
#include <memory>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/common/type_ids.hpp"
#include "djm/caf.hpp"
#include "djm/ids.hpp"
#include "djm/inspect.hpp"

/// What every part of a node understands. All of it stays in the process.
namespace djm {

/// Who is who in a node: `actors/protocol/peers.hpp`.
struct peers;
using peers_ptr = std::shared_ptr<const peers>;

} // namespace djm

namespace djm::msg {

/// Who is who at the moment. A part does nothing before it has heard that for the first time, and hears it anew
/// whenever a part was rebuilt.
struct introduce {
  peers_ptr who;
};

/// The timer of a part has come.
struct wake {};

/// How a part is doing.
struct get_part_status {};

/// Items of the job were added to its pool or removed, by whomever, last in transaction `at`. From the keeper the first
/// sight of a pool, too.
struct pool_changed {
  job_id job;
  std::int64_t at = 0;
};

DJM_FIELDS(wake)
DJM_FIELDS(pool_changed, job, at)
DJM_FIELDS(get_part_status)

using djm::inspect;

} // namespace djm::msg

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::msg::introduce)
