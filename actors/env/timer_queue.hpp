#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/env/node_env.hpp"

namespace djm {

/// Timers on the boot clock: one queue, one thread. While timers are pending the thread looks at the clock every 100
/// ms, because condition variables do not notice that the machine was suspended. Thread-safe.
class timer_queue {
public:
  /// Told about an exception that left a timer, in words. Must not throw.
  using report_fn = std::function<void(const std::string&)>;

  /// Throws std::system_error when the system refuses the thread.
  explicit timer_queue(report_fn report);
  timer_queue(const timer_queue&) = delete;
  timer_queue& operator=(const timer_queue&) = delete;
  /// Stops.
  ~timer_queue();

  /// See `node_env::arm`. Timers due at the same time fire in the order in which they were armed. After `stop` the
  /// timer never fires.
  timer_id arm(time_point at, std::function<void()> fire);
  /// See `node_env::cancel`. May be called from within a timer, for itself too (without effect).
  void cancel(timer_id id);

  std::size_t pending() const;

  /// Drops all timers, waits for one that is firing (unless it is the caller) and ends the thread. May be repeated,
  /// also concurrently.
  void stop();

private:
  struct state;
  static void run(const std::shared_ptr<state>& s);

  /// Shared with the thread, which outlives this when a timer destroys it.
  std::shared_ptr<state> state_;
};

} // namespace djm
