#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "djm/metrics_reporter.hpp"
#include "djm/time.hpp"

namespace djm {

/// Calls a reporter on a thread of its own: `start`, then each status that comes while it waits for one, at the end the
/// last one, and `stop`. The reporter is user code: what it throws is contained, and one that does not come back is
/// left behind on that thread, which shares the ownership of all it touches here. Thread-safe.
class report_feed {
public:
  /// `complain` is told of what the reporter throws, where it did not the time before; it must not throw.
  report_feed(std::shared_ptr<metrics_reporter> to, node_id node, std::function<void(const std::string&)> complain);
  report_feed(const report_feed&) = delete;
  report_feed& operator=(const report_feed&) = delete;
  /// Where nobody has ended it: `stop` is still called, and not waited for.
  ~report_feed();

  /// Waits until `start` has returned. False: it has not, after so long.
  bool wait_started(duration patience) const;
  /// Left out and counted where the reporter has not come back from what it was told before. Never blocks.
  void push(node_status s);
  /// This is the last one; `stop` follows it. Never blocks.
  void finish(node_status last);
  /// As `finish` without a status, and then waits until `stop` has returned, for at most so long. What has not is left
  /// behind.
  void end(duration patience);

  struct counters {
    std::uint64_t made = 0, failed = 0, skipped = 0;
  };
  counters look() const;

private:
  struct state;
  static void live(const std::shared_ptr<state>& s);
  void begin_end();

  std::shared_ptr<state> state_;
};

} // namespace djm
