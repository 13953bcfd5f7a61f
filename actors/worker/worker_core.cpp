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
    store_(open_problems{"worker"}, backoff{cfg_.backoff_min, cfg_.backoff_max}),
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
    if (store_.writes()) {
      undo_commit(true);
      changing_.clear();
    }
    store_.drop();
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
    store_.retry_now();
    store_.reset_backoff();
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
  store_.on_wake(s);
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  const auto q = store_.answered(request);
  if (!q) {
    return out;
  }
  changed_ = true;
  q->then(*this, outcome, s, out);
  // Whatever became of it: what is wanted may have changed since it was sent.
  for (const auto& ref : std::exchange(changing_, {})) {
    if (auto i = entries_.find(ref); i != entries_.end()) {
      settle_entry(ref, i->second);
    }
  }
  progress(s, out);
  return out;
}

worker_core::effects worker_core::on_read(std::uint64_t request, const store::read_outcome& outcome, step s) {
  effects out;
  const auto q = store_.answered(request, outcome, out);
  if (!q) {
    return out;
  }
  if (!q->ok()) {
    // Entries keep their state and are asked about again.
    if (q->topic == topic::assigned) {
      assigned_dirty_ = true;
    } else if (q->topic == topic::scan_locks) {
      scan_pending_ = true;
    } else if (q->topic == topic::lock_list) {
      for (const auto& [op, answer] : q->asked) {
        list_jobs_.emplace(store::name_of(op.path));
      }
    }
    if (q->status == read_status::rejected) {
      store_.complain("read", {errc::internal, q->text}, out);
    }
    store_.failing(reading, q->text, s.now, out);
    retry(s);
    progress(s, out);
    return out;
  }
  store_.relieve("read", out);
  store_.works(reading, out);
  changed_ = true;
  q->then(*this, s, out);
  progress(s, out);
  return out;
}

} // namespace djm
