#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/manager/cluster_knowledge.hpp"
#include "actors/manager/leader_store.hpp"

namespace djm {

/// What workers have refused (`job_context::decline`), and for how long it counts: on the leader's own clock, from when
/// it has seen it first. Mostly the worker removes it before, by its clock. What a life has refused that is over is
/// cleaned away.
class refusal_desk {
public:
  refusal_desk(leader_store& store, cluster_knowledge& known) : store_(store), known_(known) {}

  /// These nodes there are. Returns those that are to be read.
  std::vector<std::string> listed(const std::vector<std::string>& names);
  void take(const std::string& name, const store::read_result& found, step s, manager_effects& out);
  /// The cluster was read again: somebody's life may be over.
  void look_around() { look_ = true; }
  /// True: some have come to their end, and do not count any more.
  bool look_at_time(time_point now);
  /// When the next one ends.
  std::optional<time_point> next_end() const;
  /// Removes those that cannot count any more. False: there are none.
  bool clean(step s, manager_effects& out);

private:
  bool is_outlived(const refusal_image& r) const;
  void cleaned(const std::vector<std::string>& names, const txn_outcome<std::string>& o, step s, manager_effects& out);

  leader_store& store_;
  cluster_knowledge& known_;
  std::map<std::string, time_point> until_; ///< of those that are there, also through an image that is built anew
  std::set<std::pair<time_point, std::string>> ends_; ///< of those that are not over
  bool look_ = false;                                 ///< whether any is outlived is not known
};

} // namespace djm
