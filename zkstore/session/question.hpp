#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "zkstore/types.hpp"

namespace djm::store {

/// Identifies a question of one client of the session (an actor, a test driver): the answer carries it back.
struct ticket {
  std::uint32_t client = 0;
  std::uint64_t request = 0;
};

/// A transaction that is not answered yet.
struct pending_commit {
  transaction txn; ///< Moved out when sent
  std::size_t bytes = 0;
  bool sent = false;
};

/// A batch of reads that is not answered yet.
struct pending_batch {
  std::vector<read_op> reads;
  std::vector<read_result> results;
  bool fresh = false;
  bool barrier_sent = false;
  std::size_t sent = 0;
  std::size_t answered = 0;
  /// Paths whose watches stand thanks to reads of this batch.
  std::set<std::string> watched;
  /// Events on them, held back until the batch is answered.
  std::vector<watch_event> held_back;
};

/// What a client of the session waits for.
struct question {
  ticket to;
  std::variant<pending_commit, pending_batch> body;
};

/// A probe or barrier: commits, and changes no node.
inline transaction check_of(const std::string& path) {
  transaction txn;
  txn.ops.emplace_back(check_op{path, any_version});
  return txn;
}

} // namespace djm::store
