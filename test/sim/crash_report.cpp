#include "test/sim/crash_report.hpp"

#include <csignal>
#include <unistd.h>

#include <fmt/format.h>

#include <cstddef>
#include <iterator>

namespace djm::sim {

namespace {

constexpr int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
struct sigaction before[std::size(signals)];

// Written while all is well: a handler may not format.
thread_local char text[160];
thread_local std::size_t length = 0;

void on_crash(int signal) {
  if (length > 0) {
    [[maybe_unused]] const auto n = ::write(STDOUT_FILENO, text, length);
  }
  // Whoever was responsible before, a sanitizer for one, sees the same crash when the instruction runs again.
  for (std::size_t i = 0; i < std::size(signals); ++i) {
    if (signals[i] == signal) {
      ::sigaction(signal, &before[i], nullptr);
    }
  }
}

} // namespace

void report_crashes() {
  struct sigaction action {};
  action.sa_handler = on_crash;
  for (std::size_t i = 0; i < std::size(signals); ++i) {
    ::sigaction(signals[i], &action, &before[i]);
  }
}

void crash_context(std::uint64_t seed, std::string_view profile) {
  const auto result = fmt::format_to_n(text, sizeof text,
                                       "seed {} profile {}: the process crashed\n  replay: ./dev sim "
                                       "--profile {} --replay {}\n",
                                       seed, profile, profile, seed);
  length = static_cast<std::size_t>(result.out - text);
}

} // namespace djm::sim
