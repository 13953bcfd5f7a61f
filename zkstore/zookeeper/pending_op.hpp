#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <zookeeper/zookeeper.h>

#include "zkstore/ensemble_port.hpp"

namespace djm::store {

class zookeeper_handle;

/// One request under way, with every buffer into which the C client writes until it has completed.
struct pending_op {
  zookeeper_handle* owner = nullptr;
  /// Order of submission.
  std::uint64_t serial = 0;
  op_id_t id = 0;
  /// Answered by ourselves; a completion that still comes is dropped, but the buffers stay for it.
  bool answered = false;

  // -- reads --
  read_kind kind = read_kind::get;
  bool watch = false;

  // -- transactions --
  std::vector<zoo_op_result_t> results;
  std::vector<std::string> paths;
  std::vector<Stat> stats;
};

/// Hands a request to the client; the answer of the call itself. `op` must be stable.
int start_transaction(zhandle_t* zh, pending_op& op, const transaction& txn, const ACL_vector& acl);
int start_read(zhandle_t* zh, pending_op& op, const read_op& read, watcher_fn watcher);

stat to_stat(const Stat& raw);

/// Per-operation results of a transaction that the server has answered; empty when it has not told.
std::vector<op_result> take_results(pending_op& op);

} // namespace djm::store
