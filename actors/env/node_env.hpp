#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/env/history_book.hpp"
#include "actors/env/lease_board.hpp"
#include "actors/executor/executor.hpp"
#include "djm/log.hpp"
#include "djm/status.hpp"
#include "djm/time.hpp"
#include "djm/time_zone.hpp"
#include "zkstore/ensemble_port.hpp"

namespace djm {

using timer_id = std::uint64_t;

/// Everything the actors of one node use for time, chance, threads, the store and logging; they use nothing else.
/// Production has one implementation, the simulator another that pauses, skews, crashes and replays a node.
/// Thread-safe. Outlives the actors of its node.
class node_env {
public:
  virtual ~node_env() = default;

  /// The node's monotonic clock; counts suspend.
  virtual time_point now() const = 0;
  /// For what people read, and for the slots of calendars. Anybody may set it, forward or back.
  virtual std::chrono::time_point<std::chrono::system_clock, duration> wall_now() const = 0;
  /// The same in milliseconds since the Unix epoch.
  std::int64_t wall_ms() const {
    return std::chrono::floor<std::chrono::milliseconds>(wall_now()).time_since_epoch().count();
  }
  /// What calendars are evaluated in.
  virtual time_zone_source zones() const { return time_zones_in(); }
  /// 64 random bits.
  virtual std::uint64_t random() = 0;

  /// Calls `fire` once at `at` or soon after, on any thread; it must be short and must not hold an actor alive
  /// (capture a weak pointer). Never from within this call. Ids are never 0.
  virtual timer_id arm(time_point at, std::function<void()> fire) = 0;
  /// After this returns the timer will not start to fire (it may be firing on another thread). Unknown ids are ignored.
  virtual void cancel(timer_id id) = 0;

  /// What its runs were.
  history_book& history() { return history_; }
  /// How long its runs may go on.
  lease_board& leases() { return leases_; }

  virtual executor& exec() = 0;
  virtual store::session_factory& sessions() = 0;
  /// Never blocks, whatever the sink does.
  virtual void log(log_record record) = 0;
  virtual log_status log_load() const { return {}; }

  /// Ends timers and threads of the environment without blocking the caller: when nothing more will be called, `done`
  /// is (on any thread, possibly within this call). Clocks, `random` and `log` go on. Called once, by the node that
  /// stops.
  virtual void close(std::function<void()> done) = 0;

  /// Whether this part (the name of its actor) is held just now between a decision and the sending of it. A thread may
  /// be preempted there for any time, while those of the other parts go on; the simulator makes it happen. What is
  /// handed over is sent, in its order, when the part goes on.
  virtual bool holds_back(const char* part) {
    (void) part;
    return false;
  }
  virtual void hand_over(std::function<void()> send) { send(); }

private:
  history_book history_;
  lease_board leases_;
};

} // namespace djm
