#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "djm/events.hpp"
#include "djm/status.hpp"
#include "djm/time.hpp"

namespace djm {

/// Calls a listener for each event, one at a time, on a thread of its own. The listener is user code: what it throws
/// is dropped, and one that does not come back is left behind on that thread, which shares the ownership of all it
/// touches here. Thread-safe.
///
/// What waits is bounded: beyond `limit` events, where each item that one names counts as another, what comes is
/// dropped and counted until half of it has been told. Then the listener is told how many it missed, and hears the next
/// one.
class event_feed {
public:
  explicit event_feed(std::function<void(const node_event&)> on_event, std::size_t limit = event_backlog);
  event_feed(const event_feed&) = delete;
  event_feed& operator=(const event_feed&) = delete;
  /// Where nobody has ended it: what is queued is told for at most a second, on the listener's thread, and not waited
  /// for.
  ~event_feed();

  enum class taken : std::uint8_t {
    yes,
    /// The first that is dropped since the listener kept up.
    no_longer,
    no,
    /// It has ended and takes nothing any more.
    ended,
  };
  /// Never blocks.
  taken push(node_event e);
  event_status look() const;
  /// The listener is not called any more, and its thread is at its end.
  bool is_over() const;

  /// Lets the listeners hear what is queued for at most `patience`, and finish what they are being told for as long
  /// again, all together; then leaves their threads behind. One whose thread this is hears the rest when it returns.
  static void end(const std::vector<std::shared_ptr<event_feed>>& feeds, duration patience);
  void end(duration patience);
  /// Drops what is queued, and lets the listener finish what it is being told for at most `patience`. False when this
  /// is its own thread: then it is over when it returns.
  bool cancel(duration patience);

private:
  struct state;
  static void live(const std::shared_ptr<state>& s);
  void begin_end(bool closed);
  bool is_own_thread() const;
  /// Waits until it is over.
  bool wait(std::chrono::steady_clock::time_point until);
  /// Joins the thread if it is over.
  void join();

  std::shared_ptr<state> state_;
};

} // namespace djm
