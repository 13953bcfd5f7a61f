#include "actors/node/admin_core.hpp"

#include <algorithm>
#include <utility>

#include "actors/election/election_core.hpp"

namespace djm {

using store::rc;

admin_core::admin_core(settings s)
  : cfg_(std::move(s)), tree_(cfg_.root), store_(open_problems{"admin"}, backoff{cfg_.backoff_min, cfg_.backoff_max}) {}

admin_core::effects admin_core::ask(std::uint64_t id, wish w, step s) {
  effects out;
  if (queue_.size() >= cfg_.backlog_limit) {
    out.push_back(
      done{id, fail(errc::backlog_full, "node \"" + cfg_.node + "\" holds " + std::to_string(queue_.size()) +
                                          " requests back already, its limit")});
    return out;
  }
  queue_.push_back({id, std::move(w), s.now + cfg_.patience});
  next(out);
  return out;
}

admin_core::effects admin_core::on_session(const store::session_view& view, step) {
  effects out;
  const bool was = connected_;
  connected_ = view.phase == store::session_phase::connected;
  session_ = view.number;
  if (!connected_ && was && view.phase != store::session_phase::suspended) {
    store_.drop();
  }
  next(out);
  return out;
}

admin_core::effects admin_core::on_joined(bool joined, step) {
  effects out;
  joined_ = joined;
  next(out);
  return out;
}

admin_core::effects admin_core::on_stop() {
  effects out;
  for (const auto& w : queue_) {
    out.push_back(done{w.id, fail(errc::shutting_down, "node \"" + cfg_.node + "\" is shutting down")});
  }
  queue_.clear();
  store_.drop();
  return out;
}

std::optional<time_point> admin_core::wake_at() const {
  if (queue_.empty()) {
    return std::nullopt;
  }
  // While we are not connected requests wait; the first of them knows until when.
  return earliest(store_.retry_at(), queue_.front().until);
}

admin_core::effects admin_core::on_wake(step s) {
  effects out;
  while (!queue_.empty() && s.now >= queue_.front().until) {
    auto why = !connected_ || !joined_ ? error{errc::not_connected, "node \"" + cfg_.node + "\" is not connected"}
                                       : error{errc::timed_out, "the store did not take it: " + obstacle_};
    store_.drop();
    answer(tl::make_unexpected(std::move(why)), out);
  }
  store_.on_wake(s);
  next(out);
  return out;
}

void admin_core::next(effects& out) {
  if (!queue_.empty() && connected_ && joined_ && store_.idle() && !store_.retry_at()) {
    std::visit([&](const auto& w) { begin(w, out); }, queue_.front().what);
  }
}

void admin_core::answer(expected<void> result, effects& out) {
  out.push_back(done{queue_.front().id, std::move(result)});
  queue_.pop_front();
  store_.reset_backoff();
  store_.retry_now();
}

void admin_core::again(step s, std::string why) {
  obstacle_ = std::move(why);
  store_.retry(s);
}

admin_core::effects admin_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  const auto q = store_.answered(request, r, out);
  if (!q) {
    return out;
  }
  if (!q->ok()) {
    again(s, "a read failed: " + q->text);
    return out;
  }
  q->then(*this, s, out);
  next(out);
  return out;
}

admin_core::effects admin_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  if (!store_.answered(request)) {
    return out;
  }
  if (std::holds_alternative<store::committed>(outcome)) {
    answer({}, out);
  } else if (const auto* no = std::get_if<store::rejected>(&outcome);
             no != nullptr && no->why.code != errc::not_connected && no->why.code != errc::timed_out) {
    answer(tl::make_unexpected(no->why), out);
  } else {
    // Known or not: reading again shows whether it stands.
    again(s, std::holds_alternative<store::conflict>(outcome) ? "others keep changing it" : "its outcome is unknown");
  }
  next(out);
  return out;
}

// -- switches and marks -------------------------------------------------------------

/// The guards of a change: this node is alive, and what the version node guards is as it was read.
store::transaction admin_core::change(const std::string& version_path, const store::read_result& version) const {
  const store::version_payload p{cfg_.incarnation + "-d" + std::to_string(store_.numbers().next())};
  return {
    {store::check_op{tree_.alive(cfg_.node)}, store::set_op{version_path, store::encode(p), version.stat.version}}};
}

