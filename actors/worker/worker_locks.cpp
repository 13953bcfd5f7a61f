#include "actors/worker/worker_core.hpp"

#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

// -- what is locked -------------------------------------------------------------

/// No folder, no locks: what was found in it before is free.
void worker_core::no_locks_below(const job_id& job) {
  folders_.erase(job);
  child_watches_.erase(job);
  for (auto e = entries_.lower_bound({job, {}}); e != entries_.end() && e->first.job == job; ++e) {
    if (!e->second.uncertain && e->second.lock == lock_state::taken) {
      e->second.lock = lock_state::none;
      touch(e->first);
    }
  }
}

void worker_core::apply_lock_list(const read_slots<job_id>& folders, step s, effects&) {
  for (const auto& [job, res] : folders) {
    if (res->code != rc::ok) {
      no_locks_below(job);
      continue;
    }
    folders_.insert(job);
    const bool by_folder = child_watches_.count(job) > 0 && res->watched;
    if (!by_folder && child_watches_.erase(job) > 0) {
      retry(s);
    }
    std::set<item_id> taken;
    for (const auto& name : res->children) {
      if (auto item = store::item_of_lock_name(name)) {
        taken.insert(std::move(*item));
      }
    }
    for (auto e = entries_.lower_bound({job, {}}); e != entries_.end() && e->first.job == job; ++e) {
      auto& x = e->second;
      if (x.uncertain || (x.lock != lock_state::none && x.lock != lock_state::taken)) {
        continue;
      }
      if (taken.count(e->first.item) == 0) {
        x.lock = lock_state::none;
      } else if (by_folder && x.lock == lock_state::taken) {
        x.lock = lock_state::waiting;
        x.holder = "another holder";
        pending_.erase(e->first);
        continue;
      } else if (x.wanted) {
        x.lock = lock_state::taken;
      }
      touch(e->first);
    }
  }
}

void worker_core::apply_lock_data(const read_slots<item_ref>& locks, step s, effects& out) {
  for (const auto& [ref, found] : locks) {
    if (found->watched) {
      watched_.insert(ref);
    }
    const auto k = entries_.find(ref);
    if (k != entries_.end() && (k->second.uncertain || k->second.lock == lock_state::taken)) {
      apply_lock(ref, k->second, *found, s, out);
    } // or else it is decided by something newer
  }
}

void worker_core::apply_lock(const item_ref& ref, entry& e, const store::read_result& res, step s, effects& out) {
  const auto path = tree_.lock(ref);
  const bool asked = e.uncertain; // a question after the truth leaves no watch
  const bool held = e.lock == lock_state::held;
  if (res.code == rc::no_node) {
    store_.relieve(path, out);
    e.uncertain = false;
    if (held) {
      lose(ref, e);
    }
    e.lock = lock_state::none;
    settle_entry(ref, e);
    return;
  }
  if (res.code != rc::ok) {
    store_.complain(path, {errc::no_permission, path + ": cannot be read: " + to_string(res.code)}, out);
    retry(s);
    return;
  }
  e.uncertain = false;
  const auto payload = store_.decode<store::lock_payload>(res, path, out);
  if (payload && payload->worker == cfg_.node && payload->incarnation == cfg_.incarnation) {
    if (e.token != res.stat.czxid && e.granted && !e.revoking) {
      // A run works under a token that is not the lock's any more: it ends before the item goes on.
      revoke_entry(ref, e, stop_reason::lease_expiring);
    }
    e.lock = lock_state::held;
    e.token = res.stat.czxid;
  } else {
    if (held) {
      lose(ref, e);
    }
    e.holder = payload ? payload->worker + "/" + payload->incarnation : "malformed lock";
    // Without a watch of its own it is asked about again, now with one; where none is to be had, after a while.
    if (!asked && watched_.count(ref) == 0) {
      retry(s);
    }
    e.lock = watched_.count(ref) > 0 ? lock_state::waiting : lock_state::taken;
  }
  settle_entry(ref, e);
}

void worker_core::apply_scanned_jobs(const read_slot& jobs, step, effects&) {
  scan_pending_ = false;
  scan_list_ = jobs->children;
}

void worker_core::apply_scan(const read_slots<job_id>& folders, step, effects&) {
  for (const auto& [job, found] : folders) {
    if (found->code != rc::ok) {
      continue;
    }
    for (const auto& name : found->children) {
      if (auto item = store::item_of_lock_name(name); item && is_valid_id(job)) {
        item_ref ref{job, *item};
        const auto e = entries_.try_emplace(ref).first;
        if (e->second.lock == lock_state::none) {
          // Perhaps ours; a runner of the core before us may still hold it, so it is released before it is given back.
          e->second.uncertain = true;
          e->second.granted = true;
          revoke_entry(ref, e->second, stop_reason::revoked);
        }
        touch(ref);
      }
    }
  }
}

