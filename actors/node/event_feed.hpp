#pragma once

#include <functional>
#include <memory>

#include "djm/events.hpp"
#include "djm/time.hpp"

namespace djm {

/// Calls a listener for each event, one at a time, on a thread of its own. The listener is user code: what it throws
/// is dropped, and one that does not come back is left behind on that thread, which shares the ownership of all it
/// touches here. Thread-safe.
class event_feed {
public:
  explicit event_feed(std::function<void(const node_event&)> on_event);
  event_feed(const event_feed&) = delete;
  event_feed& operator=(const event_feed&) = delete;
  /// As `end` with no patience.
  ~event_feed();

  /// Queued without limit; after `end` nothing happens.
  void push(node_event e);

  /// Lets the listener hear what is queued for at most `patience`, and finish what it is being told for as long again;
  /// then leaves the thread behind. Not waited for on that thread itself.
  void end(duration patience);

private:
  struct state;
  static void live(const std::shared_ptr<state>& s);

  std::shared_ptr<state> state_;
};

} // namespace djm
