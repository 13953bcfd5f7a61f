#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "djm/events.hpp"
#include "zkstore/session_core.hpp"

namespace djm {

/// Tells of limits and delays of a session that would otherwise be met in silence: watches that were refused, and
/// requests that the store does not answer in time. Each is told when it comes up, and told to be over when it has not
/// come up for a while. Pure.
class limit_reporter {
public:
  explicit limit_reporter(const store::session_limits& limits)
    : max_watches_(limits.max_watches), deadline_(limits.operation_deadline) {}

  /// What is new since the last look.
  std::vector<event> look(const store::session_counters& c, bool connected, time_point now);

private:
  void look_at_watches(const store::session_counters& c, time_point now, std::vector<event>& news);
  void look_at_answers(const store::session_counters& c, bool connected, time_point now, std::vector<event>& news);

  std::size_t max_watches_;
  duration deadline_;
  // What was told of the counters, and when that was last; nothing: it is not told at present.
  std::uint64_t told_refused_ = 0;
  std::uint64_t told_overdue_ = 0;
  std::optional<time_point> refused_at_;
  std::optional<time_point> overdue_at_;
};

} // namespace djm
