#include "actors/env/boot_time.hpp"

#include <time.h>

#include <algorithm>
#include <chrono>

namespace djm {

time_point boot_now() {
  timespec ts{};
  // Cannot fail on Linux: the clock exists since 2.6.39 and the pointer is ours.
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return time_point{std::chrono::seconds{ts.tv_sec} + std::chrono::nanoseconds{ts.tv_nsec}};
}

time_point saturating_add(time_point at, duration d) {
  if (d > duration::zero()) {
    return at > time_point::max() - d ? time_point::max() : at + d;
  }
  return at < time_point::min() - d ? time_point::min() : at + d;
}

bool wait_until(std::unique_lock<std::mutex>& lock, std::condition_variable& changed, time_point deadline,
                duration slice, const std::function<bool()>& ready) {
  if (deadline == time_point::max()) {
    changed.wait(lock, ready);
    return true;
  }
  while (!ready()) {
    auto now = boot_now();
    if (now >= deadline) {
      return false;
    }
    changed.wait_for(lock, std::min<duration>(slice, deadline - now));
  }
  return true;
}

} // namespace djm
