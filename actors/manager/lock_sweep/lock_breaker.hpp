#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/leader_store.hpp"
#include "actors/manager/lock_watchdog.hpp"

namespace djm {

/// Breaks locks whose owner has been gone for the tolerance in them: reads the owner and its locks once more, then
/// deletes them in a transaction that fails when anybody has joined since.
class lock_breaker {
public:
  lock_breaker(manager_lifetime& life, leader_store& store, cluster_knowledge& known, dirty_marks& dirty,
               lock_watchdog& watchdog)
    : store_(store), known_(known), dirty_(dirty), watchdog_(watchdog), broken_locks_(life.counters.broken_locks) {}

  /// The locks of one life that are due.
  void start(step s, manager_effects& out);
  /// A sweep has found nothing that is to be broken: whoever had locks has given them back.
  void nothing_left(manager_effects& out);
  /// How far two attempts at it may be apart, where the answer to one is lost with the term.
  duration apart(time_point now) const;

private:
  enum class guard : std::uint8_t { nobody_joined };
  using label = std::variant<guard, item_ref>;
  // Where the answers are.
  struct verify_slots {
    read_slot version, worker, alive;
    read_slots<item_ref> locks;
  };

  void apply_verification(const verify_slots& slots, step s, manager_effects& out);
  std::vector<item_ref> due_of(const read_slots<item_ref>& locks, step s, manager_effects& out);
  void break_locks(const std::vector<item_ref>& locks, std::int32_t worker_version, manager_effects& out);
  void locks_broken(const std::vector<item_ref>& locks, const txn_outcome<label>& o, step s, manager_effects& out);

  leader_store& store_;
  cluster_knowledge& known_;
  dirty_marks& dirty_;
  lock_watchdog& watchdog_;
  std::uint64_t& broken_locks_;
  incarnation_ref verifying_; ///< whose locks are looked at
};

} // namespace djm
