#include "operations.hpp"

namespace {

thread_local std::uint64_t entered = 0;

} // namespace

/// Called at the beginning of each block of what is compiled with -fsanitize-coverage=trace-pc, by this name.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the compiler has chosen it
extern "C" void __sanitizer_cov_trace_pc() {
  ++entered;
}

std::uint64_t djm::test::operations() {
  return entered;
}
