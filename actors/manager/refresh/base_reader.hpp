#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/manager/refresh/detail_reader.hpp"

namespace djm {

/// What is read of the base of the tree: versions, and the names of workers, pools and marks. It shows what is gone,
/// and what is to be read of single workers and jobs.
class base_reader {
public:
  /// Where the answers are.
  struct slots {
    read_slot assignment_version, worker_version, workers, alive, all_pools, pools, marks;
    std::optional<read_slot> refusals; ///< only where they may have changed
  };

  base_reader(leader_store& store, cluster_knowledge& known, dirty_marks& dirty, const lock_watchdog& watchdog,
              clean_list& list, refusal_desk& refusals)
    : store_(store), known_(known), dirty_(dirty), watchdog_(watchdog), list_(list), refusals_(refusals) {}

  slots ask(const dirty_marks::taken& what, read_batch& into) const;
  /// Takes the answers over, and adds to `wanted` what is new. Returns the workers that are known and may have changed;
  /// nothing after a setback.
  std::optional<std::vector<node_id>> take_over(const slots& answers, const dirty_marks::taken& what,
                                                detail_reader::wanted& wanted, step s, manager_effects& out);
  /// Whether anybody holds `alive/<w>`.
  bool is_listed_alive(const node_id& id) const { return alive_names_.count(id) > 0; }
  /// What was wrong with a node of the tree is over when the node is.
  void forget_problems(manager_effects& out);

private:
  std::string missing(const slots& answers) const;
  std::vector<node_id> take_members(const slots& answers, bool members, detail_reader::wanted& wanted, step s);
  void take_marks(const store::read_result& marks, detail_reader::wanted& wanted);
  void take_refusals(const store::read_result& found, detail_reader::wanted& wanted);
  void take_pools(const slots& answers, detail_reader::wanted& wanted, manager_effects& out);

  leader_store& store_;
  cluster_knowledge& known_;
  dirty_marks& dirty_;
  const lock_watchdog& watchdog_;
  clean_list& list_;
  refusal_desk& refusals_;

  // names below the folders, also of what cannot be read
  std::vector<node_id> worker_names_;
  std::vector<job_id> job_names_;
  std::set<node_id> alive_names_;
  std::vector<node_id> marked_; ///< those with a mark that are alive
};

} // namespace djm
