#pragma once

#include <cstdint>

/// How much the cores have done, in blocks of code entered: they are compiled once more for this test, so that each
/// block counts itself. That is the same number wherever and whenever it is taken, and leaves nothing out, which a
/// clock and a counter written by hand do.
namespace djm::test {

std::uint64_t operations();

/// What `f` costs.
template <class F>
double operations_of(F f) {
  const auto before = operations();
  f();
  return static_cast<double>(operations() - before);
}

} // namespace djm::test
