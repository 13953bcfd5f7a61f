#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>

#include "actors/manager/planning/planning.hpp"
#include "actors/manager/records/preparation_desk.hpp"

namespace djm {

/// Writes a plan: the difference to the image, cut into transactions of which several are under way. Each is guarded by
/// the version that the one before it leaves, so that after a failure none of those behind it can succeed.
class writing {
public:
  writing(manager_lifetime& life, leader_store& store, cluster_knowledge& known, planning& plan,
          const preparation_desk& preparations)
    : cfg_(life.cfg),
      store_(store),
      known_(known),
      plan_(plan),
      preparations_(preparations),
      counters_(life.counters) {}

  /// The plan that was made last.
  void start(time_point now, manager_effects& out);
  /// What has not been sent never will be.
  void give_up();

private:
  std::set<node_id> to_adopt() const;
  void send_batches(manager_effects& out);
  void batch_written(const assignment_batch& batch, const store::commit_outcome& o, step s, manager_effects& out);

  const manager_config& cfg_;
  leader_store& store_;
  cluster_knowledge& known_;
  planning& plan_;
  const preparation_desk& preparations_;
  manager_counters& counters_;
  std::deque<assignment_batch> queue_;
  time_point started_{};
  std::optional<std::string> failure_; ///< of one of those under way
};

} // namespace djm
