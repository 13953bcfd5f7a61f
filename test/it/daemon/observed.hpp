#pragma once

#include <cstdint>
#include <ctime>

#include <sys/un.h>

namespace djm::test {

inline std::int64_t boot_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// What a process of a command says to the observer before it does anything else, and then waits for a byte.
struct observed_process {
  std::int64_t began = 0; ///< of CLOCK_BOOTTIME; of the main process: when it was executed
  bool main = false;
  char run[48] = {}, item[48] = {}, node[48] = {};
};

} // namespace djm::test
