#pragma once

#include <functional>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/common/type_ids.hpp"
#include "djm/caf.hpp"
#include "djm/inspect.hpp"

namespace djm {

/// Something to ask on behalf of a thread that waits for the answer elsewhere. It is destroyed unasked when the clerk
/// has ended.
struct question {
  std::function<void(cx::event_based_actor*)> ask;
};

/// The facade's own actor: asks what threads want to know, so that these need not be actors themselves.
inline caf::behavior clerk_behavior(cx::event_based_actor* self) {
  return {[self](const question& q) { q.ask(self); }};
}

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::question)
