#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <vector>

#include "zkstore/embedded/embedded_ensemble.hpp"

namespace djm::test {

/// What a ZooKeeper ensemble has committed.
struct logged_transaction {
  store::committed_transaction txn;
  /// When the leader proposed it: milliseconds since the Unix epoch.
  std::int64_t wall_ms = 0;
};

/// The transactions that changed something, by zxid, from the transaction logs (format 2 of ZooKeeper 3.8, the files
/// "log.*") in these directories: those of all servers of one ensemble, as one of them may have skipped what it got as
/// a snapshot. The end of a session appears as the removal of its nodes. Throws `std::runtime_error` naming the file
/// for one that is no log.
std::map<store::zxid_t, logged_transaction>
read_transaction_logs(const std::vector<std::filesystem::path>& directories);

} // namespace djm::test
