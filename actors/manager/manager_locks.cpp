#include "actors/manager/manager_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

// -- who is gone --------------------------------------------------------------------

std::set<incarnation_ref> manager_core::unobserved() const {
  auto whom = observe_now_;
  for (const auto& [id, w] : image_.workers) {
    if (!w.registration || w.is_alive() || w.registration->incarnation.empty()) {
      continue;
    }
    auto t = watchdog_.trackers().find({id, w.registration->incarnation});
    if (t == watchdog_.trackers().end() || t->second.seen.mzxid != w.mzxid) {
      whom.insert({id, w.registration->incarnation});
    }
  }
  return whom;
}

void manager_core::start_observe(const std::set<incarnation_ref>& whom, effects& out) {
  observing_.assign(whom.begin(), whom.end());
  observe_now_.clear();
  // The order matters: version nodes and `workers/<w>` first, then `alive/<w>`.
  std::vector<store::read_op> ops{store::get(tree_.worker_version())};
  for (const auto& who : observing_) {
    ops.push_back(store::get(tree_.worker(who.worker)));
    ops.push_back(store::get(tree_.alive(who.worker)));
  }
  read(activity::observing, std::move(ops), false, out);
}

namespace {

std::string incarnation_of(const store::read_result& alive, const std::string& path) {
  if (!held_by_session(alive)) {
    return {};
  }
  auto p = store::decode<store::alive_payload>(alive.data, path);
  return p ? p->incarnation : std::string{"?"};
}

registration_seen registration_of(const store::read_result& worker, const std::string& path) {
  if (worker.code != rc::ok) {
    return {};
  }
  auto p = store::decode<store::worker_payload>(worker.data, path);
  return {worker.stat, p ? std::optional{std::move(*p)} : std::nullopt};
}

} // namespace

void manager_core::apply_observation(const store::read_outcome& r, step s) {
  std::size_t i = 1;
  std::vector<incarnation_ref> back;
  for (const auto& who : observing_) {
    const auto& reg = r.results[i++];
    const auto& alive = r.results[i++];
    auto w = image_.workers.find(who.worker);
    duration tolerance = duration::zero();
    if (w != image_.workers.end() && w->second.registration) {
      tolerance = std::chrono::milliseconds{w->second.registration->detach_ms};
    }
    const auto there = incarnation_of(alive, tree_.alive(who.worker));
    const auto seen = registration_of(reg, tree_.worker(who.worker));
    if (!watchdog_.observe(who, seen, there, tolerance, s.now)) {
      back.push_back(who);
      if (w != image_.workers.end() && w->second.alive != there) {
        members_dirty_ = true; // back already: a watch tells it, or this where watches are refused
      }
      continue;
    }
    if (w != image_.workers.end() && w->second.mzxid != seen.mzxid) {
      members_dirty_ = true; // the image is older than this
    }
    for (const auto& [job, item] : image_.items_of(who.worker)) {
      watchdog_.suspect(who, {job, item}, tolerance);
    }
  }
  judge_locks();
  for (const auto& who : back) {
    observe_now_.erase(who); // just seen alive: the next sweep asks again
  }
}

/// Locks whose owner is not alive: watched from now on, or found to be due.
void manager_core::judge_locks() {
  for (const auto& [job, f] : watchdog_.folders()) {
    for (const auto& [item, owner] : f.owners) {
      auto w = image_.workers.find(owner.who.worker);
      if (w != image_.workers.end() && w->second.alive == owner.who.incarnation) {
        continue;
      }
      if (watchdog_.find(owner.who) == nullptr) {
        observe_now_.insert(owner.who);
      } else {
        watchdog_.suspect(owner.who, {job, item}, owner.tolerance);
      }
    }
  }
}

// -- breaking locks -------------------------------------------------------------------

void manager_core::start_verify(step s, effects& out) {
  auto work = watchdog_.due(s.now, break_batch_.now());
  verifying_ = work->first;
  verify_locks_ = std::move(work->second);
  std::vector<store::read_op> ops{store::get(tree_.worker_version()), store::get(tree_.worker(verifying_.worker)),
                                  store::get(tree_.alive(verifying_.worker))};
  for (const auto& lock : verify_locks_) {
    ops.push_back(store::get(tree_.lock(lock.job, lock.item)));
  }
  read(activity::verifying, std::move(ops), false, out);
}

