#include "actors/worker/predecessor_locks.hpp"

#include <utility>

namespace djm {

bool predecessor_locks::look(worker_effects& out) {
  read_batch ask;
  if (jobs_unknown_) {
    const auto jobs = ask.children(tree_.locks());
    store_.read(worker_topic::scan_jobs, ask, true, out, this, &predecessor_locks::take_jobs, jobs);
  } else if (!jobs_.empty()) {
    const auto folders =
      ask.each(std::exchange(jobs_, {}), [this](const job_id& job) { return store::children(tree_.locks(job)); });
    store_.read(worker_topic::scan_locks, ask, true, out, this, &predecessor_locks::take_locks, folders);
  }
  return !ask.empty();
}

void predecessor_locks::take_jobs(const read_slot& jobs, step, worker_effects&) {
  jobs_unknown_ = false;
  jobs_ = jobs->children;
}

void predecessor_locks::take_locks(const read_slots<job_id>& folders, step, worker_effects&) {
  for (const auto& [job, found] : folders) {
    if (found->code != store::rc::ok || !is_valid_id(job)) {
      continue;
    }
    for (const auto& name : found->children) {
      if (auto item = store::item_of_lock_name(name)) {
        locks_.perhaps_ours({job, *item});
      }
    }
  }
}

} // namespace djm