void worker_core::start_commit(step s, effects& out) {
  if (!verified_) {
    return;
  }
  constexpr std::size_t max_bytes = 256u << 10;
  std::vector<std::pair<item_ref, store::write_op>> creates;
  std::vector<std::pair<item_ref, store::write_op>> removes;
  std::set<job_id> new_folders;
  std::size_t bytes = 0;
  std::vector<item_ref> idle;
  std::string payload;
  for (const auto& ref : pending_) {
    if (creates.size() + removes.size() + 2 > batch_.now() || bytes > max_bytes - 2048) {
      break;
    }
    auto i = entries_.find(ref);
    if (i == entries_.end()) {
      idle.push_back(ref);
      continue;
    }
    auto& e = i->second;
    const bool wanted = wants(ref, e);
    if (e.lock == lock_state::held && !wanted && !e.granted) {
      removes.emplace_back(ref, store::remove_op{tree_.lock(ref), 0});
      bytes += store::wire_size(removes.back().second);
      e.lock = lock_state::removing;
    } else if (e.lock == lock_state::none && wanted && !e.granted) {
      if (folders_.count(ref.job) == 0 && new_folders.insert(ref.job).second) {
        creates.emplace_back(item_ref{ref.job, {}}, store::create_op{tree_.locks(ref.job), {}});
        bytes += store::wire_size(creates.back().second);
      }
      if (payload.empty()) {
        store::lock_payload p;
        p.worker = cfg_.node;
        p.incarnation = cfg_.incarnation;
        p.detach_ms = std::chrono::ceil<std::chrono::milliseconds>(cfg_.detach_tolerance).count();
        p.acquired_at_ms = s.wall_ms;
        payload = store::encode(p);
      }
      creates.emplace_back(ref, store::create_op{tree_.lock(ref), payload});
      bytes += store::wire_size(creates.back().second);
      e.lock = lock_state::creating;
    } else {
      idle.push_back(ref); // neither uncertain nor taken: those were asked about first
    }
  }
  for (const auto& ref : idle) {
    pending_.erase(ref);
  }
  if (creates.empty() && removes.empty()) {
    return;
  }
  txn_builder<item_ref> txn;
  // Every multi of a worker checks its registration. Setting it to what it is does the same and, where locks are
  // created, also tells the zxid of the transaction: the fencing token, without another read.
  if (creates.empty()) {
    txn.add(store::check_op{tree_.alive(cfg_.node)});
  } else {
    txn.add(store::set_op{tree_.alive(cfg_.node), alive_data_});
  }
  changing_.clear();
  for (auto* part : {&removes, &creates}) {
    for (auto& [ref, op] : *part) {
      changing_.push_back(ref);
      txn.add(ref, std::move(op));
    }
  }
  store_.commit(topic::changes, session_, std::move(txn), out, &worker_core::apply_changes);
}

void worker_core::apply_changes(const result& o, step s, effects& out) {
  if (const auto* ok = o.committed()) {
    conflict_streak_ = 0;
    batch_.worked(s.now);
    store_.works(locking, out);
    store_.relieve("commit", out);
    store_.reset_backoff();
    changes_committed(ok->zxid);
  } else if (o.conflict() != nullptr) {
    ++counters_.lock_conflicts;
    change_failed(o, out);
    // Each of these conflicts teaches something; one that does not go away must not spin.
    if (++conflict_streak_ > 5) {
      store_.failing(locking, "others are in the way", s.now, out);
      retry(s);
    }
  } else if (const auto* no = o.rejected()) {
    batch_.refused(*no, s.now);
    undo_commit(false);
    if (no->why.code != errc::not_connected) {
      store_.complain("commit", no->why, out);
    }
    store_.failing(locking, no->why.text, s.now, out);
    retry(s);
  } else {
    ++counters_.lock_unknowns;
    store_.failing(locking, "its outcome is unknown", s.now, out);
    undo_commit(true);
  }
}

void worker_core::changes_committed(store::zxid_t zxid) {
  for (const auto& ref : changing_) {
    if (ref.item.empty()) {
      folders_.insert(ref.job);
      continue;
    }
    auto i = entries_.find(ref);
    if (i == entries_.end()) {
      continue;
    }
    auto& e = i->second;
    if (e.lock == lock_state::creating) {
      e.lock = lock_state::held;
      e.token = zxid;
      ++counters_.locked;
    } else if (e.lock == lock_state::removing) {
      e.lock = lock_state::none;
      ++counters_.unlocked;
    }
  }
}

/// Learns from the operation that met a conflict.
void worker_core::change_failed(const result& o, effects& out) {
  const auto code = o.conflict()->code;
  const auto* met = o.failed();
  const auto i = met != nullptr ? entries_.find(*met) : entries_.end();
  const bool removing = i != entries_.end() && i->second.lock == lock_state::removing;
  undo_commit(false);
  if (met == nullptr) {
    if (code == rc::no_node) {
      joined_ = 0; // the keeper joins again and tells us
      out.push_back(not_alive{});
    }
  } else if (met->item.empty()) {
    if (code == rc::node_exists) {
      folders_.insert(met->job);
    }
  } else if (removing) {
    if (code == rc::no_node) {
      i->second.lock = lock_state::none; // somebody else removed it; nothing of ours is left
      ++counters_.lost;
    } else {
      i->second.uncertain = true;
    }
  } else if (code == rc::node_exists) {
    list_jobs_.insert(met->job);
  } else if (code == rc::no_node) {
    folders_.erase(met->job);
  }
}

void worker_core::undo_commit(bool uncertain) {
  for (const auto& ref : changing_) {
    auto i = ref.item.empty() ? entries_.end() : entries_.find(ref);
    if (i == entries_.end()) {
      continue;
    }
    auto& e = i->second;
    if (uncertain) {
      e.uncertain = true;
    } else if (e.lock == lock_state::creating) {
      e.lock = lock_state::none;
    } else if (e.lock == lock_state::removing) {
      e.lock = lock_state::held;
    }
    touch(ref);
  }
}

} // namespace djm
