#include "actors/worker/worker_core.hpp"

#include <algorithm>
#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

// -- progress -----------------------------------------------------------------

void worker_core::progress(step s, effects& out) {
  if (!store_.problems().empty()) {
    forget_problems(out);
  }
  if (online()) {
    if (assigned_dirty_ && !store_.reads(topic::assigned) && !store_.retry_at()) {
      start_assigned_read(out);
    }
    if (!store_.reads_but(topic::assigned) && !store_.writes() && !store_.retry_at()) {
      if (!start_verification(out) && !start_lock_reads(out)) {
        start_commit(s, out);
      }
    }
  }
  flush(out);
  check_settled(out);
  check_drained(s, out);
}

void worker_core::touch(const item_ref& ref) {
  pending_.insert(ref);
  changed_ = true;
}

void worker_core::mark_all_uncertain() {
  for (auto& [ref, e] : entries_) {
    if (e.lock != lock_state::none) {
      e.uncertain = true;
      touch(ref);
    }
  }
}

bool worker_core::wants(const item_ref& ref, const entry& e) const {
  return e.wanted && !draining_ && jobs_.count(ref.job) > 0;
}

stop_reason worker_core::why_unwanted(const item_ref& ref) const {
  if (draining_) {
    return stop_reason::shutdown;
  }
  if (jobs_.count(ref.job) == 0) {
    return stop_reason::disabled;
  }
  return off_.count(ref.job) > 0 ? stop_reason::switched_off : stop_reason::revoked;
}

/// Brings one entry towards what is wanted, as far as that needs no store.
void worker_core::settle_entry(const item_ref& ref, entry& e) {
  changed_ = true;
  if (e.uncertain) {
    touch(ref);
    return;
  }
  const bool wanted = wants(ref, e);
  if (e.lock == lock_state::held) {
    if (wanted && !e.granted) {
      e.granted = true;
      grants_[ref.job].push_back({ref.item, e.token});
    } else if (!wanted && e.granted && !e.revoking) {
      revoke_entry(ref, e, why_unwanted(ref));
    } else if (!wanted && !e.granted) {
      touch(ref);
    }
    return;
  }
  if (!wanted && (e.lock == lock_state::waiting || e.lock == lock_state::taken)) {
    e.lock = lock_state::none;
  }
  if (e.lock == lock_state::none && !wanted && !e.granted) {
    if (!e.wanted) {
      pending_.erase(ref);
      entries_.erase(ref);
    }
    return;
  }
  touch(ref);
}

void worker_core::revoke_entry(const item_ref& ref, entry& e, stop_reason reason) {
  e.revoking = true;
  revokes_[{ref.job, reason}].push_back(ref.item);
}

void worker_core::lose(const item_ref& ref, entry& e) {
  ++counters_.lost;
  e.token = 0;
  if (e.granted && !e.revoking) {
    revoke_entry(ref, e, stop_reason::lease_expiring);
  }
}

bool worker_core::start_verification(effects& out) {
  std::vector<item_ref> items;
  for (const auto& ref : pending_) {
    auto i = entries_.find(ref);
    if (i == entries_.end() || !i->second.uncertain) {
      continue;
    }
    items.push_back(ref);
    if (items.size() >= cfg_.read_batch) {
      break;
    }
  }
  if (!items.empty()) {
    ++counters_.rereads;
    read_batch ask;
    const auto locks = ask.each(items, [this](const item_ref& i) { return store::get(tree_.lock(i)); });
    store_.read(topic::lock_data, ask, true, out, &worker_core::apply_lock_data, locks);
    return true;
  }
  if (start_scan(out)) {
    return true;
  }
  if (!verified_) {
    verified_ = true;
    if (!drained_) {
      lease_.verified(session_, timeout_);
    }
  }
  return false;
}

/// A core that replaces another looks for locks it does not know.
bool worker_core::start_scan(effects& out) {
  read_batch ask;
  if (scan_pending_) {
    const auto jobs = ask.children(tree_.locks());
    store_.read(topic::scan_jobs, ask, true, out, &worker_core::apply_scanned_jobs, jobs);
  } else if (!scan_list_.empty()) {
    const auto folders =
      ask.each(std::exchange(scan_list_, {}), [this](const job_id& job) { return store::children(tree_.locks(job)); });
    store_.read(topic::scan_locks, ask, true, out, &worker_core::apply_scan, folders);
  }
  return !ask.empty();
}

bool worker_core::start_lock_list(effects& out) {
  if (list_jobs_.empty()) {
    return false;
  }
  read_batch ask;
  const auto folders = ask.each(
    list_jobs_, [this](const job_id& job) { return store::children(tree_.locks(job), child_watches_.count(job) > 0); });
  list_jobs_.clear();
  store_.read(topic::lock_list, ask, true, out, &worker_core::apply_lock_list, folders);
  return true;
}