void admin_core::write(store::transaction txn, effects& out) {
  store_.commit({}, session_, std::move(txn), out);
}

void admin_core::begin(const set_job_enabled& x, effects& out) {
  read_batch ask;
  const pool_slots slots{ask.get(tree_.pool_version()), ask.get(tree_.pool(x.job))};
  store_.read({}, ask, true, out, &admin_core::switch_one, slots);
}

void admin_core::switch_one(const pool_slots& slots, step s, effects& out) {
  const auto& x = std::get<set_job_enabled>(queue_.front().what);
  const auto& pool = *slots.pool;
  if (pool.code != rc::ok && x.offered) {
    again(s, "the work pool of job \"" + x.job + "\" is not written yet");
    return;
  }
  if (pool.code != rc::ok) {
    answer(fail(errc::unknown_job, "job \"" + x.job + "\" is not in the cluster's work pool"), out);
    return;
  }
  auto p = store::decode<store::pool_payload>(pool.data, tree_.pool(x.job));
  if (!p || p->enabled == x.enabled) {
    answer(p ? expected<void>{} : tl::make_unexpected(p.error()), out);
    return;
  }
  p->enabled = x.enabled;
  auto txn = change(tree_.pool_version(), *slots.version);
  txn.ops.push_back(store::set_op{tree_.pool(x.job), store::encode(*p, pool.data), pool.stat.version});
  write(std::move(txn), out);
}

void admin_core::begin(const set_all_disabled&, effects& out) {
  read_batch ask;
  const pool_slots slots{ask.get(tree_.pool_version()), ask.get(tree_.pools())};
  store_.read({}, ask, true, out, &admin_core::switch_everything, slots);
}

void admin_core::switch_everything(const pool_slots& slots, step, effects& out) {
  const auto disabled = std::get<set_all_disabled>(queue_.front().what).disabled;
  const auto& pools = *slots.pool;
  auto p = store::decode<store::pools_payload>(pools.data, tree_.pools()).value_or(store::pools_payload{});
  if (pools.code == rc::ok && p.all_disabled == disabled) {
    answer({}, out);
    return;
  }
  p.all_disabled = disabled;
  auto txn = change(tree_.pool_version(), *slots.version);
  txn.ops.push_back(store::set_op{tree_.pools(), store::encode(p, pools.data), pools.stat.version});
  write(std::move(txn), out);
}

void admin_core::begin(const set_marks& x, effects& out) {
  read_batch ask;
  const mark_slots slots{ask.get(tree_.worker_version()), ask.get(tree_.mark(x.worker)),
                         ask.get(tree_.worker(x.worker))};
  store_.read({}, ask, true, out, &admin_core::mark, slots);
}

void admin_core::mark(const mark_slots& slots, step, effects& out) {
  const auto& x = std::get<set_marks>(queue_.front().what);
  const auto path = tree_.mark(x.worker);
  const auto& subject = *slots.mark;
  // A version without `marks/<w>` may have marked the registration: what is said there counts until it is overruled.
  const auto former = store::decode<store::mark_payload>(slots.registration->data, {}).value_or(store::mark_payload{});
  auto p = former;
  if (subject.code == rc::ok) {
    auto have = store::decode<store::mark_payload>(subject.data, path);
    if (!have) {
      answer(tl::make_unexpected(have.error()), out);
      return;
    }
    p = *have;
  }
  const auto before = p;
  p.draining = x.draining.value_or(p.draining);
  p.cordoned = x.cordoned.value_or(p.cordoned);
  if (p == before) {
    answer({}, out);
    return;
  }
  auto txn = change(tree_.worker_version(), *slots.version);
  if (subject.code != rc::ok) {
    txn.ops.push_back(store::create_op{path, store::encode(p)});
  } else if (!p.draining && !p.cordoned && former == p) {
    txn.ops.push_back(store::remove_op{path, subject.stat.version});
  } else {
    txn.ops.push_back(store::set_op{path, store::encode(p, subject.data), subject.stat.version});
  }
  write(std::move(txn), out);
}

// -- the cluster view -------------------------------------------------------------

