#include "actors/worker/predecessor_locks.hpp"

namespace djm {

bool predecessor_locks::look(worker_effects& out) {
  read_batch ask;
  if (jobs_unknown_) {
    const auto jobs = ask.children(tree_.locks());
    store_.read(worker_topic::scan_jobs, ask, true, out, this, &predecessor_locks::take_jobs, jobs);
  } else if (!jobs_.empty()) {
    // They stay in the list until they are answered: an answer may be lost with its session.
    const auto folders = ask.each(jobs_, [this](const job_id& job) { return store::children(tree_.locks(job)); });
    store_.read(worker_topic::scan_locks, ask, true, out, this, &predecessor_locks::take_locks, folders);
  }
  return !ask.empty();
}

void predecessor_locks::take_jobs(const read_slot& jobs, step s, worker_effects& out) {
  if (says(jobs->code, tree_.locks(), s, out)) {
    jobs_unknown_ = false;
    jobs_ = {jobs->children.begin(), jobs->children.end()};
  }
}

void predecessor_locks::take_locks(const read_slots<job_id>& folders, step s, worker_effects& out) {
  for (const auto& [job, found] : folders) {
    if (!says(found->code, tree_.locks(job), s, out)) {
      continue;
    }
    jobs_.erase(job);
    for (const auto& name : found->children) {
      if (auto item = store::item_of_lock_name(name); item && is_valid_id(job)) {
        locks_.perhaps_ours({job, *item});
      }
    }
  }
  if (jobs_.empty()) {
    store_.relieve(about, out);
  }
}

/// Whether the answer tells which locks there are: all of them, or that there is no folder. Anything else is asked
/// again.
bool predecessor_locks::says(store::rc code, const std::string& path, step s, worker_effects& out) {
  if (code == store::rc::ok || code == store::rc::no_node) {
    return true;
  }
  store_.complain(about, {errc::no_permission, path + ": cannot be read: " + to_string(code)}, out);
  store_.retry(s);
  return false;
}

} // namespace djm
