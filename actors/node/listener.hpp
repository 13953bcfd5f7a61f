#pragma once

#include <memory>

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>

#include "actors/common/post.hpp"
#include "actors/node/event_feed.hpp"
#include "actors/protocol/supervisor.hpp"
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
      error why{errc::user_code_hangs, "the listener does not take its events in time: from now on they are dropped, "
                                       "until it has taken half of what waits for it"};
      post_to<supervisor_actor>(node, msg::happened{problem{"listener", std::move(why)}});
    },
  };
}

} // namespace djm
