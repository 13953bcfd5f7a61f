#include "actors/manager/cleaning/clean_survey.hpp"

#include <algorithm>
#include <utility>

#include "actors/manager/planning/standing.hpp"

namespace djm {

void clean_survey::make(time_point now) {
  list_.begin(now + cfg_.clean_period);
  add_pools(now);
  add_workers(now);
  add_lock_folders();
}

/// Jobs of workers that are there or may come back.
std::set<job_id> clean_survey::offered(time_point now) const {
  std::set<job_id> jobs;
  for (const auto& [id, w] : known_.image().workers) {
    if (w.is_alive() || (!w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, now))) {
      jobs.insert(w.available.begin(), w.available.end());
    }
  }
  return jobs;
}

void clean_survey::add_pools(time_point now) {
  const auto& image = known_.image();
  const auto wanted = offered(now);
  for (const auto& [id, j] : image.jobs) {
    const bool idle = wanted.count(id) == 0;
    if (idle && (j.pool.retired || (j.pool.enabled && !image.all_disabled))) {
      list_.add({clean_task::kind::pool, id});
    } else if (j.pool.retired) { // a node that has crashed with it may still come back
      list_.make_not_later_than(now + cfg_.sweep_period);
    }
  }
}

/// Workers that are over, and folders of those that are not.
void clean_survey::add_workers(time_point now) {
  const auto& image = known_.image();
  const auto owners = image.owners();
  const auto have_locks = lock_owners();
  std::vector<clean_task> folders;
  for (const auto& [id, w] : image.workers) {
    if (!is_over(id, w, watchdog_, now) || owners.count(id) > 0) {
      add_folders(id, w, folders);
    } else if (!swept_since_gone(id, w)) {
      list_.make_not_later_than(std::max(now, scan_.next()));
    } else if (have_locks.count(id) == 0) {
      list_.add({clean_task::kind::worker, {}, id});
    }
  }
  for (auto& f : folders) {
    list_.add(std::move(f));
  }
}

std::set<node_id> clean_survey::lock_owners() const {
  std::set<node_id> owners;
  for (const auto& [job, f] : watchdog_.folders()) {
    for (const auto& [item, owner] : f.owners) {
      owners.insert(owner.who.worker);
    }
  }
  return owners;
}

/// Its registration says when its life was over, and so when the locks may be broken that a stop in a hurry leaves: it
/// stays until a sweep has looked for those.
bool clean_survey::swept_since_gone(const node_id& id, const worker_image& w) const {
  if (!w.registration) {
    return true;
  }
  const auto* t = watchdog_.find({id, w.registration->incarnation});
  return t != nullptr && scan_.swept_from() >= t->since;
}

/// Folders whose jobs are gone and in which nothing is left, as many together as fit into a transaction.
void clean_survey::add_folders(const node_id& id, const worker_image& w, std::vector<clean_task>& found) const {
  const auto& image = known_.image();
  const auto together = std::max<std::size_t>((store_.most_ops() - 10) / 2, 1);
  std::vector<job_id> jobs;
  for (const auto& job : w.folders) {
    const auto stray = image.strays.lower_bound({id, job, {}});
    const bool empty = stray == image.strays.end() || stray->worker != id || stray->job != job;
    if (image.jobs.count(job) == 0 && empty) {
      jobs.push_back(job);
    }
    if (jobs.size() == together) {
      found.push_back({clean_task::kind::folders, {}, id, std::exchange(jobs, {})});
    }
  }
  if (!jobs.empty()) {
    found.push_back({clean_task::kind::folders, {}, id, std::move(jobs)});
  }
}

void clean_survey::add_lock_folders() {
  for (const auto& [job, f] : watchdog_.folders()) {
    if (f.owners.empty() && known_.image().jobs.count(job) == 0) {
      list_.add({clean_task::kind::lock_folder, job});
    }
  }
}

} // namespace djm
