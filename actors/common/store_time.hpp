#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "actors/common/core.hpp"

namespace djm {

/// What a node knows of the store's time (protocol §4.16): how far it is ahead of the boot clock of the node, at least
/// and at most, in ms. It comes from commits of the node, which the leading server dated after they were sent and
/// before they were answered. In between the boot clock tells how much time has passed.
struct store_time {
  std::int64_t least = 0;
  std::int64_t most = 0;
  /// How far a wall clock may be from it without being wrong.
  std::int64_t skew = 10'000;

  /// A stored time that is further ahead than this was written by a clock that was wrong.
  static constexpr std::int64_t too_far_ms = 24 * 3'600'000;

  static std::int64_t boot_ms(time_point t) {
    return std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
  }
  std::int64_t earliest(time_point now) const { return boot_ms(now) + least; }
  std::int64_t latest(time_point now) const { return boot_ms(now) + most; }
  /// No slot that is later has come, whatever a wall clock shows.
  std::int64_t limit(time_point now) const { return earliest(now) + skew; }
  /// What is this far ahead of both clocks has been written by one that was wrong.
  bool is_too_far(std::int64_t ms, time_point now, std::int64_t wall_ms) const {
    return ms - std::max(wall_ms, latest(now)) > too_far_ms;
  }
};

} // namespace djm
