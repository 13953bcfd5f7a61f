#include "actors/worker/lock_table.hpp"

#include <utility>

namespace djm {

lock_table::entry* lock_table::find(const item_ref& ref) {
  ++looks_;
  const auto i = entries_.find(ref);
  return i != entries_.end() ? &i->second : nullptr;
}

const lock_table::entry* lock_table::find(const item_ref& ref) const {
  ++looks_;
  const auto i = entries_.find(ref);
  return i != entries_.end() ? &i->second : nullptr;
}

void lock_table::touch(const item_ref& ref, entry& e) {
  e.pending = true;
  changed_ = true;
  count(ref, e);
}

// -- what is wanted -------------------------------------------------------------

bool lock_table::add_job(const job_id& job) {
  return jobs_.insert(job).second;
}

bool lock_table::remove_job(const job_id& job) {
  off_.erase(job);
  return jobs_.erase(job) > 0;
}

void lock_table::want(const job_id& job, const std::set<item_id>& assigned) {
  for (auto e = first_of(job); e != entries_.end() && e->first.job == job;) {
    const auto here = e++; // settling may erase it
    here->second.wanted = assigned.count(here->first.item) > 0;
    settle(here->first, here->second);
  }
  for (const auto& item : assigned) {
    item_ref ref{job, item};
    if (entries_.count(ref) == 0 && is_valid_id(item)) {
      const auto e = entries_.try_emplace(std::move(ref)).first;
      e->second.wanted = true;
      settle(e->first, e->second);
    }
  }
}

void lock_table::want(const assigned_jobs& assigned) {
  std::set<job_id> jobs;
  looks_ += entries_.size();
  for (const auto& [ref, e] : entries_) {
    jobs.insert(jobs.end(), ref.job);
  }
  for (const auto& [job, list] : assigned) {
    jobs.insert(job);
  }
  for (const auto& job : jobs) {
    const auto list = assigned.find(job);
    want(job, list != assigned.end() ? *list->second.items : std::set<item_id>{});
  }
}

bool lock_table::wants(const item_ref& ref, const entry& e) const {
  return e.wanted && !draining_ && offers(ref.job) && (refused_.empty() || refused_.count(ref) == 0);
}

void lock_table::refuse(const item_ref& ref, bool released) {
  refused_.insert(ref);
  if (auto* e = find(ref)) {
    e->granted = e->granted && !released;
    e->revoking = e->revoking && !released;
    settle(ref, *e);
  }
}

void lock_table::accept(const item_ref& ref) {
  if (refused_.erase(ref) > 0) {
    settle(ref);
  }
}

bool lock_table::may_hold(const item_ref& ref) const {
  const auto* e = find(ref);
  return e != nullptr && keeps_a_lock(*e);
}

stop_reason lock_table::why_unwanted(const item_ref& ref) const {
  if (draining_) {
    return stop_reason::shutdown;
  }
  if (!offers(ref.job)) {
    return stop_reason::disabled;
  }
  return off_.count(ref.job) > 0 ? stop_reason::switched_off : stop_reason::revoked;
}

void lock_table::settle(const item_ref& ref) {
  if (auto* e = find(ref)) {
    settle(ref, *e);
  }
}

void lock_table::settle(const item_ref& ref, entry& e) {
  changed_ = true;
  if (e.uncertain) {
    touch(ref, e);
    return;
  }
  const bool wanted = wants(ref, e);
  if (e.lock == state::held) {
    if (wanted && !e.granted) {
      e.granted = true;
      grants_[ref.job].push_back({ref.item, e.token});
    } else if (!wanted && e.granted && !e.revoking) {
      revoke(ref, e, why_unwanted(ref));
    } else if (!wanted && !e.granted) {
      touch(ref, e);
    }
    count(ref, e);
    return;
  }
  if (!wanted && (e.lock == state::waiting || e.lock == state::taken)) {
    e.lock = state::none;
  }
  if (e.lock == state::none && !wanted && !e.granted) {
    if (!e.wanted) {
      count(ref, e, {});
      const auto forgotten = ref; // `ref` may be the key that goes
      entries_.erase(forgotten);
    } else {
      count(ref, e);
    }
    return;
  }
  touch(ref, e);
}

void lock_table::revoke(const item_ref& ref, entry& e, stop_reason reason) {
  e.revoking = true;
  revocations_[{ref.job, reason}].push_back(ref.item);
}

/// The lock is not ours any more.
void lock_table::lose(const item_ref& ref, entry& e) {
  ++lost_;
  e.token = 0;
  if (e.granted && !e.revoking) {
    revoke(ref, e, stop_reason::lease_expiring);
  }
}

// -- what the store says ----------------------------------------------------------

void lock_table::mark_all_uncertain() {
  looks_ += entries_.size();
  for (auto& [ref, e] : entries_) {
    if (e.lock != state::none) {
      e.uncertain = true;
      touch(ref, e);
    }
  }
}

void lock_table::perhaps_ours(const item_ref& ref) {
  auto& e = entries_[ref];
  if (e.lock == state::none) {
    e.uncertain = true;
    e.granted = true;
    revoke(ref, e, stop_reason::revoked);
  }
  touch(ref, e);
}

void lock_table::found_free(const item_ref& ref) {
  if (auto* e = find(ref)) {
    e->uncertain = false;
    if (e->lock == state::held) {
      lose(ref, *e);
    }
    e->lock = state::none;
    settle(ref, *e);
  }
}

void lock_table::found_ours(const item_ref& ref, fencing_token token) {
  if (auto* e = find(ref)) {
    e->uncertain = false;
    if (e->token != token && e->granted && !e->revoking) {
      // A run works under a token that is not the lock's any more: it ends before the item goes on.
      revoke(ref, *e, stop_reason::lease_expiring);
    }
    e->lock = state::held;
    e->token = token;
    settle(ref, *e);
  }
}

void lock_table::found_taken(const item_ref& ref, std::string holder, bool watched) {
  if (auto* e = find(ref)) {
    e->uncertain = false;
    if (e->lock == state::held) {
      lose(ref, *e);
    }
    e->holder = std::make_unique<std::string>(std::move(holder));
    e->lock = watched ? state::waiting : state::taken;
    settle(ref, *e);
  }
}

void lock_table::ask_again(const item_ref& ref) {
  if (auto* e = find(ref); e != nullptr && e->lock == state::waiting) {
    e->lock = state::none;
    touch(ref, *e);
  }
}

void lock_table::ask_again(const job_id& job, const std::set<item_ref>& one_by_one) {
  for (auto e = first_of(job); e != entries_.end() && e->first.job == job; ++e) {
    if (one_by_one.count(e->first) == 0) {
      ask_again(e->first);
    }
  }
}

void lock_table::listed(const job_id& job, const std::set<item_id>& taken, bool watched) {
  for (auto e = first_of(job); e != entries_.end() && e->first.job == job; ++e) {
    auto& x = e->second;
    ++looks_;
    if (x.uncertain || (x.lock != state::none && x.lock != state::taken)) {
      continue;
    }
    if (taken.count(e->first.item) == 0) {
      x.lock = state::none;
    } else if (watched && x.lock == state::taken) {
      x.lock = state::waiting;
      x.holder = std::make_unique<std::string>("another holder");
      x.pending = false;
      count(e->first, x);
      continue;
    } else if (x.wanted) {
      x.lock = state::taken;
    }
    touch(e->first, x);
  }
}

void lock_table::folder_gone(const job_id& job) {
  for (auto e = first_of(job); e != entries_.end() && e->first.job == job; ++e) {
    ++looks_;
    if (!e->second.uncertain && e->second.lock == state::taken) {
      e->second.lock = state::none;
      touch(e->first, e->second);
    }
  }
}

// -- changes of locks -------------------------------------------------------------

lock_table::change lock_table::due(const item_ref& ref) const {
  const auto* e = find(ref);
  if (e == nullptr) {
    return change::none;
  }
  const bool wanted = wants(ref, *e);
  if (e->lock == state::held && !wanted && !e->granted) {
    return change::remove;
  }
  if (e->lock == state::none && wanted && !e->granted) {
    return change::create;
  }
  return change::none; // neither uncertain nor taken: those were asked about first
}

void lock_table::begin(const item_ref& ref, change what) {
  if (auto* e = find(ref)) {
    e->lock = what == change::create ? state::creating : state::removing;
    count(ref, *e);
  }
}

void lock_table::committed(const item_ref& ref, fencing_token transaction) {
  auto* e = find(ref);
  if (e != nullptr && e->lock == state::creating) {
    e->lock = state::held;
    e->token = transaction;
    e->holder.reset();
    ++locked_;
  } else if (e != nullptr && e->lock == state::removing) {
    e->lock = state::none;
    ++unlocked_;
  }
  if (e != nullptr) {
    count(ref, *e);
  }
}

void lock_table::undone(const item_ref& ref) {
  auto* e = find(ref);
  if (e == nullptr) {
    return;
  }
  if (e->lock == state::creating) {
    e->lock = state::none;
  } else if (e->lock == state::removing) {
    e->lock = state::held;
  }
  touch(ref, *e);
}

void lock_table::outcome_unknown(const item_ref& ref) {
  if (auto* e = find(ref)) {
    e->uncertain = true;
    touch(ref, *e);
  }
}

void lock_table::removed_already(const item_ref& ref) {
  if (auto* e = find(ref)) {
    e->lock = state::none; // nothing of ours is left
    ++lost_;
    count(ref, *e);
  }
}

void lock_table::nothing_to_do(const item_ref& ref) {
  if (auto* e = find(ref)) {
    e->pending = false;
    count(ref, *e);
  }
}

bool lock_table::removing(const item_ref& ref) const {
  const auto* e = find(ref);
  return e != nullptr && e->lock == state::removing;
}

bool lock_table::uncertain(const item_ref& ref) const {
  const auto* e = find(ref);
  return e != nullptr && e->uncertain;
}

lock_table::certainty lock_table::holds(const item_ref& ref, fencing_token token) const {
  const auto* e = find(ref);
  if (e == nullptr) {
    return certainty::no;
  }
  if (e->uncertain) {
    return certainty::unsure;
  }
  return e->lock == state::held && e->granted && e->token == token ? certainty::yes : certainty::no;
}

bool lock_table::taken(const item_ref& ref) const {
  const auto* e = find(ref);
  return e != nullptr && e->lock == state::taken;
}

// -- runners ----------------------------------------------------------------------

void lock_table::released(const item_ref& ref) {
  if (auto* e = find(ref)) {
    e->granted = false;
    e->revoking = false;
    settle(ref, *e);
  }
}

void lock_table::tell_again(const job_id& job) {
  for (auto e = first_of(job); e != entries_.end() && e->first.job == job; ++e) {
    ++looks_;
    if (!e->second.granted) {
      continue;
    }
    if (e->second.revoking) {
      revoke(e->first, e->second, why_unwanted(e->first));
    } else {
      grants_[job].push_back({e->first.item, e->second.token});
    }
  }
}

void lock_table::tell(worker_effects& out) {
  for (auto& [key, items] : revocations_) {
    out.push_back(item_revocation{key.first, std::move(items), key.second});
  }
  revocations_.clear();
  for (auto& [job, items] : grants_) {
    out.push_back(item_grant{job, std::move(items), unserved_of_.count(job) > 0});
  }
  grants_.clear();
}

} // namespace djm
