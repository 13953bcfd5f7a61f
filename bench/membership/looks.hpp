#pragma once

#include <string>

#include "bench/membership/fleet.hpp"

namespace djm::bench {

/// Prints how long the status of a node and the view of a client take, medians of five, and how large they are as JSON.
void print_looks(const fleet& nodes, const std::string& connect);

} // namespace djm::bench
