#pragma once

#include <cstdint>
#include <memory>

#include "djm/log.hpp"
#include "djm/time.hpp"

namespace djm {

/// Takes log records without ever blocking, and hands them one by one to a sink that may block for good, on a thread of
/// its own. What does not fit is counted, and told once there is room again. Thread-safe.
///
/// The thread shares the ownership of all it touches here, so that one that stands in its sink can be left behind.
class log_queue {
public:
  struct load {
    std::uint64_t lines = 0, dropped = 0, waiting = 0;
  };

  /// Throws std::system_error when the system refuses the thread.
  explicit log_queue(log_sink sink);
  log_queue(const log_queue&) = delete;
  log_queue& operator=(const log_queue&) = delete;
  /// As `stop` with a second of patience.
  ~log_queue();

  /// After `stop` the record is dropped.
  void post(log_record record);
  load look() const;

  /// Waits until everything posted before has been handed over, at most so long; whether it was. On the thread of the
  /// sink it does not wait.
  bool flush(duration patience);

  /// `flush`, then ends the thread, or leaves it behind where the sink does not return: then the sink is not called
  /// again and goes when it returns. May be repeated.
  void stop(duration patience);

private:
  struct state;
  static void run(const std::shared_ptr<state>& s);

  std::shared_ptr<state> state_;
};

} // namespace djm
