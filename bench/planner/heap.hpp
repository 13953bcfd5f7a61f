#pragma once

#include <cstddef>

/// Counts what the process holds on the heap, so that the peak of a call can be stated.
namespace djm::bench {

std::size_t heap_now();
std::size_t heap_peak();
void reset_heap_peak();

} // namespace djm::bench