void admin_core::begin(const see_cluster&, effects& out) {
  view_ = {};
  read_batch ask;
  const base_slots slots{ask.children(tree_.workers()), ask.children(tree_.alive()),   ask.get(tree_.pools()),
                         ask.children(tree_.pools()),   ask.children(tree_.latches()), ask.children(tree_.marks())};
  store_.read({}, ask, false, out, &admin_core::view_base, slots);
}

void admin_core::view_base(const base_slots& slots, step, effects& out) {
  const auto& workers = slots.workers->children;
  for (const auto& w : slots.alive->children) {
    if (!std::binary_search(workers.begin(), workers.end(), w)) {
      view_.problems.push_back(tree_.alive(w) + ": alive without a registration in " + tree_.workers());
    }
  }
  if (auto pools = store::decode<store::pools_payload>(slots.all_pools->data, tree_.pools())) {
    view_.all_disabled = pools->all_disabled;
  } else {
    view_.problems.push_back(pools.error().text);
  }
  const auto& marks = slots.marks->children;
  std::vector<node_id> marked;
  std::copy_if(marks.begin(), marks.end(), std::back_inserter(marked), is_valid_id);
  std::vector<std::string> latches;
  for (const auto& name : slots.latches->children) {
    if (!candidate_worker(name).empty()) {
      latches.push_back(name);
    }
  }
  std::sort(latches.begin(), latches.end(),
            [](const std::string& a, const std::string& b) { return *store::sequence_of(a) < *store::sequence_of(b); });
  read_batch ask;
  detail_slots details;
  for (const auto& w : workers) {
    details.workers.push_back({w, ask.get(tree_.worker(w)), ask.children(tree_.available(w)),
                               ask.children(tree_.assigned(w)), ask.get(tree_.alive(w))});
  }
  for (const auto& j : slots.pools->children) {
    details.jobs.push_back({j, ask.get(tree_.pool(j)), ask.children(tree_.pool(j))});
  }
  details.marks = ask.each(marked, [this](const node_id& w) { return store::get(tree_.mark(w)); });
  details.latches = ask.each(latches, [this](const std::string& n) { return store::exists(tree_.latch(n)); });
  if (ask.empty()) {
    show_view(out);
    return;
  }
  store_.read({}, ask, false, out, &admin_core::view_details, details);
}

void admin_core::view_details(const detail_slots& slots, step, effects& out) {
  folders_.clear();
  for (const auto& w : slots.workers) {
    view_worker(w);
  }
  for (const auto& j : slots.jobs) {
    view_job(j);
  }
  for (const auto& [id, mark] : slots.marks) {
    view_mark(id, *mark);
  }
  for (const auto& [name, latch] : slots.latches) {
    view_latch(name, *latch);
  }
  read_batch ask;
  const auto folders =
    ask.each(folders_, [this](const folder& f) { return store::children(tree_.assigned(f.worker, f.job)); });
  const auto locks = ask.each(items_with_locks(), [this](const item_place& p) {
    const auto& job = view_.jobs[p.job];
    return store::get(tree_.lock(job.id, job.items[p.item].item));
  });
  if (ask.empty()) {
    show_view(out);
    return;
  }
  store_.read({}, ask, false, out, &admin_core::view_items, folders, locks);
}

void admin_core::view_worker(const worker_slots& slots) {
  const auto& reg = *slots.registration;
  const auto& alive = *slots.alive;
  worker_view v;
  v.id = slots.id;
  v.jobs = slots.available->children;
  bool left = false;
  if (auto p = store::decode<store::worker_payload>(reg.data, tree_.worker(v.id))) {
    v.incarnation = p->incarnation;
    v.zone = p->zone;
    if (const auto m = store::decode<store::mark_payload>(reg.data, tree_.worker(v.id))) {
      v.draining = m->draining;
      v.cordoned = m->cordoned;
    }
    left = p->left;
  } else if (reg.code == rc::ok) {
    view_.problems.push_back(p.error().text);
  }
  v.state = held_by_session(alive) ? worker_state::alive : left ? worker_state::left : worker_state::gone;
  if (alive.code == rc::ok && !held_by_session(alive)) {
    view_.problems.push_back(tree_.alive(v.id) + ": not ephemeral, so nobody's life");
  } else if (alive.code == rc::ok) {
    if (auto p = store::decode<store::alive_payload>(alive.data, tree_.alive(v.id))) {
      v.incarnation = p->incarnation;
      v.host = p->host;
      v.pid = p->pid;
      v.software_version = p->software_version;
    } else {
      view_.problems.push_back(p.error().text);
    }
  }
  for (const auto& job : slots.assigned->children) {
    folders_.push_back({v.id, job});
  }
  view_.workers.push_back(std::move(v));
}

