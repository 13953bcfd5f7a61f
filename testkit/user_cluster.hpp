#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "djm/test/cluster.hpp"
#include "simulation/tree_image.hpp"
#include "simulation/virtual_cluster.hpp"
#include "testkit/lockstep_executor.hpp"
#include "testkit/run_book.hpp"

namespace djm::test {

/// A virtual cluster whose processes run the user's code, in lock step, and what has been seen of it. Knows nothing of
/// names and rules; `cluster` does. Its machines are numbered from 0.
class user_cluster final : public sim::virtual_cluster {
public:
  user_cluster(cluster_options options, std::size_t machines);
  ~user_cluster() override;

  /// Ends user code. False when some has to be left behind: then this must not be destroyed.
  bool close();

  // -- nodes and faults --

  handle start(std::size_t machine, node_config config, std::shared_ptr<const strategy_registry> strategies);
  node_state state_of(handle h) const;
  void cut(std::size_t machine, way w, bool broken);
  void expire(handle h);
  /// What is committed.
  const store::znode_tree& stored() const { return ensemble().committed().tree(); }
  /// Somebody else's transaction; nothing without a leader of the ensemble.
  std::optional<store::checked_multi> intrude(const store::transaction& txn, const std::string& identity,
                                              const std::string& note_line);
  bool set_access(const std::string& path, std::string acl);
  void stop_store();
  void start_store();

  // -- what there is to see --

  duration since_start() const { return now() - start_; }
  const sim::tree_image& tree() const { return tree_; }
  /// The latest change of anything in the store: a calm cluster changes nothing.
  duration last_change() const { return last_change_; }
  const run_book& runs() const { return runs_; }
  const std::vector<seen_event>& events() const { return events_; }
  void note(const std::string& line);

private:
  std::unique_ptr<sim::virtual_executor> make_executor(handle h, sim::process& p, const node_config& config,
                                                       std::uint64_t seed) override;
  void happens(sim::host& x, sim::happening what, const std::string& detail) override;
  void told(handle, const node_event& e) override { events_.push_back({since_start(), e.node, e.what}); }
  void logged(const sim::process& p, const log_record& r) override;
  void committed(const store::committed_transaction& txn, time_point t) override;
  /// Throws instead, where user code has kept its turn too long.
  bool over() const override;

  void run_began(const sim::process& p, const running_info& r) override;
  void stop_asked(const sim::process& p, run_id run, stop_reason reason) override;
  void item_released(const sim::process& p, run_id run, const item_id& item) override;
  void run_ended(const sim::process& p, const run_result& r) override;

  cluster_options options_;
  /// The servers have elected their leader by then.
  time_point start_;
  sim::tree_image tree_;
  duration last_change_ = duration::zero();
  run_book runs_;
  std::vector<seen_event> events_;
  lockstep lockstep_;
};

} // namespace djm::test
