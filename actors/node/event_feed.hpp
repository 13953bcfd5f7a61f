#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

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
  /// As `end` with no patience.
  ~event_feed();

  enum class taken : std::uint8_t {
    yes,
    /// The first that is dropped since the listener kept up.
    no_longer,
    no,
  };
  /// Never blocks. After `end` nothing happens.
  taken push(node_event e);
  event_status look() const;

  /// Lets the listener hear what is queued for at most `patience`, and finish what it is being told for as long again;
  /// then leaves the thread behind. Not waited for on that thread itself.
  void end(duration patience);
  /// Drops what is queued, and lets the listener finish what it is being told for at most `patience`. Otherwise as
  /// `end`.
  void cancel(duration patience);

private:
  void join(std::unique_lock<std::mutex> lock, bool in_time);
  struct state;
  static void live(const std::shared_ptr<state>& s);

  std::shared_ptr<state> state_;
};

} // namespace djm
