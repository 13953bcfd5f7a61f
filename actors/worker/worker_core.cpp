#include "actors/worker/worker_core.hpp"

#include <utility>

#include "zkstore/payloads.hpp"

namespace djm {

using store::read_status;

worker_core::worker_core(settings s)
  : cfg_(std::move(s)), tree_(cfg_.root), lease_(cfg_.detach_tolerance, cfg_.stop_grace),
    backoff_(cfg_.backoff_min, cfg_.backoff_max), scan_pending_(cfg_.rebuilt) {}

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
      settle_entry(ref, e);
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
        settle_entry(met, e);
      } else {
        e.uncertain = true;
        touch(met);
      }
    } else if (c->code == store::rc::node_exists) {
      list_jobs_.insert(met.job);
    } else if (c->code == store::rc::no_node) {
      folders_.erase(met.job);
    }
    // Each of these conflicts teaches something; one that does not go away must not spin.
    if (++conflict_streak_ > 5) {
      later(s);
    }
  } else if (auto* no = std::get_if<store::rejected>(&outcome)) {
    undo_commit(false);
    if (no->why.code != errc::not_connected) {
      problem_once("commit", no->why, out);
    }
    later(s);
  } else {
    ++counters_.lock_unknowns;
    undo_commit(true);
  }
  commit_items_.clear();
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
  const bool about_locks = q.what == ask::lock_list || q.what == ask::lock_data || q.what == ask::scan_jobs ||
                           q.what == ask::scan_locks;
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
    later(s);
    progress(s, out);
    return out;
  }
  changed_ = true;
  switch (q.what) {
  case ask::assigned:
    apply_assigned(outcome, s, out);
    break;
  case ask::folders:
  case ask::children:
    apply_folders(q, outcome, out);
    break;
  case ask::lock_list:
    apply_lock_list(q, outcome, s);
    break;
  case ask::lock_data:
    apply_lock_data(q, outcome, s, out);
    break;
  case ask::scan_jobs:
  case ask::scan_locks:
    apply_scan(q, outcome);
    break;
  }
  progress(s, out);
  return out;
}

// -- progress -----------------------------------------------------------------

void worker_core::progress(step s, effects& out) {
  if (online()) {
    if (assigned_dirty_ && !assigned_reading_ && !retry_at_) {
      start_assigned_read(out);
    }
    if (!lock_read_ && commit_request_ == 0 && !retry_at_) {
      if (!start_verification(out) && !start_lock_reads(out)) {
        start_commit(s, out);
      }
    }
  }
  flush(out);
  check_settled(out);
  check_drained(out);
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
  return jobs_.count(ref.job) > 0 ? stop_reason::revoked : stop_reason::disabled;
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
  if (e.lock == lock_state::none || e.lock == lock_state::taken) {
    touch(ref);
  }
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
  question q{};
  std::vector<store::read_op> reads;
  for (const auto& ref : pending_) {
    auto i = entries_.find(ref);
    if (i == entries_.end() || !i->second.uncertain) {
      continue;
    }
    q.items.push_back(ref);
    reads.push_back(store::get(tree_.lock(ref.job, ref.item)));
    if (reads.size() >= cfg_.read_batch) {
      break;
    }
  }
  if (!reads.empty()) {
    ++counters_.rereads;
    send_read(ask::lock_data, std::move(reads), std::move(q), true, out);
    return true;
  }
  if (scan_pending_) {
    send_read(ask::scan_jobs, {store::children(tree_.locks())}, std::move(q), true, out);
    return true;
  }
  if (!scan_list_.empty()) {
    for (auto& job : scan_list_) {
      reads.push_back(store::children(tree_.locks(job)));
      q.jobs.push_back(std::move(job));
    }
    scan_list_.clear();
    send_read(ask::scan_locks, std::move(reads), std::move(q), true, out);
    return true;
  }
  if (!verified_) {
    verified_ = true;
    lease_.verified(session_, timeout_);
  }
  return false;
}

