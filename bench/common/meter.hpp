#pragma once

#include <malloc.h>

#include <cstdint>
#include <ctime>

namespace djm::bench {

/// What this process has used up to a moment.
struct usage {
  double wall = 0;      ///< seconds
  double processor = 0; ///< seconds of all threads together
  double heap = 0;      ///< bytes that are allocated
};

inline double clock_seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

inline usage used_so_far() {
  const auto m = mallinfo2();
  return {clock_seconds(CLOCK_MONOTONIC), clock_seconds(CLOCK_PROCESS_CPUTIME_ID),
          static_cast<double>(m.uordblks + m.hblkhd)};
}

/// What was used between the two.
inline usage operator-(const usage& a, const usage& b) {
  return {a.wall - b.wall, a.processor - b.processor, a.heap - b.heap};
}

/// So many runs.
struct run_figure {
  double runs_per_second = 0;
  double processor_us = 0; ///< for each
};

inline run_figure figure_of(const usage& used, std::uint64_t runs) {
  const auto n = static_cast<double>(runs);
  return {n / used.wall, used.processor / n * 1e6};
}

} // namespace djm::bench
