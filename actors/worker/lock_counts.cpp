#include <utility>

#include "actors/worker/lock_table.hpp"

/// What the questions about all items of a lock table are answered from.
namespace djm {

/// Whether the lock is there, or may be.
bool lock_table::keeps_a_lock(const entry& e) const {
  return e.uncertain || e.lock == state::held || e.lock == state::creating || e.lock == state::removing;
}

lock_table::roles lock_table::roles_of(const item_ref& ref, const entry& e) const {
  roles r;
  const bool wanted = wants(ref, e);
  r.unserved = wanted && !(e.lock == state::held && e.granted && !e.revoking);
  r.unwanted = !wanted && e.lock != state::none;
  r.held = e.granted || keeps_a_lock(e);
  r.kept = r.held && !e.granted;
  if (e.pending) {
    r.queue = e.uncertain ? step_of_item::ask : e.lock == state::taken ? step_of_item::watch : step_of_item::change;
  }
  return r;
}

/// Whatever changes an entry ends with this, so that no question about all of them looks at all.
void lock_table::count(const item_ref& ref, entry& e) {
  count(ref, e, roles_of(ref, e));
}

void lock_table::count(const item_ref& ref, entry& e, const roles& now) {
  ++looks_;
  const auto was = std::exchange(e.counted, now);
  adjust(counts_.unserved, was.unserved, now.unserved);
  adjust(counts_.unwanted, was.unwanted, now.unwanted);
  adjust(counts_.held, was.held, now.held);
  adjust(counts_.kept, was.kept, now.kept);
  adjust(held_of_, ref.job, was.held, now.held);
  adjust(unserved_of_, ref.job, was.unserved, now.unserved);
  if (was.queue == now.queue) {
    return;
  }
  // The queues point to the key in the table, which `ref` may be a copy of.
  if (was.queue != step_of_item::none) {
    queue_of(was.queue).erase(&ref);
  }
  if (now.queue != step_of_item::none) {
    queue_of(now.queue).insert(&entries_.find(ref)->first);
  }
}

void lock_table::adjust(std::size_t& n, bool before, bool after) {
  n += std::size_t{after} - std::size_t{before};
}

void lock_table::adjust(std::map<job_id, std::size_t>& of, const job_id& job, bool before, bool after) {
  if (before == after) {
    return;
  }
  const auto n = of.try_emplace(job, 0).first;
  adjust(n->second, before, after);
  if (n->second == 0) {
    of.erase(n);
  }
}

void lock_table::describe(worker_status& st) const {
  looks_ += entries_.size();
  for (const auto& [ref, e] : entries_) {
    if (e.wanted) {
      ++st.assigned;
      if (!offers(ref.job)) {
        ++st.unknown_jobs;
      }
    }
    if (e.lock == state::held) {
      ++st.locked;
    } else if (e.wanted && (e.lock == state::waiting || e.lock == state::taken)) {
      st.waiting[ref.job + ":" + ref.item] = e.holder ? *e.holder : "somebody who has not been looked for yet";
    }
  }
  st.counters.locked = locked_;
  st.counters.unlocked = unlocked_;
  st.counters.lost = lost_;
}

} // namespace djm
