#include "actors/manager/lock_sweep/lock_scan.hpp"

#include <algorithm>
#include <utility>

#include "actors/manager/lock_sweep/gone_observer.hpp"

namespace djm {

using store::rc;

void lock_scan::start(step s, manager_effects& out) {
  walk_.emplace(s.now);
  at_ = s.now + cfg_.sweep_period;
  ++sweeps_;
  dirty_.sweep();
  if (store_.problems().has_path()) {
    // Whoever mends or removes what others have written need not tell us. A read for each worker, once in a sweep,
    // for as long as that is told.
    dirty_.members();
  }
  read_batch ask;
  const auto jobs = ask.children(store_.tree().locks());
  store_.read(activity::scan_jobs, ask, false, out, this, &lock_scan::apply_jobs, jobs);
}

bool lock_scan::go_on(manager_effects& out) {
  auto& w = *walk_;
  if (!w.locks.empty()) {
    read_locks(out);
    return true;
  }
  if (!w.job.empty()) {
    watchdog_.put_folder(w.job, std::exchange(w.folder, {}));
    w.job = {};
  }
  if (!w.changed.empty()) {
    w.job = w.changed.front();
    w.changed.pop_front();
    read_batch ask;
    const auto slot = ask.children(store_.tree().locks(w.job));
    store_.read(activity::scan_folders, ask, false, out, this, &lock_scan::apply_folder, slot);
    return true;
  }
  if (!w.jobs.empty()) {
    look_at_folders(out);
    return true;
  }
  over();
  return false;
}

void lock_scan::look_at_folders(manager_effects& out) {
  auto& queue = walk_->jobs;
  const auto n = std::min(queue.size(), cfg_.lock_batch);
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(n);
  read_batch ask;
  const auto folders = ask.each(std::vector<job_id>{queue.begin(), end},
                                [this](const job_id& j) { return store::exists(store_.tree().locks(j)); });
  queue.erase(queue.begin(), end);
  store_.read(activity::scan_folders, ask, false, out, this, &lock_scan::apply_folders, folders);
}

void lock_scan::read_locks(manager_effects& out) {
  auto& queue = walk_->locks;
  const auto n = std::min(queue.size(), cfg_.lock_batch);
  const auto end = queue.begin() + static_cast<std::ptrdiff_t>(n);
  read_batch ask;
  const auto locks = ask.each(std::vector<item_ref>{queue.begin(), end},
                              [this](const item_ref& i) { return store::get(store_.tree().lock(i)); });
  queue.erase(queue.begin(), end);
  store_.read(activity::scan_locks, ask, false, out, this, &lock_scan::apply_locks, locks);
}

void lock_scan::over() {
  swept_from_ = walk_->began;
  walk_.reset();
  const auto& image = known_.image();
  watchdog_.judge_locks([&](const incarnation_ref& who) { return is_alive(image, who); });
  // Lives that are over and have left nothing; one that turns out to have left a lock is found by a later sweep.
  watchdog_.forget_settled([&](const incarnation_ref& who) {
    const auto w = image.workers.find(who.worker);
    return w == image.workers.end() || !w->second.registration ||
           w->second.registration->incarnation != who.incarnation;
  });
}

/// What was wrong with locks of the job that is looked at is over when they are not there any more.
void lock_scan::forget_locks(const job_id& job, const std::vector<std::string>& names, manager_effects& out) {
  const auto folder = store_.tree().locks(job) + "/";
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, folder.size(), folder) == 0 &&
             !std::binary_search(names.begin(), names.end(), store::name_of(about));
    },
    out);
}

void lock_scan::apply_jobs(const read_slot& slot, step, manager_effects& out) {
  const auto jobs = to_ids<job_id>(slot->children);
  walk_->jobs.assign(jobs.begin(), jobs.end());
  watchdog_.keep_folders(jobs);
  store_.over_if(
    [&](const std::string& about) {
      const auto job = name_below(about, store_.tree().locks());
      return !job.empty() && !std::binary_search(jobs.begin(), jobs.end(), job, std::less<>{});
    },
    out);
}

void lock_scan::apply_folders(const read_slots<job_id>& folders, step, manager_effects& out) {
  for (const auto& [job, x] : folders) {
    if (x->code != rc::ok) {
      watchdog_.drop_folder(job);
      forget_locks(job, {}, out);
      continue;
    }
    const auto f = watchdog_.folders().find(job);
    if (f == watchdog_.folders().end() || f->second.pzxid != x->stat.pzxid || f->second.cversion != x->stat.cversion) {
      walk_->changed.push_back(job); // something was created or deleted since
    }
  }
}

void lock_scan::apply_folder(const read_slot& slot, step, manager_effects& out) {
  auto& w = *walk_;
  const auto& x = *slot;
  if (x.code != rc::ok) {
    watchdog_.drop_folder(w.job);
    forget_locks(w.job, {}, out);
    w.job = {};
    return;
  }
  forget_locks(w.job, x.children, out);
  w.folder = {x.stat.pzxid, x.stat.cversion, {}};
  for (const auto& name : x.children) {
    if (auto item = store::item_of_lock_name(name)) {
      w.locks.push_back({w.job, std::move(*item)});
    }
  }
}

void lock_scan::apply_locks(const read_slots<item_ref>& locks, step, manager_effects& out) {
  for (const auto& [lock, x] : locks) {
    const auto path = store_.tree().lock(lock);
    if (x->code != rc::ok) {
      store_.relieve(path, out);
      continue;
    }
    if (auto p = store_.decode<store::lock_payload>(*x, path, out)) {
      walk_->folder.owners[lock.item] = {{p->worker, p->incarnation}, std::chrono::milliseconds{p->detach_ms}};
    }
  }
}

} // namespace djm
