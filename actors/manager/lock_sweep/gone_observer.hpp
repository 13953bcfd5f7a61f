#pragma once

#include <set>
#include <vector>

#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/dirty_marks.hpp"
#include "actors/manager/leader_store.hpp"
#include "actors/manager/lock_watchdog.hpp"

namespace djm {

/// The incarnation that holds `alive/<w>`; empty: none, "?": one that cannot be read.
std::string incarnation_of(const store::read_result& alive, const std::string& path);
registration_seen registration_of(const store::read_result& worker, const std::string& path);
bool is_alive(const cluster_image& image, const incarnation_ref& who);

/// Looks whether lives are gone that the image does not show as alive, so that their clocks start.
class gone_observer {
public:
  gone_observer(leader_store& store, const cluster_knowledge& known, dirty_marks& dirty, lock_watchdog& watchdog)
    : store_(store), known_(known), dirty_(dirty), watchdog_(watchdog) {}

  /// Who has to be looked at. Walks the workers.
  std::set<incarnation_ref> unobserved(time_point now) const;
  void start(const std::set<incarnation_ref>& whom, manager_effects& out);

private:
  // Where the answers are.
  struct observed_slots {
    incarnation_ref who;
    read_slot worker, alive;
  };
  void apply_observation(const std::vector<observed_slots>& observed, step s, manager_effects& out);

  leader_store& store_;
  const cluster_knowledge& known_;
  dirty_marks& dirty_;
  lock_watchdog& watchdog_;
};

} // namespace djm
