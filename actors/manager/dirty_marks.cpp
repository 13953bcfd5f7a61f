#include "actors/manager/dirty_marks.hpp"

#include <utility>

namespace djm {

void dirty_marks::heard(const std::string& path, const store::tree_schema& tree) {
  const auto pools = tree.pools() + "/";
  if (path == tree.alive() || path == tree.worker_version()) {
    members_ = true;
  } else if (path == tree.pool_version()) {
    jobs_.insert(unwatched_jobs_.begin(), unwatched_jobs_.end());
  } else if (path == tree.pools()) {
    pools_ = true;
  } else if (path == tree.refusals()) {
    refusals_ = true;
  } else if (path.compare(0, pools.size(), pools) == 0) {
    jobs_.emplace(path.substr(pools.size()));
  }
}

dirty_marks::taken dirty_marks::take() {
  taken t{all_, all_ || members_, all_ || pools_, all_ || refusals_, {jobs_.begin(), jobs_.end()}};
  unwatched_ = unwatched_ && !all_;
  all_ = members_ = pools_ = refusals_ = false;
  jobs_.clear();
  return t;
}

void dirty_marks::job_read(const job_id& id, bool watched) {
  if (watched) {
    unwatched_jobs_.erase(id);
  } else {
    unwatched_jobs_.insert(id);
    unwatched_ = true;
  }
}

} // namespace djm
