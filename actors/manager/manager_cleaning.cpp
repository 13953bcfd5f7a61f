#include "actors/manager/manager_core.hpp"

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

// -- cleaning -----------------------------------------------------------------------------

bool manager_core::offered(const job_id& job, time_point now) const {
  for (const auto& [id, w] : image_.workers) {
    const bool counts = w.is_alive() || (!w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, now));
    if (counts && w.available.count(job) > 0) {
      return true;
    }
  }
  return false;
}

void manager_core::plan_cleaning(step s) {
  clean_queue_.clear();
  for (const auto& [id, j] : image_.jobs) {
    if (j.pool.enabled && !image_.all_disabled && !offered(id, s.now)) {
      clean_queue_.push_back({clean_task::kind::pool, id});
    }
  }
  for (const auto& [id, w] : image_.workers) {
    if (w.is_alive() || !w.alive.empty() || !image_.items_of(id).empty()) {
      continue;
    }
    if (!w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, s.now)) {
      continue;
    }
    bool locks = false;
    for (const auto& [job, f] : watchdog_.folders()) {
      for (const auto& [item, owner] : f.owners) {
        locks = locks || owner.who.worker == id;
      }
    }
    if (!locks) {
      clean_queue_.push_back({clean_task::kind::worker, id});
    }
  }
  for (const auto& [job, f] : watchdog_.folders()) {
    if (f.owners.empty() && image_.jobs.count(job) == 0) {
      clean_queue_.push_back({clean_task::kind::lock_folder, job});
    }
  }
}

void manager_core::start_clean(effects& out) {
  const auto& task = clean_queue_.front();
  std::vector<store::read_op> ops{store::get(tree_.worker_version()), store::get(tree_.pool_version())};
  switch (task.what) {
  case clean_task::kind::pool:
    ops.push_back(store::get(tree_.pool(task.id)));
    ops.push_back(store::children(tree_.pool(task.id)));
    break;
  case clean_task::kind::worker:
    ops.push_back(store::get(tree_.worker(task.id)));
    ops.push_back(store::exists(tree_.alive(task.id)));
    ops.push_back(store::children(tree_.available(task.id)));
    ops.push_back(store::children(tree_.assigned(task.id)));
    break;
  case clean_task::kind::lock_folder: ops.push_back(store::exists(tree_.locks(task.id))); break;
  }
  read(activity::clean_read, std::move(ops), false, out);
}

void manager_core::apply_clean(const store::read_outcome& r, step s, effects& out) {
  (void) s;
  const auto task = clean_queue_.front();
  const auto& subject = r.results[2];
  bool complete = true;
  store::transaction txn;
  txn.ops.push_back(store::check_op{latch_});
  const std::size_t most = cfg_.max_transaction_ops - 10;
  if (subject.code != rc::ok || r.results[0].code != rc::ok || r.results[1].code != rc::ok) {
    clean_queue_.pop_front();
    return;
  }
  const auto worker_version = r.results[0].stat.version;
  if (worker_version != worker_version_) {
    clean_queue_.pop_front(); // who joined since the image was read may need it; the next cleaning knows
    return;
  }
  switch (task.what) {
  case clean_task::kind::pool: {
    if (auto p = store::decode<store::pool_payload>(subject.data, tree_.pool(task.id)); !p || !p->enabled) {
      clean_queue_.pop_front(); // switched off since the image was read: it stays
      return;
    }
    // A worker that joins meanwhile bumps `worker-version`, and this fails.
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version});
    txn.ops.push_back(store::set_op{tree_.pool_version(), bump(), r.results[1].stat.version});
    txn.ops.push_back(store::check_op{tree_.pool(task.id), subject.stat.version});
    for (const auto& item : r.results[3].children) {
      if (txn.ops.size() >= most) {
        complete = false;
        break;
      }
      txn.ops.push_back(store::remove_op{tree_.pool(task.id, item)});
    }
    if (complete) {
      txn.ops.push_back(store::remove_op{tree_.pool(task.id), subject.stat.version});
    }
    break;
  }
  case clean_task::kind::worker: {
    if (r.results[3].code == rc::ok) {
      clean_queue_.pop_front(); // it is back
      return;
    }
    txn.ops.push_back(store::set_op{tree_.worker_version(), bump(), worker_version});
    txn.ops.push_back(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
    for (const auto& job : r.results[4].children) {
      if (txn.ops.size() >= most) {
        complete = false;
        break;
      }
      txn.ops.push_back(store::remove_op{tree_.available(task.id, job)});
    }
    for (const auto& job : r.results[5].children) {
      if (!complete || txn.ops.size() >= most) {
        complete = false;
        break;
      }
      txn.ops.push_back(store::remove_op{tree_.assigned(task.id, job)});
    }
    if (complete) {
      if (r.results[4].code == rc::ok) {
        txn.ops.push_back(store::remove_op{tree_.available(task.id)});
      }
      if (r.results[5].code == rc::ok) {
        txn.ops.push_back(store::remove_op{tree_.assigned(task.id)});
      }
      txn.ops.push_back(store::remove_op{tree_.worker(task.id), subject.stat.version});
    }
    break;
  }
  case clean_task::kind::lock_folder:
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version});
    txn.ops.push_back(store::remove_op{tree_.locks(task.id), subject.stat.version});
    break;
  }
  clean_complete_ = complete;
  doing_ = activity::clean_write;
  request_ = next_request_++;
  out.emplace_back(commit_effect{request_, std::move(txn)});
}

} // namespace djm
