#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness.hpp"
#include "zookeeper_server.hpp"

namespace djm::test {

/// What must not grow, taken while the cluster is calm.
struct reading {
  double minute = 0;
  /// Resident memory of this process in KiB, after free memory has been given back to the system.
  std::int64_t resident = 0;
  /// What malloc has handed out, in KiB: resident memory without the holes.
  std::int64_t heap = 0;
  std::int64_t threads = 0;
  std::int64_t descriptors = 0;
  /// By the server: nodes of the tree, watches, connections.
  std::int64_t znodes = 0;
  std::int64_t watches = 0;
  std::int64_t connections = 0;
  /// By the nodes: bytes of watched paths, sessions ever opened, runs ever started, items locked.
  std::int64_t watch_bytes = 0;
  std::int64_t sessions = 0;
  std::int64_t runs = 0;
  std::int64_t locked = 0;
  /// Lock nodes in the tree.
  std::int64_t locks = 0;
};

reading read_all(double minute, zookeeper_server& server, const std::string& root, const std::vector<node>& nodes);

std::string table_head();
std::string table_line(const reading& r);

/// One line per promise, from the first three and the last three readings after the warm-up: the median of memory, the
/// least of what is counted.
/// Says in `ok` whether all are kept.
std::string verdicts(const std::vector<reading>& readings, double warm_up, bool judge_memory, bool& ok);

} // namespace djm::test
