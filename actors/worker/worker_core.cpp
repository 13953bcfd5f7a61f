#include "actors/worker/worker_core.hpp"

#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::read_status;

worker_core::worker_core(settings s)
  : cfg_(std::move(s)),
    tree_(cfg_.root),
    batch_(cfg_.max_transaction_ops),
    lease_(cfg_.detach_tolerance, cfg_.stop_grace),
    backoff_(cfg_.backoff_min, cfg_.backoff_max),
    scan_pending_(cfg_.rebuilt) {}

// -- events -------------------------------------------------------------------

worker_core::effects worker_core::on_session(const store::session_view& view, step s) {
  effects out;
  using phase = store::session_phase;
  const bool now_connected = view.phase == phase::connected;
  if (view.number != session_) {
    session_ = view.number;
    joined_ = 0;
    lease_.unverified();
    // Answers of another session do not come any more, or say nothing about this one.
    if (commit_request_ != 0) {
      undo_commit(true);
      commit_items_.clear();
      commit_request_ = 0;
    }
    reads_.clear();
    lock_read_ = false;
    assigned_reading_ = false;
  }
  timeout_ = view.timeout;
  if (view.phase == phase::closed && lease_.closed(view.closed_at)) {
    renew(out);
  }
  if (view.phase == phase::closed || view.phase == phase::expired) {
    joined_ = 0;
    lease_.unverified();
  }
  if (now_connected && lease_.granted(view.number, view.timeout)) {
    renew(out);
  }
  if (now_connected && !connected_) {
    // What happened while we were away is not known: read again before anything else.
    mark_all_uncertain();
    verified_ = false;
    assigned_dirty_ = true;
    retry_at_.reset();
    backoff_.reset();
  }
  connected_ = now_connected;
  changed_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_joined(std::uint64_t number, std::string alive_data, step s) {
  effects out;
  alive_data_ = std::move(alive_data);
  if (number != session_ || joined_ == number) {
    return out;
  }
  joined_ = number;
  lease_.unverified();
  mark_all_uncertain();
  verified_ = false;
  assigned_dirty_ = true;
  watched_.clear(); // a new session has no watches
  base_watched_ = false;
  child_watches_.clear();
  changed_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_unjoined(step s) {
  effects out;
  joined_ = 0;
  changed_ = true;
  if (last_contact_ && lease_.closed(*last_contact_)) {
    renew(out);
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_contact(std::uint64_t number, time_point contact, step s) {
  effects out;
  if (lease_.contact(number, contact)) {
    last_contact_ = contact;
    renew(out);
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  if (e.path == tree_.assigned(cfg_.node)) {
    assigned_dirty_ = true;
    changed_ = true;
  } else if (e.path == tree_.locks()) {
    // All locks have gone at once: whoever holds one has to know.
    base_watched_ = false;
    assigned_dirty_ = true;
    folders_.clear();
    mark_all_uncertain();
    verified_ = false;
    changed_ = true;
  } else {
    const auto root = tree_.locks() + "/";
    if (e.path.compare(0, root.size(), root) == 0) {
      auto rest = e.path.substr(root.size());
      auto slash = rest.find('/');
      if (slash == std::string::npos) {
        if (e.kind == store::watch_kind::children && child_watches_.erase(rest) > 0) {
          for (auto& [ref, x] : entries_) {
            if (ref.job == rest && x.lock == lock_state::waiting && watched_.count(ref) == 0) {
              x.lock = lock_state::none;
              touch(ref);
            }
          }
          list_jobs_.insert(rest);
        }
      } else if (auto item = store::item_of_lock_name(std::string_view(rest).substr(slash + 1))) {
        item_ref ref{rest.substr(0, slash), *item};
        watched_.erase(ref);
        if (auto i = entries_.find(ref); i != entries_.end() && i->second.lock == lock_state::waiting) {
          i->second.lock = lock_state::none;
          touch(ref);
        }
      }
    }
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_released(const job_id& job, const std::vector<item_id>& items, step s) {
  effects out;
  for (const auto& id : items) {
    item_ref ref{job, id};
    auto i = entries_.find(ref);
    if (i == entries_.end()) {
      continue;
    }
    i->second.granted = false;
    i->second.revoking = false;
    settle_entry(ref, i->second);
  }
  changed_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_job_added(const job_id& job, step s) {
  effects out;
  if (jobs_.insert(job).second) {
    apply_wanted();
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_runner_rebuilt(const job_id& job, step s) {
  effects out;
  for (auto e = entries_.lower_bound({job, {}}); e != entries_.end() && e->first.job == job; ++e) {
    if (!e->second.granted) {
      continue;
    }
    if (e->second.revoking) {
      revoke_entry(e->first, e->second, why_unwanted(e->first));
    } else {
      grants_[job].push_back({e->first.item, e->second.token});
    }
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_job_removed(const job_id& job, step s) {
  effects out;
  if (jobs_.erase(job) > 0) {
    off_.erase(job);
    apply_wanted();
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_drain(step s) {
  effects out;
  draining_ = true;
  apply_wanted();
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_hurry(step s) {
  effects out;
  hurry_ = true;
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_wake(step s) {
  effects out;
  if (retry_at_ && s.now >= *retry_at_) {
    retry_at_.reset();
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (request == 0 || request != commit_request_) {
    return out;
  }
  commit_request_ = 0;
  changed_ = true;
  if (auto* ok = std::get_if<store::committed>(&outcome)) {
    conflict_streak_ = 0;
    batch_.worked(s.now);
    problems_.works(locking, out);
    relieve("commit", out);
    backoff_.reset();
    for (const auto& ref : commit_items_) {
      if (ref.item.empty()) {
        if (!ref.job.empty()) {
          folders_.insert(ref.job);
        }
        continue;
      }
      auto i = entries_.find(ref);
      if (i == entries_.end()) {
        continue;
      }
      auto& e = i->second;
      if (e.lock == lock_state::creating) {
        e.lock = lock_state::held;
        e.token = ok->zxid;
        ++counters_.locked;
      } else if (e.lock == lock_state::removing) {
        e.lock = lock_state::none;
        ++counters_.unlocked;
      }
    }
  } else if (auto* c = std::get_if<store::conflict>(&outcome)) {
    ++counters_.lock_conflicts;
    auto met = c->index < commit_items_.size() ? commit_items_[c->index] : item_ref{};
    const bool removing = [&] {
      auto i = entries_.find(met);
      return i != entries_.end() && i->second.lock == lock_state::removing;
    }();
    undo_commit(false);
    if (met.job.empty()) {
      if (c->code == store::rc::no_node) {
        joined_ = 0; // the keeper joins again and tells us
        out.push_back(not_alive{});
      }
    } else if (met.item.empty()) {
      if (c->code == store::rc::node_exists) {
        folders_.insert(met.job);
      }
    } else if (removing) {
      auto& e = entries_[met];
      if (c->code == store::rc::no_node) {
        e.lock = lock_state::none; // somebody else removed it; nothing of ours is left
        ++counters_.lost;
      } else {
        e.uncertain = true;
      }
    } else if (c->code == store::rc::node_exists) {
      list_jobs_.insert(met.job);
    } else if (c->code == store::rc::no_node) {
      folders_.erase(met.job);
    }
    // Each of these conflicts teaches something; one that does not go away must not spin.
    if (++conflict_streak_ > 5) {
      problems_.failing(locking, "others are in the way", s.now, out);
      later(s);
    }
  } else if (auto* no = std::get_if<store::rejected>(&outcome)) {
    batch_.refused(*no, s.now);
    undo_commit(false);
    if (no->why.code != errc::not_connected) {
      problem_once("commit", no->why, out);
    }
    problems_.failing(locking, no->why.text, s.now, out);
    later(s);
  } else {
    ++counters_.lock_unknowns;
    problems_.failing(locking, "its outcome is unknown", s.now, out);
    undo_commit(true);
  }
  // Whatever became of it: what is wanted may have changed since it was sent.
  for (const auto& ref : std::exchange(commit_items_, {})) {
    if (auto i = entries_.find(ref); i != entries_.end()) {
      settle_entry(ref, i->second);
    }
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_read(std::uint64_t request, const store::read_outcome& outcome, step s) {
  effects out;
  auto i = reads_.find(request);
  if (i == reads_.end()) {
    return out;
  }
  auto q = std::move(i->second);
  reads_.erase(i);
  const bool about_locks =
    q.what == ask::lock_list || q.what == ask::lock_data || q.what == ask::scan_jobs || q.what == ask::scan_locks;
  if (about_locks) {
    lock_read_ = false;
  } else {
    assigned_reading_ = false;
  }
  if (outcome.status != read_status::ok || q.session != session_) {
    // Entries keep their state and are asked about again.
    if (!about_locks) {
      assigned_dirty_ = true;
    } else if (q.what == ask::scan_locks) {
      scan_pending_ = true;
    } else if (q.what == ask::lock_list) {
      list_jobs_.insert(q.jobs.begin(), q.jobs.end());
    }
    if (outcome.status == read_status::rejected) {
      problem_once("read", {errc::internal, outcome.text}, out);
    }
    if (outcome.status != read_status::ok) {
      problems_.failing(reading, outcome.text, s.now, out);
    }
    later(s);
    progress(s, out);
    return out;
  }
  relieve("read", out);
  problems_.works(reading, out);
  changed_ = true;
  switch (q.what) {
  case ask::assigned: apply_assigned(outcome, s, out); break;
  case ask::folders:
  case ask::children: apply_folders(q, outcome, out); break;
  case ask::why: apply_why(q, outcome); break;
  case ask::lock_list: apply_lock_list(q, outcome, s); break;
  case ask::lock_data: apply_lock_data(q, outcome, s, out); break;
  case ask::scan_jobs:
  case ask::scan_locks: apply_scan(q, outcome); break;
  }
  progress(s, out);
  return out;
}

} // namespace djm
