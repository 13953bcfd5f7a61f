#pragma once

#include <cstdint>

#include "djm/duration_histogram.hpp"
#include "djm/fields.hpp"
#include "djm/session_phase.hpp"

namespace djm {

/// The session of this node with the store: what it has done since the node started, and what it holds now.
struct store_status {
  /// Where the session stands.
  session_phase phase = session_phase::idle;
  /// Transactions that were applied.
  std::uint64_t commits = 0;
  /// Transactions that met another one: nothing of them was applied.
  std::uint64_t conflicts = 0;
  /// Transactions whose outcome is not known: they may have been applied.
  std::uint64_t unknowns = 0;
  /// Transactions that were refused: too large, no permission, no session, or not sent in time.
  std::uint64_t rejections = 0;
  /// Reads that were sent.
  std::uint64_t reads = 0;
  /// Small requests whose answers prove that the store counts the session as alive: the lease begins anew with each.
  std::uint64_t probes = 0;
  /// Changes the store has told because a watch was set.
  std::uint64_t watch_events = 0;
  /// Connections that were made, reconnections included.
  std::uint64_t connects = 0;
  /// Sessions that were opened; more than one means that some were lost.
  std::uint64_t sessions = 0;
  /// Watches that the limit of watches or of their bytes has refused.
  std::uint64_t watches_refused = 0;
  /// Requests that the server did not answer within `store.operation_deadline`.
  std::uint64_t overdue = 0;
  /// Requests that are sent and not answered yet.
  std::uint64_t in_flight = 0;
  /// Requests that wait to be sent.
  std::uint64_t queued = 0;
  /// Watches that are set now.
  std::uint64_t watches = 0;
  /// Their paths in bytes: all of them are sent in one message when the connection is made anew.
  std::uint64_t watch_bytes = 0;
  /// The most bytes of requests that were in flight at once.
  std::uint64_t max_in_flight_bytes = 0;
  /// The largest transaction so far, in bytes.
  std::uint64_t max_transaction_bytes = 0;
  /// The most watches that were set at once.
  std::uint64_t max_watches = 0;
  /// The most bytes of watched paths at once.
  std::uint64_t max_watch_bytes = 0;
  /// How long the server took for transactions that were answered, whatever became of them.
  duration_histogram commit_time;
  /// How long it took for reads.
  duration_histogram read_time;
};
DJM_FIELDS(store_status, phase, commits, conflicts, unknowns, rejections, reads, probes, watch_events, connects,
           sessions, in_flight, queued, watches, watch_bytes, max_in_flight_bytes, max_transaction_bytes, max_watches,
           max_watch_bytes, watches_refused, overdue, commit_time, read_time)

} // namespace djm
