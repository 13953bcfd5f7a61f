#pragma once

#include <string>

namespace djm::bench {

/// Sets in a second by the client of the store alone, each a transaction of one set: so many under way, each on a node
/// of its own, as long as `seconds`.
double plain_sets(const std::string& connect, const std::string& payload, int under_way, double seconds);

} // namespace djm::bench