bool worker_core::start_lock_reads(effects& out) {
  question q{};
  std::vector<store::read_op> reads;
  if (!list_jobs_.empty()) {
    for (const auto& job : list_jobs_) {
      q.jobs.push_back(job);
      reads.push_back(store::children(tree_.locks(job), child_watches_.count(job) > 0));
    }
    list_jobs_.clear();
    send_read(ask::lock_list, std::move(reads), std::move(q), true, out);
    return true;
  }
  for (const auto& ref : pending_) {
    auto i = entries_.find(ref);
    if (i == entries_.end() || i->second.lock != lock_state::taken || i->second.uncertain) {
      continue;
    }
    if (watched_.count(ref) == 0 && watched_.size() + reads.size() >= cfg_.max_lock_watches) {
      // Too many locks to watch one by one: one watch on the folder tells of every change in it.
      child_watches_.insert(ref.job);
      list_jobs_.insert(ref.job);
      continue;
    }
    q.items.push_back(ref);
    reads.push_back(store::get(tree_.lock(ref.job, ref.item), true));
    if (reads.size() >= cfg_.read_batch) {
      break;
    }
  }
  if (reads.empty()) {
    return list_jobs_.empty() ? false : start_lock_reads(out);
  }
  send_read(ask::lock_data, std::move(reads), std::move(q), false, out);
  return true;
}

void worker_core::start_assigned_read(effects& out) {
  assigned_dirty_ = false;
  assigned_reading_ = true;
  incoming_.clear();
  send_read(ask::assigned, {store::get(tree_.assigned(cfg_.node), true), store::children(tree_.assigned(cfg_.node))},
            {}, false, out);
}

