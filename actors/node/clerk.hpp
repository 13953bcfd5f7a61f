#pragma once

#include <functional>
#include <memory>

#include <caf/allowed_unsafe_message_type.hpp>

#include "actors/common/interfaces.hpp"
#include "actors/node/event_feed.hpp"
#include "djm/inspect.hpp"

namespace djm {

/// Something to ask on behalf of a thread that waits for the answer elsewhere. It is destroyed unasked when the clerk
/// has ended.
struct question {
  std::function<void(cx::event_based_actor*)> ask;
};

/// The facade's own actor: asks what threads want to know, so that these need not be actors themselves, and hands
/// events on to the listener, when there is one. That events are dropped is said to the node: to its log and status.
inline caf::behavior clerk_behavior(cx::event_based_actor* self, const std::shared_ptr<event_feed>& feed,
                                    const caf::weak_actor_ptr& node) {
  return {
    [self](const question& q) { q.ask(self); },
    [feed, node](const node_event& e) {
      if (!feed || feed->push(e) != event_feed::taken::no_longer) {
        return;
      }
      if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(node)) {
        cx::anon_mail(msg::happened{problem{"listener",
                                            {errc::user_code_hangs,
                                             "the listener does not take its events in time: from now on they are "
                                             "dropped, until it has taken half of what waits for it"}}})
          .send(caf::actor_cast<supervisor_actor>(std::move(strong)));
      }
    },
  };
}

} // namespace djm

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(djm::question)
