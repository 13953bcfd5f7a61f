#include "actors/manager/manager_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

// -- cleaning -----------------------------------------------------------------------------
//
// What is removed is read in batches and removed in transactions of many things; the image follows what was removed, so
// that a cleaning costs what it removes and nothing else is read for it.

/// It has left, or has been gone for longer than its tolerance: nothing waits for it any more.
bool manager_core::is_over(const node_id& id, const worker_image& w, time_point now) const {
  return w.alive.empty() && (w.has_left() || watchdog_.expired({id, w.registration->incarnation}, now));
}

/// Its registration says when its life was over, and so when the locks may be broken that a stop in a hurry leaves: it
/// stays until a sweep has looked for those.
bool manager_core::swept_since_gone(const node_id& id, const worker_image& w) const {
  if (!w.registration) {
    return true;
  }
  const auto t = watchdog_.trackers().find({id, w.registration->incarnation});
  return t != watchdog_.trackers().end() && swept_from_ >= t->second.since;
}

std::set<job_id> manager_core::offered(time_point now) const {
  std::set<job_id> jobs;
  for (const auto& [id, w] : image_.workers) {
    if (w.is_alive() || (!w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, now))) {
      jobs.insert(w.available.begin(), w.available.end());
    }
  }
  return jobs;
}

void manager_core::plan_cleaning(step s) {
  clean_queue_.clear();
  const auto wanted = offered(s.now);
  for (const auto& [id, j] : image_.jobs) {
    const bool idle = wanted.count(id) == 0;
    if (idle && (j.pool.retired || (j.pool.enabled && !image_.all_disabled))) {
      clean_queue_.push_back({clean_task::kind::pool, id});
    } else if (j.pool.retired) { // a node that has crashed with it may still come back
      clean_at_ = std::min(*clean_at_, s.now + cfg_.sweep_period);
    }
  }
  const auto owners = image_.owners();
  std::set<node_id> lock_owners;
  for (const auto& [job, f] : watchdog_.folders()) {
    for (const auto& [item, owner] : f.owners) {
      lock_owners.insert(owner.who.worker);
    }
  }
  std::vector<clean_task> folders;
  for (const auto& [id, w] : image_.workers) {
    if (!w.is_alive() && is_over(id, w, s.now) && owners.count(id) == 0) {
      if (!swept_since_gone(id, w)) {
        clean_at_ = std::min(*clean_at_, std::max(s.now, *sweep_at_));
      } else if (lock_owners.count(id) == 0) {
        clean_queue_.push_back({clean_task::kind::worker, id});
      }
      continue;
    }
    const auto together = std::max<std::size_t>((batch_.now() - 10) / 2, 1);
    std::vector<job_id> jobs;
    for (const auto& job : w.folders) {
      const stray_assignment first{id, job, {}};
      const auto stray = image_.strays.lower_bound(first);
      const bool empty = stray == image_.strays.end() || stray->worker != id || stray->job != job;
      if (image_.jobs.count(job) == 0 && empty) {
        jobs.push_back(job);
      }
      if (jobs.size() == together) {
        folders.push_back({clean_task::kind::folders, id, std::exchange(jobs, {})});
      }
    }
    if (!jobs.empty()) {
      folders.push_back({clean_task::kind::folders, id, std::move(jobs)});
    }
  }
  clean_queue_.insert(clean_queue_.end(), folders.begin(), folders.end());
  for (const auto& [job, f] : watchdog_.folders()) {
    if (f.owners.empty() && image_.jobs.count(job) == 0) {
      clean_queue_.push_back({clean_task::kind::lock_folder, job});
    }
  }
}

