#pragma once

#include <cstdint>
#include <ctime>

namespace djm::test {

/// Microseconds of CLOCK_BOOTTIME: the clock of every deadline, and the same in all processes of this machine.
inline std::int64_t boot_us() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
}

} // namespace djm::test
