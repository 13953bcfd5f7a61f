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
        folders.push_back({clean_task::kind::folders, id, 0, std::exchange(jobs, {})});
      }
    }
    if (!jobs.empty()) {
      folders.push_back({clean_task::kind::folders, id, 0, std::move(jobs)});
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
  std::vector<store::read_op> ops{store::get(tree_.worker_version()), store::get(tree_.pool_version())};
  cleaning_.clear();
  const auto kind = clean_queue_.front().what;
  while (!clean_queue_.empty() && clean_queue_.front().what == kind && cleaning_.size() < cfg_.clean_batch) {
    cleaning_.push_back(std::move(clean_queue_.front()));
    clean_queue_.pop_front();
    const auto& id = cleaning_.back().id;
    switch (kind) {
    case clean_task::kind::pool:
      ops.push_back(store::get(tree_.pool(id)));
      ops.push_back(store::children(tree_.pool(id)));
      break;
    case clean_task::kind::worker:
      ops.push_back(store::get(tree_.worker(id)));
      ops.push_back(store::exists(tree_.alive(id)));
      ops.push_back(store::children(tree_.available(id)));
      ops.push_back(store::children(tree_.assigned(id)));
      break;
    case clean_task::kind::folders: ops.push_back(store::children(tree_.assigned(id))); break;
    case clean_task::kind::lock_folder: ops.push_back(store::exists(tree_.locks(id))); break;
    }
  }
  read(activity::clean_read, std::move(ops), false, out);
}

void manager_core::apply_clean(const store::read_outcome& r, step s, effects& out) {
  if (r.results[0].code != rc::ok || r.results[1].code != rc::ok) {
    cleaning_.clear();
    return;
  }
  const auto worker_version = r.results[0].stat.version;
  if (worker_version != worker_version_) {
    clean_again(s); // who joined since the image was read may need it
    return;
  }
  store::transaction txn;
  txn.ops.push_back(store::check_op{latch_});
  switch (cleaning_.front().what) {
  case clean_task::kind::pool:
    // A worker that joins meanwhile bumps `worker-version`, and this fails.
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version});
    txn.ops.push_back(store::set_op{tree_.pool_version(), bump(), r.results[1].stat.version});
    break;
  case clean_task::kind::worker:
    txn.ops.push_back(store::set_op{tree_.worker_version(), bump(), worker_version});
    txn.ops.push_back(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
    break;
  case clean_task::kind::folders:
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version});
    txn.ops.push_back(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
    break;
  case clean_task::kind::lock_folder: txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version}); break;
  }
  const auto guards = txn.ops.size();
  const auto per_task = (r.results.size() - 2) / cleaning_.size();
  const auto* results = r.results.data() + 2;
  for (std::size_t n = 0; n < cleaning_.size(); ++n, results += per_task) {
    auto& task = cleaning_[n];
    const auto before = txn.ops.size();
    const bool fits = add_removals(task, results, txn);
    if (!fits && before > guards) { // the others first
      txn.ops.resize(before);
      for (auto k = cleaning_.size(); k > n; --k) {
        clean_queue_.push_front(std::move(cleaning_[k - 1]));
      }
      cleaning_.resize(n);
      break;
    }
    task.whole = fits;
    task.ops_end = txn.ops.size() > before ? txn.ops.size() : 0;
    if (!fits) { // a large one, alone: what is left of it is looked at again
      for (auto k = cleaning_.size(); k > n + 1; --k) {
        clean_queue_.push_front(std::move(cleaning_[k - 1]));
      }
      cleaning_.resize(n + 1);
      break;
    }
  }
  if (txn.ops.size() == guards) {
    cleaning_.clear(); // all of it is in use again
    return;
  }
  doing_ = activity::clean_write;
  request_ = next_request_++;
  out.emplace_back(commit_effect{request_, session_, std::move(txn)});
}

/// Adds what removes one thing, as far as it fits into the transaction; nothing when it is in use again. False when it
/// did not fit as a whole.
bool manager_core::add_removals(clean_task& task, const store::read_result* results, store::transaction& txn) const {
  const auto most = batch_.now() - 10;
  if (txn.ops.size() + 3 > most) {
    return false;
  }
  const auto add_all = [&](const std::vector<std::string>& names, auto path_of) {
    for (const auto& name : names) {
      if (txn.ops.size() >= most) {
        return false;
      }
      txn.ops.push_back(store::remove_op{path_of(name)});
    }
    return true;
  };
  const auto& subject = results[0];
  if (subject.code != rc::ok) {
    return true;
  }
  switch (task.what) {
  case clean_task::kind::pool: {
    if (auto p = store::decode<store::pool_payload>(subject.data, tree_.pool(task.id));
        !p || !(p->enabled || p->retired)) {
      return true; // switched off since the image was read: it stays
    }
    txn.ops.push_back(store::check_op{tree_.pool(task.id), subject.stat.version});
    if (!add_all(results[1].children, [&](const auto& item) { return tree_.pool(task.id, item); })) {
      return false;
    }
    txn.ops.push_back(store::remove_op{tree_.pool(task.id), subject.stat.version});
    return true;
  }
  case clean_task::kind::worker: {
    if (held_by_session(results[1])) {
      return true; // it is back
    }
    if (!add_all(results[2].children, [&](const auto& job) { return tree_.available(task.id, job); }) ||
        !add_all(results[3].children, [&](const auto& job) { return tree_.assigned(task.id, job); })) {
      return false;
    }
    if (results[2].code == rc::ok) {
      txn.ops.push_back(store::remove_op{tree_.available(task.id)});
    }
    if (results[3].code == rc::ok) {
      txn.ops.push_back(store::remove_op{tree_.assigned(task.id)});
    }
    txn.ops.push_back(store::remove_op{tree_.worker(task.id), subject.stat.version});
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
    txn.ops.push_back(store::remove_op{tree_.locks(task.id), subject.stat.version});
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
    if (task.ops_end == 0) {
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
void manager_core::clean_conflict(std::size_t index, step s) {
  auto tasks = std::exchange(cleaning_, {});
  const std::size_t guards = tasks.front().what == clean_task::kind::lock_folder ? 2 : 3;
  const auto met = std::find_if(tasks.begin(), tasks.end(), [&](const auto& t) { return t.ops_end > index; });
  if (index < guards || met == tasks.end()) {
    clean_again(s);
    return;
  }
  tasks.erase(met);
  for (auto t = tasks.rbegin(); t != tasks.rend(); ++t) {
    clean_queue_.push_front({t->what, t->id, 0, t->jobs});
  }
}

void manager_core::clean_again(step s) {
  cleaning_.clear();
  clean_queue_.clear();
  members_dirty_ = true;
  clean_at_ = s.now + backoff_.draw(s.entropy);
}

} // namespace djm