/// Reads what the next tasks of one kind are about.
void manager_core::start_clean(effects& out) {
  read_batch ask;
  const clean_slots slots{ask.get(tree_.worker_version()), ask.get(tree_.pool_version())};
  cleaning_.clear();
  const auto kind = clean_queue_.front().what;
  while (!clean_queue_.empty() && clean_queue_.front().what == kind && cleaning_.size() < cfg_.clean_batch) {
    cleaning_.push_back(std::move(clean_queue_.front()));
    clean_queue_.pop_front();
    auto& task = cleaning_.back();
    switch (kind) {
    case clean_task::kind::pool:
      task.node = ask.get(tree_.pool(task.id));
      task.items = ask.children(tree_.pool(task.id));
      break;
    case clean_task::kind::worker:
      task.node = ask.get(tree_.worker(task.id));
      task.alive = ask.exists(tree_.alive(task.id));
      task.available = ask.children(tree_.available(task.id));
      task.assigned = ask.children(tree_.assigned(task.id));
      break;
    case clean_task::kind::folders: task.node = ask.children(tree_.assigned(task.id)); break;
    case clean_task::kind::lock_folder: task.node = ask.exists(tree_.locks(task.id)); break;
    }
  }
  store_.read(activity::clean_read, ask, false, out, &manager_core::apply_clean, slots);
}

