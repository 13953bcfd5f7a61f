#pragma once

#include <map>
#include <set>
#include <vector>

#include "actors/manager/cluster_image.hpp"

namespace djm {

/// Jobs that have to be prepared before their items run, and who is to do that: the hidden item of such a job is
/// assigned as others are, but takes up no room and is no matter of the plan. Pure.
class preparation_desk {
public:
  /// The job has to be prepared, by one of those whose code can do it. False: that was known.
  bool wanted(const job_id& job, std::set<node_id> able);
  /// It is prepared, or not to be. False: that was known.
  bool not_wanted(const job_id& job) { return able_.erase(job) > 0; }
  void clear() { able_.clear(); }
  bool empty() const { return able_.empty(); }

  /// Which hidden items have to move. Whoever has one keeps it while it is there, or may come back (`frozen`); one that
  /// refuses it does not get it. Workers that are being emptied, cordoned or `shunned` get one when there is no other.
  std::vector<item_transfer> transfers(const cluster_image& image, const std::set<node_id>& frozen,
                                       const std::set<node_id>& shunned) const;

private:
  node_id choose(const job_id& job, const cluster_image& image, const std::set<node_id>& shunned) const;

  std::map<job_id, std::set<node_id>> able_;
};

} // namespace djm
