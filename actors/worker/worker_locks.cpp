#include "actors/worker/worker_core.hpp"

#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::rc;

// -- what is locked -------------------------------------------------------------

void worker_core::apply_lock_list(const question& q, const store::read_outcome& r, step s) {
  for (std::size_t i = 0; i < q.jobs.size(); ++i) {
    const auto& job = q.jobs[i];
    const auto& res = r.results[i];
    if (res.code != store::rc::ok) {
      // No folder, no locks: what was found in it before is free.
      folders_.erase(job);
      child_watches_.erase(job);
      for (auto e = entries_.lower_bound({job, {}}); e != entries_.end() && e->first.job == job; ++e) {
        if (!e->second.uncertain && e->second.lock == lock_state::taken) {
          e->second.lock = lock_state::none;
          touch(e->first);
        }
      }
      continue;
    }
    folders_.insert(job);
    const bool by_folder = child_watches_.count(job) > 0 && res.watched;
    if (!by_folder && child_watches_.erase(job) > 0) {
      later(s);
    }
    std::set<item_id> taken;
    for (const auto& name : res.children) {
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

void worker_core::apply_lock_data(const question& q, const store::read_outcome& r, step s, effects& out) {
  for (std::size_t i = 0; i < q.items.size(); ++i) {
    const auto& ref = q.items[i];
    const auto& res = r.results[i];
    if (res.watched) {
      watched_.insert(ref);
    }
    auto k = entries_.find(ref);
    if (k == entries_.end()) {
      continue;
    }
    auto& e = k->second;
    if (!e.uncertain && e.lock != lock_state::taken) {
      continue; // decided by something newer
    }
    const bool asked = e.uncertain; // a question after the truth leaves no watch
    const bool held = e.lock == lock_state::held;
    if (res.code == store::rc::no_node) {
      relieve(tree_.lock(ref.job, ref.item), out);
      e.uncertain = false;
      if (held) {
        lose(ref, e);
      }
      e.lock = lock_state::none;
      settle_entry(ref, e);
      continue;
    }
    if (res.code != store::rc::ok) {
      problem_once(tree_.lock(ref.job, ref.item),
                   {errc::no_permission, tree_.lock(ref.job, ref.item) + ": cannot be read: " + to_string(res.code)},
                   out);
      later(s);
      continue;
    }
    e.uncertain = false;
    const auto path = tree_.lock(ref.job, ref.item);
    auto payload = store::decode<store::lock_payload>(res.data, path);
    if (!payload) {
      problem_once(path, payload.error(), out);
    } else {
      relieve(path, out);
    }
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
        later(s);
      }
      e.lock = watched_.count(ref) > 0 ? lock_state::waiting : lock_state::taken;
    }
    settle_entry(ref, e);
  }
}

void worker_core::apply_scan(const question& q, const store::read_outcome& r) {
  if (q.what == ask::scan_jobs) {
    auto res = r.results[0];
    scan_pending_ = false;
    scan_list_ = std::move(res.children);
    return;
  }
  for (std::size_t i = 0; i < q.jobs.size(); ++i) {
    if (r.results[i].code != store::rc::ok) {
      continue;
    }
    for (const auto& name : r.results[i].children) {
      if (auto item = store::item_of_lock_name(name); item && is_valid_id(q.jobs[i])) {
        item_ref ref{q.jobs[i], *item};
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
  std::vector<store::write_op> creates;
  std::vector<item_ref> create_items;
  std::vector<store::write_op> removes;
  std::vector<item_ref> remove_items;
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
      removes.push_back(store::remove_op{tree_.lock(ref.job, ref.item), 0});
      bytes += store::wire_size(removes.back());
      remove_items.push_back(ref);
      e.lock = lock_state::removing;
    } else if (e.lock == lock_state::none && wanted && !e.granted) {
      if (folders_.count(ref.job) == 0 && new_folders.insert(ref.job).second) {
        creates.push_back(store::create_op{tree_.locks(ref.job), {}, store::create_mode::persistent});
        create_items.push_back({ref.job, {}});
        bytes += store::wire_size(creates.back());
      }
      if (payload.empty()) {
        store::lock_payload p;
        p.worker = cfg_.node;
        p.incarnation = cfg_.incarnation;
        p.detach_ms = std::chrono::ceil<std::chrono::milliseconds>(cfg_.detach_tolerance).count();
        p.acquired_at_ms = s.wall_ms;
        payload = store::encode(p);
      }
      creates.push_back(store::create_op{tree_.lock(ref.job, ref.item), payload, store::create_mode::persistent});
      create_items.push_back(ref);
      bytes += store::wire_size(creates.back());
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
  store::transaction txn;
  commit_items_.clear();
  // Every multi of a worker checks its registration. Setting it to what it is does the same and, where locks are
  // created, also tells the zxid of the transaction: the fencing token, without another read.
  if (creates.empty()) {
    txn.ops.push_back(store::check_op{tree_.alive(cfg_.node)});
  } else {
    txn.ops.push_back(store::set_op{tree_.alive(cfg_.node), alive_data_});
  }
  commit_items_.emplace_back();
  for (std::size_t i = 0; i < removes.size(); ++i) {
    txn.ops.push_back(std::move(removes[i]));
    commit_items_.push_back(std::move(remove_items[i]));
  }
  for (std::size_t i = 0; i < creates.size(); ++i) {
    txn.ops.push_back(std::move(creates[i]));
    commit_items_.push_back(std::move(create_items[i]));
  }
  commit_request_ = next_request_++;
  out.push_back(commit_effect{commit_request_, session_, std::move(txn)});
}

void worker_core::undo_commit(bool uncertain) {
  for (const auto& ref : commit_items_) {
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