void manager_core::apply_verification(const store::read_outcome& r, step s, effects& out) {
  const auto there = incarnation_of(r.results[2], tree_.alive(verifying_.worker));
  const auto seen = registration_of(r.results[1], tree_.worker(verifying_.worker));
  if (r.results[0].code != rc::ok) {
    setback(s, effort::reading, tree_.worker_version() + " is missing", out);
    return;
  }
  if (!watchdog_.observe(verifying_, seen, there, duration::zero(), s.now)) {
    members_dirty_ = true; // it is back
    return;
  }
  const auto* t = watchdog_.find(verifying_);
  breaking_.clear();
  for (std::size_t i = 0; i < verify_locks_.size(); ++i) {
    const auto& lock = verify_locks_[i];
    const auto& x = r.results[3 + i];
    if (x.code != rc::ok) {
      watchdog_.settled(verifying_, lock);
      continue;
    }
    const auto path = tree_.lock(lock.job, lock.item);
    auto p = store::decode<store::lock_payload>(x.data, path);
    if (!p) {
      complain(path, p.error(), out); // nobody may break what nobody can read
      watchdog_.settled(verifying_, lock);
    } else if (p->worker != verifying_.worker || p->incarnation != verifying_.incarnation) {
      watchdog_.settled(verifying_, lock);
    } else if (s.now - t->since < std::chrono::milliseconds{p->detach_ms}) {
      watchdog_.suspect(verifying_, lock, std::chrono::milliseconds{p->detach_ms});
    } else {
      breaking_.push_back(lock);
    }
  }
  if (breaking_.empty()) {
    return;
  }
  store::transaction txn;
  txn.ops.push_back(store::check_op{latch_});
  txn.ops.push_back(store::check_op{tree_.worker_version(), r.results[0].stat.version});
  txn.ops.push_back(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
  for (const auto& lock : breaking_) {
    txn.ops.push_back(store::remove_op{tree_.lock(lock.job, lock.item), 0});
  }
  doing_ = activity::breaking;
  request_ = next_request_++;
  out.emplace_back(commit_effect{request_, session_, std::move(txn)});
}

// -- looking for locks of workers that are gone ------------------------------------------

void manager_core::continue_scan(step s, effects& out) {
  (void) s;
  if (!scan_queue_.empty()) {
    scan_batch_.clear();
    std::vector<store::read_op> ops;
    while (!scan_queue_.empty() && ops.size() < cfg_.lock_batch) {
      scan_batch_.push_back(scan_queue_.front());
      scan_queue_.pop_front();
      ops.push_back(store::get(tree_.lock(scan_batch_.back().job, scan_batch_.back().item)));
    }
    read(activity::scan_locks, std::move(ops), false, out);
    return;
  }
  if (!scan_job_.empty()) {
    watchdog_.folders()[scan_job_] = std::move(scan_folder_);
    scan_folder_ = {};
    scan_job_.clear();
  }
  if (!scan_jobs_.empty()) {
    scan_job_ = scan_jobs_.front();
    scan_jobs_.pop_front();
    read(activity::scan_folders, {store::children(tree_.locks(scan_job_))}, false, out);
    return;
  }
  scanning_ = false;
  scanned_ = true;
  swept_from_ = scan_began_;
  judge_locks();
  // Lives that are over and have left nothing; one that turns out to have left a lock is found by a later sweep.
  watchdog_.forget_settled([this](const incarnation_ref& who) {
    auto w = image_.workers.find(who.worker);
    return w == image_.workers.end() || !w->second.registration ||
           w->second.registration->incarnation != who.incarnation;
  });
  next(s, out);
}

/// What was wrong with locks of the job that is looked at is over when they are not there any more.
void manager_core::forget_locks(const std::vector<std::string>& names, effects& out) {
  const auto folder = tree_.locks(scan_job_) + "/";
  problems_.over_if(
    [&](const std::string& about) {
      return about.compare(0, folder.size(), folder) == 0 &&
             !std::binary_search(names.begin(), names.end(), store::name_of(about));
    },
    out);
}

void manager_core::apply_scan(const store::read_outcome& r, activity a, step s, effects& out) {
  (void) s;
  if (a == activity::scan_jobs) {
    scan_job_.clear();
    scan_jobs_.assign(r.results[0].children.begin(), r.results[0].children.end());
    auto& known = watchdog_.folders();
    for (auto f = known.begin(); f != known.end();) {
      const auto& names = r.results[0].children;
      f = std::binary_search(names.begin(), names.end(), f->first) ? std::next(f) : known.erase(f);
    }
    problems_.over_if(
      [&](const std::string& about) {
        const auto job = name_below(about, tree_.locks());
        return !job.empty() && !std::binary_search(r.results[0].children.begin(), r.results[0].children.end(), job);
      },
      out);
    return;
  }
  if (a == activity::scan_folders) {
    const auto& x = r.results[0];
    if (x.code != rc::ok) {
      watchdog_.folders().erase(scan_job_);
      forget_locks({}, out);
      scan_job_.clear();
      return;
    }
    forget_locks(x.children, out);
    auto f = watchdog_.folders().find(scan_job_);
    if (f != watchdog_.folders().end() && f->second.pzxid == x.stat.pzxid && f->second.cversion == x.stat.cversion) {
      scan_job_.clear(); // nothing was created or deleted since
      return;
    }
    scan_folder_ = {};
    scan_folder_.pzxid = x.stat.pzxid;
    scan_folder_.cversion = x.stat.cversion;
    for (const auto& name : x.children) {
      if (auto item = store::item_of_lock_name(name)) {
        scan_queue_.push_back({scan_job_, std::move(*item)});
      }
    }
    return;
  }
  for (std::size_t i = 0; i < scan_batch_.size(); ++i) {
    const auto& x = r.results[i];
    const auto path = tree_.lock(scan_batch_[i].job, scan_batch_[i].item);
    if (x.code != rc::ok) {
      relieve(path, out);
      continue;
    }
    if (auto p = store::decode<store::lock_payload>(x.data, path)) {
      relieve(path, out);
      scan_folder_.owners[scan_batch_[i].item] = {{p->worker, p->incarnation}, std::chrono::milliseconds{p->detach_ms}};
    } else {
      complain(path, p.error(), out);
    }
  }
}

} // namespace djm