bool worker_core::start_lock_reads(effects& out) {
  if (start_lock_list(out)) {
    return true;
  }
  std::vector<item_ref> items;
  for (const auto& ref : pending_) {
    auto i = entries_.find(ref);
    if (i == entries_.end() || i->second.lock != lock_state::taken || i->second.uncertain) {
      continue;
    }
    if (watched_.count(ref) == 0 && watched_.size() + items.size() >= cfg_.max_lock_watches) {
      // Too many locks to watch one by one: one watch on the folder tells of every change in it.
      child_watches_.insert(ref.job);
      list_jobs_.insert(ref.job);
      continue;
    }
    items.push_back(ref);
    if (items.size() >= cfg_.read_batch) {
      break;
    }
  }
  if (items.empty()) {
    return start_lock_list(out); // the folders of those that are too many
  }
  read_batch ask;
  const auto locks = ask.each(items, [this](const item_ref& i) { return store::get(tree_.lock(i), true); });
  store_.read(topic::lock_data, ask, false, out, &worker_core::apply_lock_data, locks);
  return true;
}

void worker_core::start_assigned_read(effects& out) {
  assigned_dirty_ = false;
  incoming_.clear();
  read_batch ask;
  assigned_slots slots{ask.get(tree_.assigned(cfg_.node), true), ask.children(tree_.assigned(cfg_.node)), {}};
  if (!base_watched_) {
    slots.locks = ask.exists(tree_.locks(), true);
  }
  store_.read(topic::assigned, ask, false, out, &worker_core::apply_assigned, slots);
}

// -- outputs --------------------------------------------------------------------

void worker_core::flush(effects& out) {
  for (auto& [key, items] : revokes_) {
    out.push_back(revoke{key.first, std::move(items), key.second});
  }
  revokes_.clear();
  for (auto& [job, items] : grants_) {
    out.push_back(grant{job, std::move(items)});
  }
  grants_.clear();
}

void worker_core::renew(effects& out) {
  if (lease_.deadline()) {
    out.push_back(renew_lease{*lease_.run_until(), *lease_.deadline(), lease_.session(), lease_.after_close()});
  }
}

void worker_core::retry(step s) {
  if (!store_.retry_at()) { // both kinds of questions wait for it
    store_.retry(s);
  }
}

/// What was wrong with the lock of an item is over when this node has to do with the item no more.
void worker_core::forget_problems(effects& out) {
  const auto folder = tree_.locks() + "/";
  store_.over_if(
    [&](const std::string& about) {
      if (about.compare(0, folder.size(), folder) != 0) {
        return false;
      }
      const auto item = store::item_of_lock_name(store::name_of(about));
      const auto job = about.substr(folder.size(), about.find('/', folder.size()) - folder.size());
      return !item || entries_.count({job, *item}) == 0;
    },
    out);
}

void worker_core::check_settled(effects& out) {
  if (!changed_) {
    return;
  }
  changed_ = false;
  bool settled = online() && verified_ && assigned_known_ && !assigned_dirty_ && !store_.reads(topic::assigned);
  if (settled) {
    for (const auto& [ref, e] : entries_) {
      if (wants(ref, e) && (e.lock != lock_state::held || !e.granted || e.revoking)) {
        settled = false;
        break;
      }
    }
  }
  if (settled) {
    store_.works(locking, out);
    // What was refused may be wanted no more. This looks at all items, but only while there is such a problem.
    if (store_.problems().has("commit") && std::all_of(entries_.begin(), entries_.end(), [this](const auto& x) {
          return x.second.lock == lock_state::none || wants(x.first, x.second);
        })) {
      store_.relieve("commit", out);
    }
  }
  if (settled != settled_) {
    settled_ = settled;
    out.push_back(settled_changed{settled});
  }
}

void worker_core::check_drained(step s, effects& out) {
  if (!draining_ || drained_) {
    return;
  }
  if (!(hurry_ && !online())) {
    if (store_.writes()) {
      return;
    }
    for (const auto& [ref, e] : entries_) {
      const bool runs = e.granted;
      if (hurry_ && runs) {
        continue; // its lock is left for the leader to break
      }
      if (runs || e.uncertain || e.lock == lock_state::held || e.lock == lock_state::creating ||
          e.lock == lock_state::removing) {
        return;
      }
    }
  }
  drained_ = true;
  // The node leaves next, and nobody tells us when that was committed: what still runs has its tolerance from now on.
  if (lease_.closed(s.now)) {
    renew(out);
  }
  out.push_back(drained{});
}

bool worker_core::holds_items_of(const job_id& job) const {
  for (auto e = entries_.lower_bound({job, {}}); e != entries_.end() && e->first.job == job; ++e) {
    if (e->second.granted || e->second.lock == lock_state::held || e->second.lock == lock_state::creating ||
        e->second.lock == lock_state::removing || e->second.uncertain) {
      return true;
    }
  }
  return false;
}

worker_status worker_core::status(time_point now) const {
  worker_status st;
  st.joined = online();
  st.settled = settled_;
  for (const auto& [ref, e] : entries_) {
    if (e.wanted) {
      ++st.assigned;
      if (jobs_.count(ref.job) == 0) {
        ++st.unknown_jobs;
      }
    }
    if (e.lock == lock_state::held) {
      ++st.locked;
    } else if (e.wanted && (e.lock == lock_state::waiting || e.lock == lock_state::taken)) {
      st.waiting[ref.job + ":" + ref.item] = e.holder.empty() ? "somebody who has not been looked for yet" : e.holder;
    }
  }
  if (lease_.deadline()) {
    st.lease_left = duration{*lease_.deadline() - now};
  }
  st.problems = store_.problems().texts();
  st.counters = counters_;
  return st;
}

} // namespace djm
