#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "djm/enum_names.hpp"
#include "zkstore/types.hpp"

namespace djm::sim {

/// The transactions of the protocol, told apart by what they touch.
enum class transaction_kind : std::uint8_t {
  probe,
  setup,
  pool,
  registration,
  join,
  candidacy,
  assign,
  lock,
  unlock,
  break_lock,
  leave,
  switch_job,
  clean,
  state,
};

constexpr auto enum_names(transaction_kind) {
  return name_enum("transaction_kind", "probe", "setup", "pool", "registration", "join", "candidacy", "assign", "lock",
                   "unlock", "break", "leave", "switch", "clean", "state");
}

transaction_kind kind_of(const store::transaction& txn);

/// Whose transactions these are, as problems name it; empty: nobody's that tries again by itself.
const char* component_of(transaction_kind kind);

enum class transaction_outcome : std::uint8_t {
  committed,
  conflict,
  lost_before,
  lost_after,
  connection_lost,
  refused
};

constexpr auto enum_names(transaction_outcome) {
  return name_enum("transaction_outcome", "committed", "conflict", "lost before", "lost after", "link lost", "refused");
}

/// What a process was going through when one of its actors saw an event.
enum class node_phase : std::uint8_t { starting, joined, leading, suspended, lost, stopping };

constexpr auto enum_names(node_phase) {
  return name_enum("node_phase", "starting", "joined", "leading", "suspended", "lost", "stopping");
}

/// How often what happened; so that "no violation" can be seen to mean something.
struct coverage {
  std::map<std::string, std::uint64_t> faults;
  std::map<std::pair<transaction_kind, transaction_outcome>, std::uint64_t> transactions;
  std::map<std::string, std::uint64_t> events;
  /// By actor and type of the event: how often in which phase of the node.
  std::map<std::pair<const char*, std::string_view>, std::array<std::uint64_t, 6>> pairs;

  void add(const coverage& other);
  /// Faults, transactions by outcome, events. For actors and what they met see unreached.hpp.
  std::string table() const;
};

/// "commit_done" for djm::msg::commit_done, mangled or not.
std::string message_name(std::string_view type);

} // namespace djm::sim
