#include "actors/node/admin_core.hpp"

#include <algorithm>
#include <utility>

#include "actors/election/election_core.hpp"

namespace djm {

using store::rc;

admin_core::admin_core(settings s)
  : cfg_(std::move(s)), tree_(cfg_.root), backoff_(cfg_.backoff_min, cfg_.backoff_max) {}

admin_core::effects admin_core::ask(std::uint64_t id, wish w, step s) {
  effects out;
  if (queue_.size() >= cfg_.backlog_limit) {
    out.push_back(
      done{id, fail(errc::backlog_full, "node \"" + cfg_.node + "\" holds " + std::to_string(queue_.size()) +
                                          " requests back already, its limit")});
    return out;
  }
  queue_.push_back({id, std::move(w), s.now + cfg_.patience});
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_session(const store::session_view& view, step s) {
  effects out;
  const bool was = connected_;
  connected_ = view.phase == store::session_phase::connected;
  session_ = view.number;
  if (!connected_ && was && view.phase != store::session_phase::suspended) {
    request_ = 0;
    stage_ = stage::idle;
  }
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_joined(bool joined, step s) {
  effects out;
  joined_ = joined;
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_stop() {
  effects out;
  for (const auto& w : queue_) {
    out.push_back(done{w.id, fail(errc::shutting_down, "node \"" + cfg_.node + "\" is shutting down")});
  }
  queue_.clear();
  request_ = 0;
  stage_ = stage::idle;
  return out;
}

std::optional<time_point> admin_core::wake_at() const {
  if (queue_.empty()) {
    return std::nullopt;
  }
  // While we are not connected requests wait; the first of them knows until when.
  return earliest(retry_at_, queue_.front().until);
}

admin_core::effects admin_core::on_wake(step s) {
  effects out;
  while (!queue_.empty() && s.now >= queue_.front().until) {
    auto why = !connected_ || !joined_ ? error{errc::not_connected, "node \"" + cfg_.node + "\" is not connected"}
                                       : error{errc::timed_out, "the store did not take it: " + obstacle_};
    request_ = 0;
    stage_ = stage::idle;
    answer(tl::make_unexpected(std::move(why)), out);
  }
  if (retry_at_ && s.now >= *retry_at_) {
    retry_at_.reset();
  }
  next(s, out);
  return out;
}

void admin_core::next(step s, effects& out) {
  (void) s;
  if (queue_.empty() || !connected_ || !joined_ || stage_ != stage::idle || retry_at_) {
    return;
  }
  const auto& w = queue_.front().what;
  if (const auto* j = std::get_if<set_job_enabled>(&w)) {
    read(stage::reading, {store::get(tree_.pool_version()), store::get(tree_.pool(j->job))}, true, out);
  } else if (std::holds_alternative<set_all_disabled>(w)) {
    read(stage::reading, {store::get(tree_.pool_version()), store::get(tree_.pools())}, true, out);
  } else if (std::holds_alternative<remove_job>(w)) {
    read(stage::offers, {store::get(tree_.worker_version()), store::children(tree_.alive())}, true, out);
  } else if (const auto* m = std::get_if<set_marks>(&w)) {
    read(stage::reading,
         {store::get(tree_.worker_version()), store::get(tree_.mark(m->worker)), store::get(tree_.worker(m->worker))},
         true, out);
  } else {
    view_ = {};
    read(stage::view_base,
         {store::children(tree_.workers()), store::children(tree_.alive()), store::get(tree_.pools()),
          store::children(tree_.pools()), store::children(tree_.latches()), store::children(tree_.marks())},
         false, out);
  }
}

void admin_core::read(stage st, std::vector<store::read_op> ops, bool fresh, effects& out) {
  stage_ = st;
  request_ = next_request_++;
  out.push_back(read_effect{request_, std::move(ops), fresh});
}

void admin_core::answer(expected<void> result, effects& out) {
  out.push_back(done{queue_.front().id, std::move(result)});
  queue_.pop_front();
  backoff_.reset();
  retry_at_.reset();
}

void admin_core::again(step s, std::string why) {
  obstacle_ = std::move(why);
  retry_at_ = s.now + backoff_.draw(s.entropy);
}

admin_core::effects admin_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  const auto what = std::exchange(stage_, stage::idle);
  if (r.status != store::read_status::ok) {
    again(s, "a read failed: " + r.text);
    return out;
  }
  switch (what) {
  case stage::offers: read_offers(r, out); break;
  case stage::reading: decide(r, s, out); break;
  case stage::view_base: view_base(r, out); break;
  case stage::view_details: view_details(r, out); break;
  case stage::view_items: view_items(r, out); break;
  default: break;
  }
  next(s, out);
  return out;
}

admin_core::effects admin_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  stage_ = stage::idle;
  if (std::holds_alternative<store::committed>(outcome)) {
    answer({}, out);
  } else if (const auto* no = std::get_if<store::rejected>(&outcome);
             no != nullptr && no->why.code != errc::not_connected && no->why.code != errc::timed_out) {
    answer(tl::make_unexpected(no->why), out);
  } else {
    // Known or not: reading again shows whether it stands.
    again(s, std::holds_alternative<store::conflict>(outcome) ? "others keep changing it" : "its outcome is unknown");
  }
  next(s, out);
  return out;
}

void admin_core::decide(const store::read_outcome& r, step s, effects& out) {
  const auto& version = r.results[0];
  const auto& subject = r.results[1];
  const auto& w = queue_.front().what;
  store::transaction txn;
  txn.ops.push_back(store::check_op{tree_.alive(cfg_.node)});
  if (const auto* j = std::get_if<set_job_enabled>(&w)) {
    if (subject.code != rc::ok && j->offered) {
      again(s, "the work pool of job \"" + j->job + "\" is not written yet");
      return;
    }
    if (subject.code != rc::ok) {
      answer(fail(errc::unknown_job, "job \"" + j->job + "\" is not in the cluster's work pool"), out);
      return;
    }
    auto p = store::decode<store::pool_payload>(subject.data, tree_.pool(j->job));
    if (!p) {
      answer(tl::make_unexpected(p.error()), out);
      return;
    }
    if (p->enabled == j->enabled) {
      answer({}, out);
      return;
    }
    p->enabled = j->enabled;
    txn.ops.push_back(bump(tree_.pool_version(), version.stat.version));
    txn.ops.push_back(store::set_op{tree_.pool(j->job), store::encode(*p, subject.data), subject.stat.version});
  } else if (const auto* a = std::get_if<set_all_disabled>(&w)) {
    store::pools_payload p;
    if (auto have = store::decode<store::pools_payload>(subject.data, tree_.pools())) {
      p = *have;
    }
    if (subject.code == rc::ok && p.all_disabled == a->disabled) {
      answer({}, out);
      return;
    }
    p.all_disabled = a->disabled;
    txn.ops.push_back(bump(tree_.pool_version(), version.stat.version));
    txn.ops.push_back(store::set_op{tree_.pools(), store::encode(p, subject.data), subject.stat.version});
  } else if (const auto* x = std::get_if<remove_job>(&w)) {
    if (!decide_removal(*x, r, s, txn, out)) {
      return;
    }
  } else if (const auto* m = std::get_if<set_marks>(&w)) {
    // A version without `marks/<w>` may have marked the registration: what is said there counts until it is overruled.
    const auto former = store::decode<store::mark_payload>(r.results[2].data, {}).value_or(store::mark_payload{});
    auto p = former;
    if (subject.code == rc::ok) {
      auto have = store::decode<store::mark_payload>(subject.data, tree_.mark(m->worker));
      if (!have) {
        answer(tl::make_unexpected(have.error()), out);
        return;
      }
      p = *have;
    }
    const auto before = p;
    p.draining = m->draining.value_or(p.draining);
    p.cordoned = m->cordoned.value_or(p.cordoned);
    if (p == before) {
      answer({}, out);
      return;
    }
    txn.ops.push_back(bump(tree_.worker_version(), version.stat.version));
    if (subject.code != rc::ok) {
      txn.ops.push_back(store::create_op{tree_.mark(m->worker), store::encode(p), store::create_mode::persistent});
    } else if (!p.draining && !p.cordoned && former == p) {
      txn.ops.push_back(store::remove_op{tree_.mark(m->worker), subject.stat.version});
    } else {
      txn.ops.push_back(store::set_op{tree_.mark(m->worker), store::encode(p, subject.data), subject.stat.version});
    }
  }
  stage_ = stage::writing;
  request_ = next_request_++;
  out.push_back(commit_effect{request_, session_, std::move(txn)});
}

// -- the cluster view -------------------------------------------------------------

void admin_core::view_base(const store::read_outcome& r, effects& out) {
  workers_ = r.results[0].children;
  alive_ = r.results[1].children;
  for (const auto& w : alive_) {
    if (!std::binary_search(workers_.begin(), workers_.end(), w)) {
      view_.problems.push_back(tree_.alive(w) + ": alive without a registration in " + tree_.workers());
    }
  }
  jobs_ = r.results[3].children;
  marked_.clear();
  std::copy_if(r.results[5].children.begin(), r.results[5].children.end(), std::back_inserter(marked_), is_valid_id);
  auto pools = store::decode<store::pools_payload>(r.results[2].data, tree_.pools());
  if (pools) {
    view_.all_disabled = pools->all_disabled;
  } else {
    view_.problems.push_back(pools.error().text);
  }
  latches_.clear();
  for (const auto& name : r.results[4].children) {
    if (!candidate_worker(name).empty()) {
      latches_.push_back(name);
    }
  }
  std::sort(latches_.begin(), latches_.end(),
            [](const std::string& a, const std::string& b) { return *store::sequence_of(a) < *store::sequence_of(b); });
  std::vector<store::read_op> ops;
  for (const auto& w : workers_) {
    ops.push_back(store::get(tree_.worker(w)));
    ops.push_back(store::children(tree_.available(w)));
    ops.push_back(store::children(tree_.assigned(w)));
    ops.push_back(store::get(tree_.alive(w)));
  }
  for (const auto& j : jobs_) {
    ops.push_back(store::get(tree_.pool(j)));
    ops.push_back(store::children(tree_.pool(j)));
  }
  for (const auto& w : marked_) {
    ops.push_back(store::get(tree_.mark(w)));
  }
  for (const auto& name : latches_) {
    ops.push_back(store::exists(tree_.latch(name)));
  }
  if (ops.empty()) {
    out.push_back(viewed{queue_.front().id, std::move(view_)});
    queue_.pop_front();
    return;
  }
  read(stage::view_details, std::move(ops), false, out);
}

void admin_core::view_details(const store::read_outcome& r, effects& out) {
  std::size_t i = 0;
  folders_.clear();
  for (const auto& w : workers_) {
    const auto& reg = r.results[i++];
    const auto& available = r.results[i++];
    const auto& assigned = r.results[i++];
    const auto& alive = r.results[i++];
    worker_view v;
    v.id = w;
    v.jobs = available.children;
    bool left = false;
    if (auto p = store::decode<store::worker_payload>(reg.data, tree_.worker(w))) {
      v.incarnation = p->incarnation;
      v.zone = p->zone;
      if (const auto m = store::decode<store::mark_payload>(reg.data, tree_.worker(w))) {
        v.draining = m->draining;
        v.cordoned = m->cordoned;
      }
      left = p->left;
    } else if (reg.code == rc::ok) {
      view_.problems.push_back(p.error().text);
    }
    v.state = held_by_session(alive) ? "alive" : left ? "left" : "gone";
    if (alive.code == rc::ok && !held_by_session(alive)) {
      view_.problems.push_back(tree_.alive(w) + ": not ephemeral, so nobody's life");
    } else if (alive.code == rc::ok) {
      if (auto p = store::decode<store::alive_payload>(alive.data, tree_.alive(w))) {
        v.incarnation = p->incarnation;
        v.host = p->host;
        v.pid = p->pid;
        v.software_version = p->software_version;
      } else {
        view_.problems.push_back(p.error().text);
      }
    }
    for (const auto& job : assigned.children) {
      folders_.emplace_back(w, job);
    }
    view_.workers.push_back(std::move(v));
  }
  for (const auto& j : jobs_) {
    const auto& data = r.results[i++];
    const auto& list = r.results[i++];
    job_view v;
    v.id = j;
    if (auto p = store::decode<store::pool_payload>(data.data, tree_.pool(j))) {
      v.enabled = p->enabled;
      v.strategy = p->attributes.strategy.empty() ? "balanced" : p->attributes.strategy;
      v.last_writer = p->last_writer;
    } else if (data.code == rc::ok) {
      view_.problems.push_back(p.error().text);
    }
    for (const auto& item : list.children) {
      item_view x;
      x.item = item;
      v.items.push_back(std::move(x));
    }
    view_.jobs.push_back(std::move(v));
  }
  for (const auto& id : marked_) {
    view_mark(id, r.results[i++]);
  }
  for (const auto& name : latches_) {
    const auto& latch = r.results[i++];
    if (held_by_session(latch) && view_.leader.empty()) {
      view_.leader = candidate_worker(name);
      view_.epoch = latch.stat.czxid;
    } else if (latch.code == rc::ok && !held_by_session(latch)) {
      view_.problems.push_back(tree_.latch(name) + ": not ephemeral, so no candidate");
    }
  }
  std::vector<store::read_op> ops;
  for (const auto& [w, j] : folders_) {
    ops.push_back(store::children(tree_.assigned(w, j)));
  }
  locks_.clear();
  std::size_t items = 0;
  for (const auto& j : view_.jobs) {
    items += j.items.size();
  }
  if (items <= cfg_.max_lock_reads) {
    for (std::size_t j = 0; j < view_.jobs.size(); ++j) {
      for (std::size_t k = 0; k < view_.jobs[j].items.size(); ++k) {
        locks_.emplace_back(j, k);
        ops.push_back(store::get(tree_.lock(view_.jobs[j].id, view_.jobs[j].items[k].item)));
      }
    }
  } else {
    view_.problems.push_back("lock holders are left out above " + std::to_string(cfg_.max_lock_reads) + " items");
  }
  if (ops.empty()) {
    out.push_back(viewed{queue_.front().id, std::move(view_)});
    queue_.pop_front();
    return;
  }
  read(stage::view_items, std::move(ops), false, out);
}

void admin_core::view_mark(const node_id& id, const store::read_result& r) {
  const auto m = store::decode<store::mark_payload>(r.data, tree_.mark(id));
  if (!m) {
    if (r.code == rc::ok) {
      view_.problems.push_back(m.error().text);
    }
    return;
  }
  const auto at = std::lower_bound(view_.workers.begin(), view_.workers.end(), id,
                                   [](const worker_view& w, const node_id& name) { return w.id < name; });
  auto w = at;
  if (w == view_.workers.end() || w->id != id) {
    worker_view expected;
    expected.id = id;
    expected.state = "expected";
    w = view_.workers.insert(at, std::move(expected));
  }
  w->draining = m->draining;
  w->cordoned = m->cordoned;
}

void admin_core::view_items(const store::read_outcome& r, effects& out) {
  std::size_t i = 0;
  auto worker_of = [this](const node_id& id) {
    return std::find_if(view_.workers.begin(), view_.workers.end(), [&](const auto& w) { return w.id == id; });
  };
  for (const auto& [worker, job] : folders_) {
    const auto& x = r.results[i++];
    auto j = std::find_if(view_.jobs.begin(), view_.jobs.end(), [&, id = job](const auto& v) { return v.id == id; });
    auto w = worker_of(worker);
    for (const auto& item : x.children) {
      w->items += 1;
      if (j == view_.jobs.end()) {
        continue;
      }
      auto k = std::lower_bound(j->items.begin(), j->items.end(), item,
                                [](const item_view& v, const std::string& name) { return v.item < name; });
      if (k != j->items.end() && k->item == item) {
        k->owner = worker;
      }
    }
  }
  for (const auto& [j, k] : locks_) {
    const auto& x = r.results[i++];
    if (x.code != rc::ok) {
      continue;
    }
    auto& item = view_.jobs[j].items[k];
    item.token = x.stat.czxid;
    if (auto p = store::decode<store::lock_payload>(x.data, tree_.lock(view_.jobs[j].id, item.item))) {
      item.holder = p->worker;
    } else {
      view_.problems.push_back(p.error().text);
    }
  }
  for (auto& j : view_.jobs) {
    const bool offered = std::any_of(view_.workers.begin(), view_.workers.end(), [&](const worker_view& w) {
      return w.state == "alive" && std::binary_search(w.jobs.begin(), w.jobs.end(), j.id);
    });
    for (auto& item : j.items) {
      if (item.owner.empty()) {
        item.reason = view_.all_disabled ? "all jobs are disabled"
                      : !j.enabled       ? "the job is disabled"
                      : !offered         ? "no live worker offers the job"
                                         : "not placed yet; the leader's status tells why";
      }
    }
  }
  out.push_back(viewed{queue_.front().id, std::move(view_)});
  queue_.pop_front();
}

} // namespace djm
