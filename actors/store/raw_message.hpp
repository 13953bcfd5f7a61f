#pragma once

#include <cstdint>
#include <memory>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/common/type_ids.hpp"
#include "zkstore/ensemble_port.hpp"

namespace djm {

/// One raw event of a handle, from whatever thread.
struct raw_message {
  std::uint64_t handle = 0;
  std::shared_ptr<store::raw_event> event;
};

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::raw_message)
