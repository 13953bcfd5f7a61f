#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
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
};

constexpr auto enum_names(transaction_kind) {
  return name_enum("transaction_kind", "probe", "setup", "pool", "registration", "join", "candidacy", "assign", "lock",
                   "unlock", "break", "leave", "switch", "clean");
}

transaction_kind kind_of(const store::transaction& txn);

enum class transaction_outcome : std::uint8_t { committed, conflict, lost_before, lost_after, connection_lost, refused };

constexpr auto enum_names(transaction_outcome) {
  return name_enum("transaction_outcome", "committed", "conflict", "lost before", "lost after", "link lost", "refused");
}

/// How often what happened; so that "no violation" can be seen to mean something.
struct coverage {
  std::map<std::string, std::uint64_t> faults;
  std::map<std::pair<transaction_kind, transaction_outcome>, std::uint64_t> transactions;
  std::map<std::string, std::uint64_t> events;

  void add(const coverage& other);
  std::string table() const;
};

} // namespace djm::sim
