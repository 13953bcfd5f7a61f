#include "actors/manager/cleaning/cleaning.hpp"

#include <utility>

namespace djm {

using store::rc;

cleaning::cleaning(manager_lifetime& life, leader_store& store, cluster_knowledge& known, dirty_marks& dirty,
                   lock_watchdog& watchdog, const lock_scan& scan, plan_moment& moment, clean_list& list)
  : cfg_(life.cfg),
    store_(store),
    known_(known),
    dirty_(dirty),
    watchdog_(watchdog),
    moment_(moment),
    list_(list),
    cleaned_(life.counters.cleaned),
    clean_time_(life.counters.clean_time),
    survey_(life, store, known, watchdog, scan, list) {}

void cleaning::survey(step s, manager_effects& out) {
  survey_.make(s.now);
  if (list_.empty()) {
    store_.works(effort::cleaning, out); // whoever has done it
    store_.no_longer_refused(activity::clean_write, out);
  }
}

void cleaning::start(time_point now, manager_effects& out) {
  started_ = now;
  const auto& tree = store_.tree();
  read_batch ask;
  const version_slots slots{ask.get(tree.worker_version()), ask.get(tree.pool_version())};
  removals_.clear();
  for (auto& task : list_.take(cfg_.clean_batch)) {
    removals_.emplace_back(std::move(task), tree, ask);
  }
  store_.read(activity::clean_read, ask, false, out, this, &cleaning::apply_read, slots);
}

void cleaning::apply_read(const version_slots& slots, step s, manager_effects& out) {
  if (slots.workers->code != rc::ok || slots.pools->code != rc::ok) {
    removals_.clear();
    return;
  }
  if (slots.workers->stat.version != known_.worker_version()) {
    clean_again(s); // who joined since the image was read may need it
    return;
  }
  removal::builder txn;
  add_guards(txn, slots.pools->stat.version);
  const auto guards = txn.size();
  add_removals(txn);
  if (txn.size() == guards) {
    removals_.clear(); // all of it is in use again
    return;
  }
  store_.commit(activity::clean_write, std::move(txn), out, this, &cleaning::clean_written);
}

void cleaning::add_guards(removal::builder& txn, std::int32_t pool_version) {
  const auto& tree = store_.tree();
  txn.add(store::check_op{store_.mine().latch});
  const store::check_op nobody_joined{tree.worker_version(), known_.worker_version()};
  switch (removals_.front().what()) {
  case clean_task::kind::pool:
    // A worker that joins meanwhile bumps `worker-version`, and this fails.
    txn.add(nobody_joined);
    txn.add(store::set_op{tree.pool_version(), store_.bump(), pool_version});
    break;
  case clean_task::kind::worker:
    txn.add(store::set_op{tree.worker_version(), store_.bump(), known_.worker_version()});
    txn.add(store::set_op{tree.assignment_version(), store_.bump(), known_.assignment_version()});
    break;
  case clean_task::kind::folders:
    txn.add(nobody_joined);
    txn.add(store::set_op{tree.assignment_version(), store_.bump(), known_.assignment_version()});
    break;
  case clean_task::kind::lock_folder: txn.add(nobody_joined); break;
  }
}

/// As many as fit; the others come with the next transaction.
void cleaning::add_removals(removal::builder& txn) {
  const auto guards = txn.size();
  const auto most = store_.most_ops() - 10;
  for (std::size_t n = 0; n < removals_.size(); ++n) {
    const auto before = txn.size();
    if (removals_[n].add_to(txn, n, most, store_.tree())) {
      continue;
    }
    if (before > guards) { // the others first
      txn.shrink(before);
      put_back(n);
    } else { // a large one, alone: what is left of it is looked at again
      put_back(n + 1);
    }
    return;
  }
}

void cleaning::put_back(std::size_t from) {
  while (removals_.size() > from) {
    list_.put_back(removals_.back().task());
    removals_.pop_back();
  }
}

void cleaning::clean_written(const txn_outcome<removal::label>& o, step s, manager_effects& out) {
  if (o.committed()) {
    cleaned(s);
  } else {
    clean_conflict(o.failed(), s);
    store_.failing(effort::cleaning, "others are in the way", s.now, out);
  }
}

/// The transaction is committed: the image follows.
void cleaning::cleaned(step s) {
  clean_time_.add(s.now - started_);
  const auto kind = removals_.front().what();
  if (kind == clean_task::kind::worker) {
    known_.bumped_workers();
  }
  if (kind == clean_task::kind::worker || kind == clean_task::kind::folders) {
    known_.bumped_assignments();
  }
  for (const auto& r : std::exchange(removals_, {})) {
    if (r.removes()) {
      follow(r, s);
    }
  }
}

void cleaning::follow(const removal& r, step s) {
  const auto& task = r.task();
  if (task.what == clean_task::kind::folders) {
    for (const auto& job : task.jobs) {
      known_.remove_folder(task.worker, job);
    }
  }
  if (!r.whole()) {
    list_.put_back({task.what, task.job, task.worker});
    return;
  }
  ++cleaned_;
  switch (task.what) {
  case clean_task::kind::pool:
    known_.remove_job(task.job);
    moment_.changed(s.now);                               // what was assigned of it has to go
    list_.make_not_later_than(s.now + cfg_.sweep_period); // and then the folders it leaves
    break;
  case clean_task::kind::worker: known_.remove_worker(task.worker); break;
  case clean_task::kind::folders: break;
  case clean_task::kind::lock_folder: watchdog_.drop_folder(task.job); break;
  }
}

/// One thing that is in use again does not keep the others; where the guards do not hold the image is out of date.
void cleaning::clean_conflict(const removal::label* met, step s) {
  if (met == nullptr) {
    clean_again(s);
    return;
  }
  auto tasks = std::exchange(removals_, {});
  tasks.erase(tasks.begin() + static_cast<std::ptrdiff_t>(*met));
  for (auto t = tasks.rbegin(); t != tasks.rend(); ++t) {
    list_.put_back(t->task());
  }
}

/// Plans the cleaning anew after a look at the members.
void cleaning::clean_again(step s) {
  removals_.clear();
  list_.begin(s.now + store_.draw_backoff(s));
  dirty_.members();
}

} // namespace djm
