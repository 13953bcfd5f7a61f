#pragma once

#include <cstddef>

#include "bench/common/meter.hpp"

namespace djm::bench {

/// What the same work costs without djm: a thread that sleeps until the next of `items` is due and calls its function:
/// all of them every `period` seconds, for `seconds`.
run_figure plain_loop(std::size_t items, double period, double seconds);

/// A thread that puts all `items` into a queue again and again, and `threads` others that take one at a time and call
/// it, as fast as they can for `seconds`.
run_figure plain_queue(std::size_t items, std::size_t threads, double seconds);

} // namespace djm::bench