void worker_core::send_read(ask what, std::vector<store::read_op> reads, question q, bool fresh, effects& out) {
  q.what = what;
  q.session = session_;
  const auto id = next_request_++;
  if (what == ask::assigned || what == ask::folders || what == ask::children) {
    assigned_reading_ = true;
  } else {
    lock_read_ = true;
  }
  reads_.emplace(id, std::move(q));
  out.push_back(read_effect{id, std::move(reads), fresh});
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
    if (creates.size() + removes.size() + 2 > cfg_.max_transaction_ops || bytes > max_bytes - 2048) {
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
    } else if (e.lock != lock_state::taken && !e.uncertain) {
      idle.push_back(ref);
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
  // Every multi of a worker checks its registration. Setting it to what it is does the same and, where locks are created,
  // also tells the zxid of the transaction: the fencing token, without another read.
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
  out.push_back(commit_effect{commit_request_, std::move(txn)});
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

// -- what is assigned -----------------------------------------------------------

void worker_core::apply_assigned(const store::read_outcome& r, step s, effects& out) {
  const auto path = tree_.assigned(cfg_.node);
  const auto& node = r.results[0];
  if (node.code != store::rc::ok || r.results[1].code != store::rc::ok) {
    problem_once("assigned", {errc::malformed_payload, path + ": cannot be read: " + to_string(node.code)}, out);
    assigned_dirty_ = true;
    later(s);
    return;
  }
  if (!node.watched) {
    assigned_dirty_ = true; // no watch to be had: ask again
    later(s);
  }
  auto payload = store::decode<store::assigned_payload>(node.data, path);
  if (!payload) {
    // What it said before still holds as far as we know; the leader writes it anew.
    problem_once("assigned", payload.error(), out);
    return;
  }
  problems_.erase("assigned");
  if (payload->incarnation != cfg_.incarnation) {
    assigned_.clear();
    assigned_known_ = true;
    apply_wanted();
    return;
  }
  question q{};
  std::vector<store::read_op> reads;
  for (const auto& job : r.results[1].children) {
    const bool known = assigned_.count(job) > 0;
    q.jobs.push_back(job);
    q.listed.push_back(!known);
    reads.push_back(known ? store::exists(tree_.assigned(cfg_.node, job))
                          : store::children(tree_.assigned(cfg_.node, job)));
  }
  incoming_.clear();
  if (reads.empty()) {
    image_read();
    return;
  }
  send_read(ask::folders, std::move(reads), std::move(q), false, out);
}

void worker_core::apply_folders(const question& q, const store::read_outcome& r, effects& out) {
  std::vector<job_id> again;
  for (std::size_t i = 0; i < q.jobs.size(); ++i) {
    const auto& job = q.jobs[i];
    const auto& res = r.results[i];
    if (res.code != store::rc::ok) {
      continue; // gone meanwhile
    }
    if (q.listed[i]) {
      incoming_[job] = {res.stat.pzxid, {res.children.begin(), res.children.end()}};
    } else if (auto k = assigned_.find(job); k != assigned_.end() && k->second.pzxid == res.stat.pzxid) {
      incoming_[job] = k->second;
    } else {
      again.push_back(job);
    }
  }
  if (!again.empty()) {
    read_children(std::move(again), out);
    return;
  }
  image_read();
}

void worker_core::read_children(std::vector<job_id> jobs, effects& out) {
  question q{};
  std::vector<store::read_op> reads;
  for (auto& job : jobs) {
    reads.push_back(store::children(tree_.assigned(cfg_.node, job)));
    q.listed.push_back(true);
    q.jobs.push_back(std::move(job));
  }
  send_read(ask::children, std::move(reads), std::move(q), false, out);
}

void worker_core::image_read() {
  assigned_ = std::move(incoming_);
  incoming_.clear();
  assigned_known_ = true;
  apply_wanted();
}

void worker_core::apply_wanted() {
  std::vector<item_ref> refs;
  refs.reserve(entries_.size());
  for (auto& [ref, e] : entries_) {
    auto j = assigned_.find(ref.job);
    e.wanted = j != assigned_.end() && j->second.items.count(ref.item) > 0;
    refs.push_back(ref);
  }
  for (const auto& [job, image] : assigned_) {
    for (const auto& item : image.items) {
      item_ref ref{job, item};
      if (entries_.count(ref) == 0 && is_valid_id(item)) {
        entries_[ref].wanted = true;
        refs.push_back(std::move(ref));
      }
    }
  }
  for (const auto& ref : refs) {
    settle_entry(ref, entries_[ref]);
  }
}

// -- what is locked -------------------------------------------------------------

void worker_core::apply_lock_list(const question& q, const store::read_outcome& r, step s) {
  for (std::size_t i = 0; i < q.jobs.size(); ++i) {
    const auto& job = q.jobs[i];
    const auto& res = r.results[i];
    if (res.code != store::rc::ok) {
      folders_.erase(job);
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
    const bool believed = e.lock == lock_state::held || e.lock == lock_state::removing;
    if (res.code == store::rc::no_node) {
      e.uncertain = false;
      if (believed && (e.lock == lock_state::held || e.granted)) {
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
    }
    if (payload && payload->worker == cfg_.node && payload->incarnation == cfg_.incarnation) {
      const bool same = believed && e.token == res.stat.czxid;
      if (!same && e.granted && !e.revoking) {
        // A run works under a token that is not the lock's any more: it ends before the item goes on.
        revoke_entry(ref, e, stop_reason::lease_expiring);
      }
      e.lock = lock_state::held;
      e.token = res.stat.czxid;
    } else {
      if (e.granted || e.lock == lock_state::held) {
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
        auto [e, added] = entries_.try_emplace(ref);
        if (added || e->second.lock == lock_state::none) {
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
    out.push_back(renew_lease{*lease_.run_until(), *lease_.deadline()});
  }
}

void worker_core::later(step s) {
  if (!retry_at_) {
    retry_at_ = s.now + backoff_.draw(s.entropy);
  }
}

void worker_core::problem_once(const std::string& key, error why, effects& out) {
  auto& known = problems_[key];
  if (known != why.text) {
    known = why.text;
    out.push_back(emit_effect{problem{"worker", std::move(why)}});
  }
}

void worker_core::check_settled(effects& out) {
  if (!changed_) {
    return;
  }
  changed_ = false;
  bool settled = online() && verified_ && assigned_known_ && !assigned_dirty_ && !assigned_reading_;
  if (settled) {
    for (const auto& [ref, e] : entries_) {
      if (wants(ref, e) && (e.lock != lock_state::held || !e.granted || e.revoking)) {
        settled = false;
        break;
      }
    }
  }
  if (settled != settled_) {
    settled_ = settled;
    out.push_back(settled_changed{settled});
  }
}

void worker_core::check_drained(effects& out) {
  if (!draining_ || drained_) {
    return;
  }
  if (!(hurry_ && !online())) {
    if (commit_request_ != 0) {
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
      st.waiting[ref.job + ":" + ref.item] = e.holder;
    }
  }
  if (lease_.deadline()) {
    st.lease_left = duration{*lease_.deadline() - now};
  }
  for (const auto& [key, text] : problems_) {
    st.problems.push_back(text);
  }
  st.counters = counters_;
  return st;
}

} // namespace djm