void manager_core::apply_clean(const clean_slots& slots, step s, effects& out) {
  const auto& workers = *slots.worker_version;
  const auto& pools = *slots.pool_version;
  if (workers.code != rc::ok || pools.code != rc::ok) {
    cleaning_.clear();
    return;
  }
  const auto worker_version = workers.stat.version;
  if (worker_version != worker_version_) {
    clean_again(s); // who joined since the image was read may need it
    return;
  }
  txn_builder<clean_label> txn;
  txn.add(store::check_op{latch_});
  const store::check_op nobody_joined{tree_.worker_version(), worker_version};
  switch (cleaning_.front().what) {
  case clean_task::kind::pool:
    // A worker that joins meanwhile bumps `worker-version`, and this fails.
    txn.add(nobody_joined);
    txn.add(store::set_op{tree_.pool_version(), bump(), pools.stat.version});
    break;
  case clean_task::kind::worker:
    txn.add(store::set_op{tree_.worker_version(), bump(), worker_version});
    txn.add(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
    break;
  case clean_task::kind::folders:
    txn.add(nobody_joined);
    txn.add(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
    break;
  case clean_task::kind::lock_folder: txn.add(nobody_joined); break;
  }
  const auto guards = txn.size();
  const auto put_back = [&](std::size_t from) {
    for (auto k = cleaning_.size(); k > from; --k) {
      clean_queue_.push_front(std::move(cleaning_[k - 1]));
    }
    cleaning_.resize(from);
  };
  for (std::size_t n = 0; n < cleaning_.size(); ++n) {
    auto& task = cleaning_[n];
    const auto before = txn.size();
    const bool fits = add_removals(n, txn);
    if (!fits && before > guards) { // the others first
      txn.shrink(before);
      put_back(n);
      break;
    }
    task.whole = fits;
    task.removes = txn.size() > before;
    if (!fits) { // a large one, alone: what is left of it is looked at again
      put_back(n + 1);
      break;
    }
  }
  if (txn.size() == guards) {
    cleaning_.clear(); // all of it is in use again
    return;
  }
  store_.commit(activity::clean_write, session_, std::move(txn), out, &manager_core::clean_written);
}

/// Adds what removes one thing, as far as it fits into the transaction; nothing when it is in use again. False when it
/// did not fit as a whole.
bool manager_core::add_removals(clean_label place, txn_builder<clean_label>& txn) {
  auto& task = cleaning_[place];
  const auto most = batch_.now() - 10;
  if (txn.size() + 3 > most) {
    return false;
  }
  const auto add_all = [&](const std::vector<std::string>& names, auto path_of) {
    for (const auto& name : names) {
      if (txn.size() >= most) {
        return false;
      }
      txn.add(place, store::remove_op{path_of(name)});
    }
    return true;
  };
  const auto& subject = *task.node;
  if (subject.code != rc::ok) {
    return true;
  }
  switch (task.what) {
  case clean_task::kind::pool: {
    if (auto p = store::decode<store::pool_payload>(subject.data, tree_.pool(task.id));
        !p || !(p->enabled || p->retired)) {
      return true; // switched off since the image was read: it stays
    }
    txn.add(place, store::check_op{tree_.pool(task.id), subject.stat.version});
    if (!add_all(task.items->children, [&](const auto& item) { return tree_.pool(task.id, item); })) {
      return false;
    }
    txn.add(place, store::remove_op{tree_.pool(task.id), subject.stat.version});
    return true;
  }
  case clean_task::kind::worker: {
    if (held_by_session(*task.alive)) {
      return true; // it is back
    }
    const auto& available = *task.available;
    const auto& assigned = *task.assigned;
    if (!add_all(available.children, [&](const auto& job) { return tree_.available(task.id, job); }) ||
        !add_all(assigned.children, [&](const auto& job) { return tree_.assigned(task.id, job); })) {
      return false;
    }
    if (available.code == rc::ok) {
      txn.add(place, store::remove_op{tree_.available(task.id)});
    }
    if (assigned.code == rc::ok) {
      txn.add(place, store::remove_op{tree_.assigned(task.id)});
    }
    txn.add(place, store::remove_op{tree_.worker(task.id), subject.stat.version});
    return true;
  }
  case clean_task::kind::folders: {
    const auto& there = subject.children;
    auto gone = std::remove_if(task.jobs.begin(), task.jobs.end(),
                               [&](const auto& job) { return !std::binary_search(there.begin(), there.end(), job); });
    task.jobs.erase(gone, task.jobs.end());
    return add_all(task.jobs, [&](const auto& job) { return tree_.assigned(task.id, job); });
  }
  case clean_task::kind::lock_folder:
    txn.add(place, store::remove_op{tree_.locks(task.id), subject.stat.version});
    return true;
  }
  return true;
}

/// The transaction is committed: the image follows.
void manager_core::cleaned(step s) {
  const auto kind = cleaning_.front().what;
  if (kind == clean_task::kind::worker) {
    ++worker_version_;
  }
  if (kind == clean_task::kind::worker || kind == clean_task::kind::folders) {
    ++assignment_version_;
  }
  for (auto& task : std::exchange(cleaning_, {})) {
    if (!task.removes) {
      continue;
    }
    if (task.what == clean_task::kind::folders) {
      auto& folders = image_.workers.at(task.id).folders;
      for (const auto& job : task.jobs) {
        folders.erase(job);
      }
    }
    if (!task.whole) {
      clean_queue_.push_front({task.what, task.id});
      continue;
    }
    ++counters_.cleaned;
    switch (task.what) {
    case clean_task::kind::pool:
      image_.remove_job(task.id);
      changed(s);                                                  // what was assigned of it has to go
      clean_at_ = std::min(*clean_at_, s.now + cfg_.sweep_period); // and then the folders it leaves
      break;
    case clean_task::kind::worker: image_.remove_worker(task.id); break;
    case clean_task::kind::folders: break;
    case clean_task::kind::lock_folder: watchdog_.folders().erase(task.id); break;
    }
  }
}

/// One thing that is in use again does not keep the others; where the guards do not hold the image is out of date.
void manager_core::clean_conflict(const clean_label* met, step s) {
  if (met == nullptr) {
    clean_again(s);
    return;
  }
  auto tasks = std::exchange(cleaning_, {});
  tasks.erase(tasks.begin() + static_cast<std::ptrdiff_t>(*met));
  for (auto t = tasks.rbegin(); t != tasks.rend(); ++t) {
    clean_queue_.push_front({t->what, t->id, t->jobs});
  }
}

void manager_core::clean_written(const txn_outcome<clean_label>& o, step s, effects& out) {
  if (o.committed()) {
    cleaned(s);
  } else {
    clean_conflict(o.failed(), s);
    store_.failing(effort::cleaning, "others are in the way", s.now, out);
  }
}

void manager_core::clean_again(step s) {
  cleaning_.clear();
  clean_queue_.clear();
  members_dirty_ = true;
  clean_at_ = s.now + store_.draw_backoff(s);
}

} // namespace djm
