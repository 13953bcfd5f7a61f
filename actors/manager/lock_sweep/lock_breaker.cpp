#include "actors/manager/lock_sweep/lock_breaker.hpp"

#include <utility>

#include "actors/manager/lock_sweep/gone_observer.hpp"

namespace djm {

using store::rc;

void lock_breaker::start(step s, manager_effects& out) {
  auto work = watchdog_.due(s.now, store_.most_breaks());
  verifying_ = work->first;
  const auto& tree = store_.tree();
  // The order matters: the version first, then the owner, then its locks.
  read_batch ask;
  verify_slots slots{ask.get(tree.worker_version()),
                     ask.get(tree.worker(verifying_.worker)),
                     ask.get(tree.alive(verifying_.worker)),
                     {}};
  slots.locks = ask.each(work->second, [&](const item_ref& lock) { return store::get(tree.lock(lock)); });
  store_.read(activity::verifying, ask, false, out, this, &lock_breaker::apply_verification, slots);
}

void lock_breaker::apply_verification(const verify_slots& slots, step s, manager_effects& out) {
  const auto& tree = store_.tree();
  const auto there = incarnation_of(*slots.alive, tree.alive(verifying_.worker));
  const auto seen = registration_of(*slots.worker, tree.worker(verifying_.worker));
  if (slots.version->code != rc::ok) {
    store_.setback(s, effort::reading, tree.worker_version() + " is missing", out);
    return;
  }
  if (!watchdog_.observe(verifying_, seen, there, duration::zero(), s.now)) {
    dirty_.members(); // it is back
    return;
  }
  if (const auto due = due_of(slots.locks, s, out); !due.empty()) {
    break_locks(due, slots.version->stat.version, out);
  }
}

/// Those that may be broken now.
std::vector<item_ref> lock_breaker::due_of(const read_slots<item_ref>& locks, step s, manager_effects& out) {
  const auto* t = watchdog_.find(verifying_);
  std::vector<item_ref> due;
  for (const auto& [lock, x] : locks) {
    if (x->code != rc::ok) {
      watchdog_.settled(verifying_, lock);
      continue;
    }
    auto p = store_.decode<store::lock_payload>(*x, store_.tree().lock(lock), out);
    // Nobody may break what nobody can read.
    if (!p || p->worker != verifying_.worker || p->incarnation != verifying_.incarnation) {
      watchdog_.settled(verifying_, lock);
    } else if (s.now - t->since < std::chrono::milliseconds{p->detach_ms}) {
      watchdog_.suspect(verifying_, lock, std::chrono::milliseconds{p->detach_ms});
    } else {
      due.push_back(lock);
    }
  }
  return due;
}

void lock_breaker::break_locks(const std::vector<item_ref>& locks, std::int32_t worker_version, manager_effects& out) {
  const auto& tree = store_.tree();
  txn_builder<label> txn;
  txn.add(store::check_op{store_.mine().latch});
  txn.add(guard::nobody_joined, store::check_op{tree.worker_version(), worker_version});
  txn.add(store::set_op{tree.assignment_version(), store_.bump(), known_.assignment_version()});
  for (const auto& lock : locks) {
    txn.add(lock, store::remove_op{tree.lock(lock), 0});
  }
  store_.commit(activity::breaking, std::move(txn), out, this, &lock_breaker::locks_broken, locks);
}

void lock_breaker::locks_broken(const std::vector<item_ref>& locks, const txn_outcome<label>& o, step s,
                                manager_effects& out) {
  if (o.committed()) {
    known_.bumped_assignments();
    broken_locks_ += locks.size();
    for (const auto& lock : locks) {
      watchdog_.broken(verifying_, lock);
    }
    out.push_back(log_effect{log_level::info, fmt::format("broke {} locks of {} ({})", locks.size(), verifying_.worker,
                                                          verifying_.incarnation)});
  } else if (const auto* lock = std::get_if<item_ref>(o.failed())) {
    // A lock that went by itself; the others are looked at again.
    watchdog_.settled(verifying_, *lock);
  } else if (o.failed(guard::nobody_joined)) { // somebody joined: from the first read again
    store_.retry(effort::breaking, "nodes join all the time", s, out);
  } else {
    store_.setback(s, effort::breaking, "a conflict", out);
  }
}

void lock_breaker::nothing_left(manager_effects& out) {
  store_.works(effort::breaking, out);
  store_.no_longer_refused(activity::breaking, out);
}

duration lock_breaker::apart(time_point now) const {
  const auto* t = watchdog_.find(verifying_);
  // The next term counts from its own first look, so that its attempt comes later by the tolerance.
  return t != nullptr ? std::chrono::minutes{1} + 2 * (now - t->since) : duration::zero();
}

} // namespace djm
