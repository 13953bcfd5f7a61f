#pragma once

#include <string>

namespace djm::bench {

/// Sets in a second by the client of the store alone, each a transaction of one set: so many under way, each on a node
/// of its own, as long as `seconds`.
double plain_sets(const std::string& connect, const std::string& payload, int under_way, double seconds);

/// The data of a node; empty: it cannot be read.
std::string read_node(const std::string& connect, const std::string& path);

} // namespace djm::bench
