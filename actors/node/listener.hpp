#pragma once

#include <memory>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>

#include "actors/common/interfaces.hpp"
#include "actors/node/event_feed.hpp"
#include "djm/inspect.hpp"

namespace djm {

/// Hands the events of `node` on to a listener that is no actor. That events are dropped is said to the node: to its
/// log and status. Ends with the first event that its feed does not take any more, or with the last who knows it: the
/// node.
inline caf::behavior listener_behavior(cx::event_based_actor* self, const std::shared_ptr<event_feed>& feed,
                                       const caf::weak_actor_ptr& node) {
  return {
    [self, feed, node](const node_event& e) {
      const auto taken = feed->push(e);
      if (taken == event_feed::taken::ended) {
        self->quit();
      }
      if (taken != event_feed::taken::no_longer) {
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
