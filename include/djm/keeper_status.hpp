#pragma once

#include <cstdint>
#include <string>

#include "djm/enum_names.hpp"
#include "djm/fields.hpp"
#include "djm/session_phase.hpp"
#include "djm/time.hpp"

namespace djm {

/// How far a node has come with making itself known to the cluster.
enum class registration_phase : std::uint8_t {
  /// No session with the store. See the phase of the session.
  detached,
  /// Connected; what is missing of the tree is being made. If it lasts, `keeper_status::last_problem` says why.
  preparing,
  /// The pools of this node's jobs are being written.
  pools,
  /// The registration itself is being written.
  registering,
  /// Another process holds the id of this node. It is waited for as long as that may be a former life of this node
  /// which is not noticed to be dead yet; give each node an id of its own.
  waiting_for_id,
  /// The cluster knows this node, and gives it items.
  joined,
  /// The node is saying goodbye: its items may move at once.
  leaving,
  /// The node has said goodbye.
  left,
  /// The node cannot join and stops; `keeper_status::last_problem` says why.
  failed,
};

/// The names of the phases, in their order.
constexpr auto enum_names(registration_phase) {
  return name_enum("registration_phase", "detached", "preparing", "pools", "registering", "waiting_for_id", "joined",
                   "leaving", "left", "failed");
}

/// What a node's registration has come to, counted from its start.
struct keeper_counters {
  /// How often the node has joined the cluster; more than once means that sessions were lost.
  std::uint64_t joins = 0;
  /// Transactions that met another one and were made again.
  std::uint64_t conflicts = 0;
  /// Transactions whose outcome was not known and had to be looked up.
  std::uint64_t unknowns = 0;
  /// Transactions with pools of jobs that were applied.
  std::uint64_t pool_writes = 0;
  /// Transactions with the registration that were applied.
  std::uint64_t registration_writes = 0;
  /// Transactions with records of jobs that were applied.
  std::uint64_t record_writes = 0;
};
DJM_FIELDS(keeper_counters, joins, conflicts, unknowns, pool_writes, registration_writes, record_writes)

/// The connection of this node and its registration.
struct keeper_status {
  /// How far the registration has come.
  registration_phase phase = registration_phase::detached;
  /// Where the session with the store stands.
  session_phase session = session_phase::idle;
  /// Counts the sessions of this node from 1; 0 before the first.
  std::uint64_t session_number = 0;
  /// What the server has granted (T); zero before the first connection.
  duration session_timeout = duration::zero();
  /// Names this life of the node: another one after each start.
  std::string incarnation;
  /// The latest problem of the connection or the registration that goes on; empty: none does.
  std::string last_problem;
  /// What it has come to so far.
  keeper_counters counters;
};
DJM_FIELDS(keeper_status, phase, session, session_number, session_timeout, incarnation, last_problem, counters)

} // namespace djm
