#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

// -- who is gone --------------------------------------------------------------------

/// Members that are not there and have not been looked at: since they went, since their registration changed, or since
/// their tolerance is over.
std::set<incarnation_ref> manager_core::unobserved() const {
  auto whom = observe_now_;
  for (const auto& [id, w] : image_.workers) {
    if (!w.registration || w.is_alive() || w.registration->incarnation.empty()) {
      continue;
    }
    const incarnation_ref who{id, w.registration->incarnation};
    auto t = watchdog_.trackers().find(who);
    if (t == watchdog_.trackers().end() || t->second.seen.mzxid != w.mzxid ||
        (!w.has_left() && watchdog_.expired(who, now_) && !watchdog_.stays_gone(who, now_))) {
      whom.insert(who);
    }
  }
  return whom;
}

void manager_core::start_observe(const std::set<incarnation_ref>& whom, effects& out) {
  observe_now_.clear();
  // The order matters: version nodes and `workers/<w>` first, then `alive/<w>`.
  read_batch ask;
  ask.get(tree_.worker_version());
  std::vector<observed_slots> observed;
  for (const auto& who : whom) {
    observed.push_back({who, ask.get(tree_.worker(who.worker)), ask.get(tree_.alive(who.worker))});
  }
  store_.read(activity::observing, ask, false, out, &manager_core::apply_observation, std::move(observed));
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

void manager_core::apply_observation(const std::vector<observed_slots>& observed, step s, effects&) {
  std::vector<incarnation_ref> back;
  for (const auto& slots : observed) {
    const auto& who = slots.who;
    auto w = image_.workers.find(who.worker);
    duration tolerance = duration::zero();
    if (w != image_.workers.end() && w->second.registration) {
      tolerance = std::chrono::milliseconds{w->second.registration->detach_ms};
    }
    const auto there = incarnation_of(*slots.alive, tree_.alive(who.worker));
    const auto seen = registration_of(*slots.worker, tree_.worker(who.worker));
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
  read_batch ask;
  verify_slots slots{ask.get(tree_.worker_version()),
                     ask.get(tree_.worker(verifying_.worker)),
                     ask.get(tree_.alive(verifying_.worker)),
                     {}};
  slots.locks = ask.each(work->second, [this](const item_ref& lock) { return store::get(tree_.lock(lock)); });
  store_.read(activity::verifying, ask, false, out, &manager_core::apply_verification, slots);
}

void manager_core::apply_verification(const verify_slots& slots, step s, effects& out) {
  const auto there = incarnation_of(*slots.alive, tree_.alive(verifying_.worker));
  const auto seen = registration_of(*slots.worker, tree_.worker(verifying_.worker));
  if (slots.version->code != rc::ok) {
    setback(s, effort::reading, tree_.worker_version() + " is missing", out);
    return;
  }
  if (!watchdog_.observe(verifying_, seen, there, duration::zero(), s.now)) {
    members_dirty_ = true; // it is back
    return;
  }
  const auto* t = watchdog_.find(verifying_);
  std::vector<item_ref> due;
  for (const auto& [lock, x] : slots.locks) {
    if (x->code != rc::ok) {
      watchdog_.settled(verifying_, lock);
      continue;
    }
    const auto path = tree_.lock(lock);
    auto p = store_.decode<store::lock_payload>(*x, path, out);
    // Nobody may break what nobody can read.
    if (!p || p->worker != verifying_.worker || p->incarnation != verifying_.incarnation) {
      watchdog_.settled(verifying_, lock);
    } else if (s.now - t->since < std::chrono::milliseconds{p->detach_ms}) {
      watchdog_.suspect(verifying_, lock, std::chrono::milliseconds{p->detach_ms});
    } else {
      due.push_back(lock);
    }
  }
  if (!due.empty()) {
    break_locks(due, slots.version->stat.version, out);
  }
}

void manager_core::break_locks(const std::vector<item_ref>& locks, std::int32_t worker_version, effects& out) {
  txn_builder<break_label> txn;
  txn.add(store::check_op{latch_});
  txn.add(guard::nobody_joined, store::check_op{tree_.worker_version(), worker_version});
  txn.add(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
  for (const auto& lock : locks) {
    txn.add(lock, store::remove_op{tree_.lock(lock), 0});
  }
  store_.commit(activity::breaking, session_, std::move(txn), out, &manager_core::locks_broken, locks);
}

void manager_core::locks_broken(const std::vector<item_ref>& locks, const txn_outcome<break_label>& o, step s,
                                effects& out) {
  if (o.committed()) {
    ++assignment_version_;
    counters_.broken_locks += locks.size();
    for (const auto& lock : locks) {
      watchdog_.settled(verifying_, lock);
      watchdog_.folders()[lock.job].owners.erase(lock.item);
    }
    out.push_back(log_effect{log_level::info, fmt::format("broke {} locks of {} ({})", locks.size(), verifying_.worker,
                                                          verifying_.incarnation)});
  } else if (const auto* lock = std::get_if<item_ref>(o.failed())) {
    // A lock that went by itself; the others are looked at again.
    watchdog_.settled(verifying_, *lock);
  } else if (o.failed(guard::nobody_joined)) { // somebody joined: from the first read again
    store_.retry(effort::breaking, "nodes join all the time", s, out);
  } else {
    setback(s, effort::breaking, "a conflict", out);
  }
}

// -- looking for locks of workers that are gone ------------------------------------------

void manager_core::continue_scan(step s, effects& out) {
  if (!scan_queue_.empty()) {
    const auto n = std::min(scan_queue_.size(), cfg_.lock_batch);
    const auto end = scan_queue_.begin() + static_cast<std::ptrdiff_t>(n);
    read_batch ask;
    const auto locks = ask.each(std::vector<item_ref>{scan_queue_.begin(), end},
                                [this](const item_ref& i) { return store::get(tree_.lock(i)); });
    scan_queue_.erase(scan_queue_.begin(), end);
    store_.read(activity::scan_locks, ask, false, out, &manager_core::apply_scan_locks, locks);
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
    read_batch ask;
    const auto slot = ask.children(tree_.locks(scan_job_));
    store_.read(activity::scan_folders, ask, false, out, &manager_core::apply_scan_folder, slot);
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
  store_.over_if(
    [&](const std::string& about) {
      return about.compare(0, folder.size(), folder) == 0 &&
             !std::binary_search(names.begin(), names.end(), store::name_of(about));
    },
    out);
}

void manager_core::apply_scan_jobs(const read_slot& slot, step, effects& out) {
  const auto& jobs = slot->children;
  scan_job_.clear();
  scan_jobs_.assign(jobs.begin(), jobs.end());
  auto& known = watchdog_.folders();
  for (auto f = known.begin(); f != known.end();) {
    f = std::binary_search(jobs.begin(), jobs.end(), f->first) ? std::next(f) : known.erase(f);
  }
  store_.over_if(
    [&](const std::string& about) {
      const auto job = name_below(about, tree_.locks());
      return !job.empty() && !std::binary_search(jobs.begin(), jobs.end(), job);
    },
    out);
}

void manager_core::apply_scan_folder(const read_slot& slot, step, effects& out) {
  const auto& x = *slot;
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
}

void manager_core::apply_scan_locks(const read_slots<item_ref>& locks, step, effects& out) {
  for (const auto& [lock, x] : locks) {
    const auto path = tree_.lock(lock);
    if (x->code != rc::ok) {
      store_.relieve(path, out);
      continue;
    }
    if (auto p = store_.decode<store::lock_payload>(*x, path, out)) {
      scan_folder_.owners[lock.item] = {{p->worker, p->incarnation}, std::chrono::milliseconds{p->detach_ms}};
    }
  }
}

} // namespace djm
