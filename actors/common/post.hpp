#pragma once

#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/send.hpp>

#include "djm/caf.hpp"

namespace djm {

/// Sends a message from a thread that is no actor: a timer, user code, the client library. Nothing happens when the
/// receiver has ended. Whoever waits for such a thread holds the receiver weakly, so that it is not kept alive by it.
template <class Handle, class Message>
void post_to(const caf::weak_actor_ptr& receiver, Message m) {
  if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(receiver)) {
    cx::anon_mail(std::move(m)).send(caf::actor_cast<Handle>(std::move(strong)));
  }
}

} // namespace djm