void admin_core::view_job(const job_slots& slots) {
  const auto& data = *slots.pool;
  job_view v;
  v.id = slots.id;
  if (auto p = store::decode<store::pool_payload>(data.data, tree_.pool(v.id))) {
    v.enabled = p->enabled;
    v.strategy = p->attributes.strategy.empty() ? "balanced" : p->attributes.strategy;
    v.last_writer = p->last_writer;
  } else if (data.code == rc::ok) {
    view_.problems.push_back(p.error().text);
  }
  for (const auto& item : slots.items->children) {
    v.items.emplace_back().item = item;
  }
  view_.jobs.push_back(std::move(v));
}

void admin_core::view_latch(const std::string& name, const store::read_result& latch) {
  if (held_by_session(latch) && view_.leader.empty()) {
    view_.leader = candidate_worker(name);
    view_.epoch = latch.stat.czxid;
  } else if (latch.code == rc::ok && !held_by_session(latch)) {
    view_.problems.push_back(tree_.latch(name) + ": not ephemeral, so no candidate");
  }
}

/// Those whose locks are read one by one: all of them, or none where they are too many.
std::vector<admin_core::item_place> admin_core::items_with_locks() {
  std::vector<item_place> places;
  for (std::size_t j = 0; j < view_.jobs.size(); ++j) {
    for (std::size_t k = 0; k < view_.jobs[j].items.size(); ++k) {
      places.push_back({j, k});
    }
  }
  if (places.size() > cfg_.max_lock_reads) {
    view_.problems.push_back("lock holders are left out above " + std::to_string(cfg_.max_lock_reads) + " items");
    places.clear();
  }
  return places;
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
    expected.state = worker_state::expected;
    w = view_.workers.insert(at, std::move(expected));
  }
  w->draining = m->draining;
  w->cordoned = m->cordoned;
}

void admin_core::view_items(const read_slots<folder>& folders, const read_slots<item_place>& locks, step,
                            effects& out) {
  for (const auto& [where, list] : folders) {
    const auto& [worker, job] = where;
    auto j = std::find_if(view_.jobs.begin(), view_.jobs.end(), [&, id = job](const auto& v) { return v.id == id; });
    auto w =
      std::find_if(view_.workers.begin(), view_.workers.end(), [&, id = worker](const auto& v) { return v.id == id; });
    for (const auto& item : list->children) {
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
  for (const auto& [place, lock] : locks) {
    if (lock->code != rc::ok) {
      continue;
    }
    auto& job = view_.jobs[place.job];
    auto& item = job.items[place.item];
    item.token = lock->stat.czxid;
    if (auto p = store::decode<store::lock_payload>(lock->data, tree_.lock(job.id, item.item))) {
      item.holder = p->worker;
    } else {
      view_.problems.push_back(p.error().text);
    }
  }
  explain_items();
  show_view(out);
}

/// Why items have no owner.
void admin_core::explain_items() {
  for (auto& j : view_.jobs) {
    const bool offered = std::any_of(view_.workers.begin(), view_.workers.end(), [&](const worker_view& w) {
      return w.state == worker_state::alive && std::binary_search(w.jobs.begin(), w.jobs.end(), j.id);
    });
    for (auto& item : j.items) {
      if (item.owner.empty()) {
        item.why = view_.all_disabled ? item_reason::all_disabled
                   : !j.enabled       ? item_reason::job_disabled
                   : !offered         ? item_reason::not_offered
                                      : item_reason::not_planned;
        item.reason =
          item.why == item_reason::not_planned ? "not placed yet; the leader's status tells why" : describe(item.why);
      }
    }
  }
}

void admin_core::show_view(effects& out) {
  out.push_back(viewed{queue_.front().id, std::move(view_)});
  queue_.pop_front();
}

} // namespace djm
