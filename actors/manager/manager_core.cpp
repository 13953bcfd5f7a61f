#include "actors/manager/manager_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace djm {

using store::rc;

manager_core::manager_core(settings s)
  : cfg_(std::move(s)), tree_(cfg_.root), backoff_(cfg_.backoff_min, cfg_.backoff_max) {}

// -- leadership -----------------------------------------------------------------

manager_core::effects manager_core::on_granted(std::int64_t epoch, std::string latch, step s) {
  effects out;
  reset();
  now_ = s.now;
  epoch_ = epoch;
  latch_ = std::move(latch);
  all_dirty_ = true;
  sweep_at_ = s.now;
  clean_at_ = s.now + cfg_.clean_period;
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_revoked(step s) {
  now_ = s.now;
  reset();
  return {};
}

void manager_core::reset() {
  // A leader that lost its term knows nothing: the next term starts from what it reads.
  epoch_ = 0;
  latch_.clear();
  doing_ = activity::none;
  request_ = 0;
  retry_at_.reset();
  backoff_.reset();
  image_ = {};
  all_dirty_ = members_dirty_ = pools_dirty_ = unwatched_ = false;
  jobs_dirty_.clear();
  plan_dirty_ = false;
  plan_at_.reset();
  unassigned_.clear();
  wanted_.clear();
  planned_frozen_.clear();
  queue_.clear();
  in_flight_.clear();
  write_failed_ = false;
  watchdog_.clear();
  observe_now_.clear();
  sweep_at_.reset();
  scanning_ = scanned_ = false;
  scan_jobs_.clear();
  scan_queue_.clear();
  clean_at_.reset();
  clean_queue_.clear();
  problems_.clear();
}

// -- the loop -------------------------------------------------------------------

void manager_core::next(step s, effects& out) {
  now_ = s.now;
  if (!leading() || doing_ != activity::none || (retry_at_ && s.now < *retry_at_)) {
    return;
  }
  retry_at_.reset();
  if (all_dirty_ || members_dirty_ || pools_dirty_ || !jobs_dirty_.empty()) {
    start_refresh(out);
    return;
  }
  if (auto whom = unobserved(); !whom.empty()) {
    start_observe(whom, out);
    return;
  }
  if (frozen(s.now) != planned_frozen_ && !plan_dirty_) {
    plan_dirty_ = true;
    plan_at_ = s.now; // a tolerance is over: nothing to wait for
  }
  if (plan_dirty_ && plan_at_ && s.now >= *plan_at_) {
    start_plan(s, out);
    if (doing_ != activity::none) {
      return;
    }
  }
  if (watchdog_.due(s.now, 1)) {
    start_verify(s, out);
    return;
  }
  if (!scanning_ && sweep_at_ && s.now >= *sweep_at_) {
    scanning_ = true;
    sweep_at_ = s.now + cfg_.sweep_period;
    ++counters_.sweeps;
    if (unwatched_) {
      all_dirty_ = true;
    }
    read(activity::scan_jobs, {store::children(tree_.locks())}, false, out);
    return;
  }
  if (scanning_) {
    continue_scan(s, out);
    return;
  }
  if (clean_at_ && s.now >= *clean_at_ && scanned_) {
    clean_at_ = s.now + cfg_.clean_period;
    plan_cleaning(s);
  }
  if (!clean_queue_.empty()) {
    start_clean(out);
  }
}

std::optional<time_point> manager_core::wake_at() const {
  if (!leading() || doing_ != activity::none) {
    return std::nullopt;
  }
  if (retry_at_) {
    return retry_at_;
  }
  auto at = plan_dirty_ ? plan_at_ : std::nullopt;
  at = earliest(at, watchdog_.next_due(now_));
  at = earliest(at, sweep_at_);
  return scanned_ ? earliest(at, clean_at_) : at;
}

void manager_core::read(activity a, std::vector<store::read_op> ops, bool fresh, effects& out) {
  doing_ = a;
  request_ = next_request_++;
  out.push_back(read_effect{request_, std::move(ops), fresh});
}

/// Something did not go as the image said: wait a little, then read everything again.
void manager_core::setback(step s, const char* why, effects& out) {
  doing_ = activity::none;
  request_ = 0;
  queue_.clear();
  in_flight_.clear();
  write_failed_ = false;
  scanning_ = false;
  scan_jobs_.clear();
  scan_queue_.clear();
  clean_queue_.clear();
  all_dirty_ = true;
  retry_at_ = s.now + backoff_.draw(s.entropy);
  ++counters_.reloads;
  out.push_back(log_effect{log_level::debug, fmt::format("reading the cluster again: {}", why)});
}

void manager_core::changed(step s) {
  if (!plan_dirty_) {
    dirty_since_ = s.now;
  }
  plan_dirty_ = true;
  plan_at_ = std::min(s.now + cfg_.debounce, dirty_since_ + cfg_.max_wait);
}

void manager_core::complain(const std::string& key, error why, effects& out) {
  auto& known = problems_[key];
  if (known != why.text) {
    known = why.text;
    out.push_back(emit_effect{problem{"manager", std::move(why)}});
  }
}

std::string manager_core::bump() {
  return store::encode(store::version_payload{fmt::format("{}-m{}", cfg_.incarnation, next_bump_++)});
}

// -- events ---------------------------------------------------------------------

manager_core::effects manager_core::on_wake(step s) {
  effects out;
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_watch(const store::watch_event& e, step s) {
  effects out;
  if (!leading()) {
    return out;
  }
  const auto pools = tree_.pools() + "/";
  if (e.path == tree_.alive() || e.path == tree_.worker_version()) {
    members_dirty_ = true;
  } else if (e.path == tree_.pools()) {
    pools_dirty_ = true;
  } else if (e.path.compare(0, pools.size(), pools) == 0) {
    jobs_dirty_.insert(e.path.substr(pools.size()));
  }
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_read(std::uint64_t request, const store::read_outcome& r, step s) {
  effects out;
  now_ = s.now;
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  const auto what = std::exchange(doing_, activity::none);
  if (r.status != store::read_status::ok) {
    if (r.status == store::read_status::rejected) {
      complain("read", {errc::internal, r.text}, out);
    }
    setback(s, "a read failed", out);
    next(s, out);
    return out;
  }
  switch (what) {
  case activity::load_base:
    apply_base(r, s, out);
    break;
  case activity::load_details:
    apply_details(r, s, out);
    break;
  case activity::load_items:
    apply_items(r, s, out);
    break;
  case activity::observing:
    apply_observation(r, s);
    break;
  case activity::verifying:
    apply_verification(r, s, out);
    break;
  case activity::scan_jobs:
  case activity::scan_folders:
  case activity::scan_locks:
    apply_scan(r, what, s, out);
    break;
  case activity::clean_read:
    apply_clean(r, s, out);
    break;
  default:
    break;
  }
  next(s, out);
  return out;
}

manager_core::effects manager_core::on_commit(std::uint64_t request, const store::commit_outcome& outcome, step s) {
  effects out;
  now_ = s.now;
  const auto* ok = std::get_if<store::committed>(&outcome);
  const auto* met = std::get_if<store::conflict>(&outcome);
  if (const auto* no = std::get_if<store::rejected>(&outcome);
      no != nullptr && no->why.code != errc::not_connected) {
    complain("commit", no->why, out);
  }
  if (doing_ == activity::writing) {
    auto i = std::find_if(in_flight_.begin(), in_flight_.end(), [&](const auto& x) { return x.first == request; });
    if (i == in_flight_.end()) {
      return out;
    }
    if (ok != nullptr) {
      djm::apply(image_, i->second);
      counters_.moves += i->second.transfers.size();
      ++assignment_version_;
    } else {
      write_failed_ = true;
      write_failure_ = met != nullptr ? "a transaction of the plan met a conflict" : "an outcome is unknown";
      met != nullptr ? ++counters_.conflicts : ++counters_.unknowns;
    }
    in_flight_.erase(i);
    if (write_failed_) {
      // Those behind it fail as well, because their version does not come; wait for the last of them.
      queue_.clear();
      if (in_flight_.empty()) {
        setback(s, write_failure_.c_str(), out);
      }
    } else {
      send_batches(out);
      if (in_flight_.empty()) {
        doing_ = activity::none;
        backoff_.reset();
      }
    }
    next(s, out);
    return out;
  }
  if (request == 0 || request != request_) {
    return out;
  }
  request_ = 0;
  const auto what = std::exchange(doing_, activity::none);
  if (ok == nullptr && met == nullptr) {
    ++counters_.unknowns;
    setback(s, "an outcome is unknown", out);
  } else if (met != nullptr) {
    ++counters_.conflicts;
    if (what == activity::breaking && met->index >= 3) {
      // A lock that went by itself; the others are looked at again.
      watchdog_.settled(verifying_, breaking_[met->index - 3]);
    } else if (what == activity::clean_write) {
      clean_queue_.pop_front(); // it is in use again, or the next cleaning does it
    } else if (what == activity::breaking && met->index == 1) {
      retry_at_ = s.now + backoff_.draw(s.entropy); // somebody joined: from the first read again
    } else {
      setback(s, "a conflict", out);
    }
  } else {
    backoff_.reset();
    if (what == activity::breaking) {
      ++assignment_version_;
      counters_.broken_locks += breaking_.size();
      for (const auto& lock : breaking_) {
        watchdog_.settled(verifying_, lock);
        watchdog_.folders()[lock.job].owners.erase(lock.item);
      }
      out.push_back(log_effect{log_level::info, fmt::format("broke {} locks of {} ({})", breaking_.size(),
                                                           verifying_.worker, verifying_.incarnation)});
    } else if (what == activity::clean_write) {
      ++counters_.cleaned;
      if (clean_complete_) {
        clean_queue_.pop_front();
      }
      all_dirty_ = true;
    }
  }
  next(s, out);
  return out;
}

// -- reading the cluster ----------------------------------------------------------

void manager_core::start_refresh(effects& out) {
  refresh_all_ = all_dirty_;
  refresh_members_ = all_dirty_ || members_dirty_;
  refresh_pools_ = all_dirty_ || pools_dirty_;
  detail_workers_.clear();
  detail_alive_.clear();
  detail_folders_.clear();
  detail_jobs_.assign(jobs_dirty_.begin(), jobs_dirty_.end());
  all_dirty_ = members_dirty_ = pools_dirty_ = false;
  jobs_dirty_.clear();
  std::vector<store::read_op> ops{store::get(tree_.assignment_version()),
                                  store::get(tree_.worker_version(), refresh_members_),
                                  store::children(tree_.workers()),
                                  store::children(tree_.alive(), refresh_members_),
                                  store::get(tree_.pools(), refresh_pools_),
                                  store::children(tree_.pools(), refresh_pools_)};
  if (!refresh_all_) {
    for (const auto& [id, w] : image_.workers) {
      ops.push_back(store::exists(tree_.worker(id)));
    }
  }
  read(activity::load_base, std::move(ops), refresh_all_, out);
}

void manager_core::apply_base(const store::read_outcome& r, step s, effects& out) {
  for (std::size_t i = 0; i < 6; ++i) {
    if (r.results[i].code != rc::ok) {
      complain("base", {errc::malformed_payload, "the tree below \"" + tree_.root() + "\" is incomplete"}, out);
      setback(s, "the tree is incomplete", out);
      return;
    }
  }
  const bool watched = (!refresh_members_ || (r.results[1].watched && r.results[3].watched)) &&
                       (!refresh_pools_ || (r.results[4].watched && r.results[5].watched));
  unwatched_ = unwatched_ || !watched;
  if (refresh_all_) {
    image_ = {};
    assignment_version_ = r.results[0].stat.version;
  } else if (r.results[0].stat.version > assignment_version_) {
    setback(s, "somebody else wrote assignments", out);
    return;
  }
  worker_version_ = r.results[1].stat.version;
  // Members: what changed is read whole.
  const auto& names = r.results[2].children;
  if (!refresh_all_) {
    std::size_t i = 6;
    for (const auto& [id, w] : image_.workers) {
      const auto& x = r.results[i++];
      if (x.code == rc::ok && x.stat.mzxid != w.mzxid) {
        detail_workers_.push_back(id);
      }
    }
  }
  for (auto w = image_.workers.begin(); w != image_.workers.end();) {
    if (!std::binary_search(names.begin(), names.end(), w->first)) {
      for (auto x = image_.strays.begin(); x != image_.strays.end();) {
        x = x->worker == w->first ? image_.strays.erase(x) : std::next(x);
      }
      w = image_.workers.erase(w);
    } else {
      ++w;
    }
  }
  for (const auto& name : names) {
    if (is_valid_id(name) && image_.workers.count(name) == 0) {
      detail_workers_.push_back(name);
    }
  }
  alive_names_ = {r.results[3].children.begin(), r.results[3].children.end()};
  for (auto& [id, w] : image_.workers) {
    if (alive_names_.count(id) == 0) {
      w.alive.clear();
    } else if (w.alive.empty()) {
      detail_alive_.push_back(id);
    }
  }
  for (const auto& id : detail_workers_) {
    if (std::find(detail_alive_.begin(), detail_alive_.end(), id) == detail_alive_.end()) {
      detail_alive_.push_back(id);
    }
  }
  // Pools.
  if (auto pools = store::decode<store::pools_payload>(r.results[4].data, tree_.pools())) {
    image_.all_disabled = pools->all_disabled;
  } else if (!r.results[4].data.empty()) {
    complain(tree_.pools(), pools.error(), out);
  }
  const auto& jobs = r.results[5].children;
  std::vector<job_id> gone;
  for (const auto& [id, j] : image_.jobs) {
    if (!std::binary_search(jobs.begin(), jobs.end(), id)) {
      gone.push_back(id);
    }
  }
  for (const auto& id : gone) {
    image_.remove_job(id);
  }
  for (const auto& id : jobs) {
    if (is_valid_id(id) && image_.jobs.count(id) == 0 &&
        std::find(detail_jobs_.begin(), detail_jobs_.end(), id) == detail_jobs_.end()) {
      detail_jobs_.push_back(id);
    }
  }
  if (detail_workers_.empty() && detail_alive_.empty() && detail_jobs_.empty()) {
    refreshed(s);
    return;
  }
  std::vector<store::read_op> ops;
  for (const auto& id : detail_workers_) {
    ops.push_back(store::get(tree_.worker(id)));
    ops.push_back(store::children(tree_.available(id)));
    ops.push_back(store::get(tree_.assigned(id)));
    ops.push_back(store::children(tree_.assigned(id)));
  }
  for (const auto& id : detail_alive_) {
    ops.push_back(store::get(tree_.alive(id)));
  }
  for (const auto& id : detail_jobs_) {
    ops.push_back(store::get(tree_.pool(id), true));
    ops.push_back(store::children(tree_.pool(id), true));
  }
  read(activity::load_details, std::move(ops), false, out);
}

void manager_core::apply_details(const store::read_outcome& r, step s, effects& out) {
  std::size_t i = 0;
  for (const auto& id : detail_workers_) {
    const auto& reg = r.results[i++];
    const auto& available = r.results[i++];
    const auto& assigned = r.results[i++];
    const auto& folders = r.results[i++];
    if (reg.code != rc::ok) {
      image_.workers.erase(id);
      continue;
    }
    const bool known = image_.workers.count(id) > 0;
    auto& w = image_.workers[id];
    const auto before = w.registration ? w.registration->incarnation : std::string{};
    w.mzxid = reg.stat.mzxid;
    w.version = reg.stat.version;
    if (auto p = store::decode<store::worker_payload>(reg.data, tree_.worker(id))) {
      w.registration = std::move(*p);
    } else {
      w.registration.reset();
      complain(tree_.worker(id), p.error(), out);
    }
    w.available = {available.children.begin(), available.children.end()};
    w.assigned_exists = assigned.code == rc::ok;
    if (!known) {
      w.folders = {folders.children.begin(), folders.children.end()};
      for (const auto& job : w.folders) {
        detail_folders_.emplace_back(id, job);
      }
      if (w.assigned_exists) {
        if (auto p = store::decode<store::assigned_payload>(assigned.data, tree_.assigned(id))) {
          w.assigned_incarnation = p->incarnation;
          w.assigned_counter = p->counter;
        } else {
          complain(tree_.assigned(id), p.error(), out); // written anew with the next plan
        }
      }
    }
    // An earlier life of this worker may have left locks: its clock starts now.
    const auto now_inc = w.registration ? w.registration->incarnation : std::string{};
    if (!before.empty() && before != now_inc) {
      observe_now_.insert({id, before});
    }
    if (!w.assigned_incarnation.empty() && w.assigned_incarnation != now_inc) {
      observe_now_.insert({id, w.assigned_incarnation});
    }
  }
  for (const auto& id : detail_alive_) {
    const auto& x = r.results[i++];
    auto w = image_.workers.find(id);
    if (w == image_.workers.end()) {
      continue;
    }
    w->second.alive.clear();
    if (x.code == rc::ok) {
      if (auto p = store::decode<store::alive_payload>(x.data, tree_.alive(id))) {
        w->second.alive = p->incarnation;
      } else {
        complain(tree_.alive(id), p.error(), out);
      }
    }
  }
  for (const auto& id : detail_jobs_) {
    const auto& data = r.results[i++];
    const auto& list = r.results[i++];
    if (data.code != rc::ok || list.code != rc::ok) {
      image_.remove_job(id);
      continue;
    }
    unwatched_ = unwatched_ || !data.watched || !list.watched;
    auto& j = image_.jobs[id];
    if (auto p = store::decode<store::pool_payload>(data.data, tree_.pool(id))) {
      j.pool = std::move(*p);
      problems_.erase(tree_.pool(id));
    } else {
      complain(tree_.pool(id), p.error(), out);
    }
    image_.set_items(id, list.children);
  }
  if (detail_folders_.empty()) {
    refreshed(s);
    return;
  }
  std::vector<store::read_op> ops;
  for (const auto& [worker, job] : detail_folders_) {
    ops.push_back(store::children(tree_.assigned(worker, job)));
  }
  read(activity::load_items, std::move(ops), false, out);
}

void manager_core::apply_items(const store::read_outcome& r, step s, effects& out) {
  (void) out;
  for (std::size_t i = 0; i < detail_folders_.size(); ++i) {
    const auto& [worker, job] = detail_folders_[i];
    if (r.results[i].code == rc::ok) {
      image_.add_assigned(worker, job, r.results[i].children);
    } else if (auto w = image_.workers.find(worker); w != image_.workers.end()) {
      w->second.folders.erase(job);
    }
  }
  refreshed(s);
}

void manager_core::refreshed(step s) {
  for (const auto& [id, w] : image_.workers) {
    if (!w.alive.empty()) {
      watchdog_.forget({id, w.alive});
    }
  }
  changed(s);
}

// -- planning and writing -----------------------------------------------------------

std::set<node_id> manager_core::frozen(time_point now) const {
  std::set<node_id> found;
  for (const auto& [id, w] : image_.workers) {
    if (!w.is_alive() && !w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, now)) {
      found.insert(id);
    }
  }
  return found;
}

void manager_core::start_plan(step s, effects& out) {
  plan_dirty_ = false;
  plan_at_.reset();
  planned_frozen_ = frozen(s.now);
  auto task = make_task(image_, planned_frozen_);
  if (!task) {
    ++counters_.plan_failures;
    complain("plan", task.error(), out);
    return;
  }
  for (const auto& w : task->warnings) {
    complain("plan: " + w.text, w, out);
  }
  problem_ = task->problem;
  doing_ = activity::planning;
  request_ = next_request_++;
  ++counters_.plans;
  out.push_back(plan_request{request_, problem_, cfg_.planning});
}

manager_core::effects manager_core::on_planned(std::uint64_t request, const expected<plan>& result, step s) {
  effects out;
  now_ = s.now;
  if (request == 0 || request != request_ || doing_ != activity::planning) {
    return out;
  }
  request_ = 0;
  doing_ = activity::none;
  if (!result) {
    ++counters_.plan_failures;
    complain("plan", result.error(), out);
    plan_dirty_ = true;
    plan_at_ = s.now + backoff_.draw(s.entropy);
    next(s, out);
    return out;
  }
  problems_.erase("plan");
  plan_ = std::make_shared<const plan>(*result);
  for (const auto& f : plan_->failures) {
    ++counters_.plan_failures;
    complain("strategy " + f.strategy, f.what, out);
  }
  unassigned_.clear();
  for (const auto& u : plan_->unassigned) {
    unassigned_.push_back({problem_->job(problem_->job_of(u.item)).name, std::string{problem_->item_name(u.item)},
                           u.text.empty() ? describe(u.reason) : u.text});
  }
  tell_wanted(out);
  const auto& sum = plan_->summary;
  if (sum.moves_deferred > 0) {
    changed(s); // the rest follows in rounds of their own
  }
  plan_text_ = fmt::format("{} of {} items on {} workers, {} moves, {} placements, job spread {}, global spread {}",
                           sum.assigned, sum.items, problem_->worker_count(), sum.moves, sum.placements,
                           sum.job_spread_max, sum.global_spread);
  auto transfers = difference(image_, *problem_, *plan_, planned_frozen_);
  std::set<node_id> adopt;
  for (const auto& [id, w] : image_.workers) {
    if (w.is_alive() && w.assigned_exists && w.assigned_incarnation != w.registration->incarnation) {
      adopt.insert(id);
    }
  }
  auto batches = make_batches(image_, tree_, transfers, adopt, latch_, assignment_version_,
                              fmt::format("{}-a{}-", cfg_.incarnation, epoch_), cfg_.max_transaction_ops);
  queue_.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  if (!queue_.empty()) {
    out.push_back(log_effect{log_level::info, plan_text_});
    doing_ = activity::writing;
    write_failed_ = false;
    send_batches(out);
  }
  next(s, out);
  return out;
}

/// Items that found no room call for more capacity, once per change.
void manager_core::tell_wanted(effects& out) {
  std::map<job_id, std::uint64_t> wanted;
  for (const auto& u : plan_->unassigned) {
    if (u.reason == plan_rule::capacity || u.reason == plan_rule::max_items || u.reason == plan_rule::placement ||
        u.reason == plan_rule::max_per_worker) {
      ++wanted[problem_->job(problem_->job_of(u.item)).name];
    }
  }
  for (const auto& [job, items] : wanted) {
    if (auto known = wanted_.find(job); known != wanted_.end() && known->second == items) {
      continue;
    }
    capacity_wanted e{job, items, {}};
    if (auto j = image_.jobs.find(job); j != image_.jobs.end()) {
      e.profile = j->second.pool.attributes.profile;
    }
    out.push_back(emit_effect{std::move(e)});
  }
  wanted_ = std::move(wanted);
}

void manager_core::send_batches(effects& out) {
  while (!queue_.empty() && in_flight_.size() < cfg_.pipeline) {
    auto b = std::move(queue_.front());
    queue_.pop_front();
    const auto id = next_request_++;
    counters_.largest_transaction_ops = std::max<std::uint64_t>(counters_.largest_transaction_ops, b.txn.ops.size());
    counters_.largest_transaction_bytes =
      std::max<std::uint64_t>(counters_.largest_transaction_bytes, store::wire_size(b.txn));
    ++counters_.transactions;
    out.push_back(commit_effect{id, std::move(b.txn)});
    in_flight_.emplace_back(id, std::move(b));
  }
}

// -- who is gone --------------------------------------------------------------------

std::set<incarnation_ref> manager_core::unobserved() const {
  auto whom = observe_now_;
  for (const auto& [id, w] : image_.workers) {
    if (!w.registration || w.is_alive() || w.registration->incarnation.empty()) {
      continue;
    }
    auto t = watchdog_.trackers().find({id, w.registration->incarnation});
    if (t == watchdog_.trackers().end() || t->second.mzxid != w.mzxid) {
      whom.insert({id, w.registration->incarnation});
    }
  }
  return whom;
}

void manager_core::start_observe(const std::set<incarnation_ref>& whom, effects& out) {
  observing_.assign(whom.begin(), whom.end());
  observe_now_.clear();
  // The order matters: version nodes and `workers/<w>` first, then `alive/<w>`.
  std::vector<store::read_op> ops{store::get(tree_.worker_version())};
  for (const auto& who : observing_) {
    ops.push_back(store::exists(tree_.worker(who.worker)));
    ops.push_back(store::get(tree_.alive(who.worker)));
  }
  read(activity::observing, std::move(ops), false, out);
}

namespace {

std::string incarnation_of(const store::read_result& alive, const std::string& path) {
  if (alive.code != rc::ok) {
    return {};
  }
  auto p = store::decode<store::alive_payload>(alive.data, path);
  return p ? p->incarnation : std::string{"?"};
}

} // namespace

void manager_core::apply_observation(const store::read_outcome& r, step s) {
  std::size_t i = 1;
  std::vector<incarnation_ref> back;
  for (const auto& who : observing_) {
    const auto& reg = r.results[i++];
    const auto& alive = r.results[i++];
    auto w = image_.workers.find(who.worker);
    duration tolerance = duration::zero();
    if (w != image_.workers.end() && w->second.registration) {
      tolerance = std::chrono::milliseconds{w->second.registration->detach_ms};
    }
    const auto there = incarnation_of(alive, tree_.alive(who.worker));
    const auto mzxid = reg.code == rc::ok ? reg.stat.mzxid : 0;
    if (!watchdog_.observe(who, mzxid, there, tolerance, s.now)) {
      // Back already; the image learns it from its own watches, or from this.
      back.push_back(who);
      members_dirty_ = members_dirty_ || (w != image_.workers.end() && w->second.alive != there);
      if (w != image_.workers.end()) {
        w->second.alive = there;
      }
      continue;
    }
    members_dirty_ = members_dirty_ || (w != image_.workers.end() && w->second.mzxid != mzxid);
    for (const auto& [job, item] : image_.items_of(who.worker)) {
      watchdog_.suspect(who, {job, item}, tolerance);
    }
  }
  judge_locks();
  for (const auto& who : back) {
    observe_now_.erase(who); // just seen alive: the next sweep asks again
  }
}

/// Locks whose owner is not alive: watched from now on, or found to be due.
void manager_core::judge_locks() {
  for (const auto& [job, f] : watchdog_.folders()) {
    for (const auto& [item, owner] : f.owners) {
      auto w = image_.workers.find(owner.who.worker);
      if (w != image_.workers.end() && w->second.alive == owner.who.incarnation) {
        continue;
      }
      if (watchdog_.find(owner.who) == nullptr) {
        observe_now_.insert(owner.who);
      } else {
        watchdog_.suspect(owner.who, {job, item}, owner.tolerance);
      }
    }
  }
}

// -- breaking locks -------------------------------------------------------------------

void manager_core::start_verify(step s, effects& out) {
  auto work = watchdog_.due(s.now, cfg_.lock_batch);
  verifying_ = work->first;
  verify_locks_ = std::move(work->second);
  std::vector<store::read_op> ops{store::get(tree_.worker_version()), store::exists(tree_.worker(verifying_.worker)),
                                  store::get(tree_.alive(verifying_.worker))};
  for (const auto& lock : verify_locks_) {
    ops.push_back(store::get(tree_.lock(lock.job, lock.item)));
  }
  read(activity::verifying, std::move(ops), false, out);
}

void manager_core::apply_verification(const store::read_outcome& r, step s, effects& out) {
  const auto there = incarnation_of(r.results[2], tree_.alive(verifying_.worker));
  const auto mzxid = r.results[1].code == rc::ok ? r.results[1].stat.mzxid : 0;
  if (r.results[0].code != rc::ok) {
    setback(s, "the tree is incomplete", out);
    return;
  }
  if (!watchdog_.observe(verifying_, mzxid, there, duration::zero(), s.now)) {
    members_dirty_ = true; // it is back
    return;
  }
  const auto* t = watchdog_.find(verifying_);
  breaking_.clear();
  for (std::size_t i = 0; i < verify_locks_.size(); ++i) {
    const auto& lock = verify_locks_[i];
    const auto& x = r.results[3 + i];
    if (x.code != rc::ok) {
      watchdog_.settled(verifying_, lock);
      continue;
    }
    const auto path = tree_.lock(lock.job, lock.item);
    auto p = store::decode<store::lock_payload>(x.data, path);
    if (!p) {
      complain(path, p.error(), out); // nobody may break what nobody can read
      watchdog_.settled(verifying_, lock);
    } else if (p->worker != verifying_.worker || p->incarnation != verifying_.incarnation) {
      watchdog_.settled(verifying_, lock);
    } else if (s.now - t->since < std::chrono::milliseconds{p->detach_ms}) {
      watchdog_.suspect(verifying_, lock, std::chrono::milliseconds{p->detach_ms});
    } else {
      breaking_.push_back(lock);
    }
  }
  if (breaking_.empty()) {
    return;
  }
  store::transaction txn;
  txn.ops.push_back(store::check_op{latch_});
  txn.ops.push_back(store::check_op{tree_.worker_version(), r.results[0].stat.version});
  txn.ops.push_back(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
  for (const auto& lock : breaking_) {
    txn.ops.push_back(store::remove_op{tree_.lock(lock.job, lock.item), 0});
  }
  doing_ = activity::breaking;
  request_ = next_request_++;
  out.push_back(commit_effect{request_, std::move(txn)});
}

// -- looking for locks of workers that are gone ------------------------------------------

void manager_core::continue_scan(step s, effects& out) {
  (void) s;
  if (!scan_queue_.empty()) {
    scan_batch_.clear();
    std::vector<store::read_op> ops;
    while (!scan_queue_.empty() && ops.size() < cfg_.lock_batch) {
      scan_batch_.push_back(scan_queue_.front());
      scan_queue_.pop_front();
      ops.push_back(store::get(tree_.lock(scan_batch_.back().job, scan_batch_.back().item)));
    }
    read(activity::scan_locks, std::move(ops), false, out);
    return;
  }
  if (!scan_job_.empty()) {
    watchdog_.folders()[scan_job_] = std::move(scan_folder_);
    scan_folder_ = {};
    scan_job_.clear();
  }
  if (!scan_jobs_.empty()) {
    scan_job_ = scan_jobs_.front();
    scan_jobs_.pop_front();
    read(activity::scan_folders, {store::children(tree_.locks(scan_job_))}, false, out);
    return;
  }
  scanning_ = false;
  scanned_ = true;
  judge_locks();
  next(s, out);
}

void manager_core::apply_scan(const store::read_outcome& r, activity a, step s, effects& out) {
  (void) s;
  if (a == activity::scan_jobs) {
    scan_job_.clear();
    scan_jobs_.assign(r.results[0].children.begin(), r.results[0].children.end());
    auto& known = watchdog_.folders();
    for (auto f = known.begin(); f != known.end();) {
      const auto& names = r.results[0].children;
      f = std::binary_search(names.begin(), names.end(), f->first) ? std::next(f) : known.erase(f);
    }
    return;
  }
  if (a == activity::scan_folders) {
    const auto& x = r.results[0];
    if (x.code != rc::ok) {
      watchdog_.folders().erase(scan_job_);
      scan_job_.clear();
      return;
    }
    auto f = watchdog_.folders().find(scan_job_);
    if (f != watchdog_.folders().end() && f->second.pzxid == x.stat.pzxid && f->second.cversion == x.stat.cversion) {
      scan_job_.clear(); // nothing was created or deleted since
      return;
    }
    scan_folder_ = {};
    scan_folder_.pzxid = x.stat.pzxid;
    scan_folder_.cversion = x.stat.cversion;
    for (const auto& name : x.children) {
      if (auto item = store::item_of_lock_name(name)) {
        scan_queue_.push_back({scan_job_, std::move(*item)});
      }
    }
    return;
  }
  for (std::size_t i = 0; i < scan_batch_.size(); ++i) {
    const auto& x = r.results[i];
    if (x.code != rc::ok) {
      continue;
    }
    const auto path = tree_.lock(scan_batch_[i].job, scan_batch_[i].item);
    if (auto p = store::decode<store::lock_payload>(x.data, path)) {
      scan_folder_.owners[scan_batch_[i].item] = {{p->worker, p->incarnation}, std::chrono::milliseconds{p->detach_ms}};
    } else {
      complain(path, p.error(), out);
    }
  }
}

// -- cleaning -----------------------------------------------------------------------------

bool manager_core::offered(const job_id& job, time_point now) const {
  for (const auto& [id, w] : image_.workers) {
    const bool counts = w.is_alive() || (!w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, now));
    if (counts && w.available.count(job) > 0) {
      return true;
    }
  }
  return false;
}

void manager_core::plan_cleaning(step s) {
  clean_queue_.clear();
  for (const auto& [id, j] : image_.jobs) {
    if (j.pool.enabled && !image_.all_disabled && !offered(id, s.now)) {
      clean_queue_.push_back({clean_task::kind::pool, id});
    }
  }
  for (const auto& [id, w] : image_.workers) {
    if (w.is_alive() || !w.alive.empty() || !image_.items_of(id).empty()) {
      continue;
    }
    if (!w.has_left() && !watchdog_.expired({id, w.registration->incarnation}, s.now)) {
      continue;
    }
    bool locks = false;
    for (const auto& [job, f] : watchdog_.folders()) {
      for (const auto& [item, owner] : f.owners) {
        locks = locks || owner.who.worker == id;
      }
    }
    if (!locks) {
      clean_queue_.push_back({clean_task::kind::worker, id});
    }
  }
  for (const auto& [job, f] : watchdog_.folders()) {
    if (f.owners.empty() && image_.jobs.count(job) == 0) {
      clean_queue_.push_back({clean_task::kind::lock_folder, job});
    }
  }
}

void manager_core::start_clean(effects& out) {
  const auto& task = clean_queue_.front();
  std::vector<store::read_op> ops{store::get(tree_.worker_version()), store::get(tree_.pool_version())};
  switch (task.what) {
  case clean_task::kind::pool:
    ops.push_back(store::get(tree_.pool(task.id)));
    ops.push_back(store::children(tree_.pool(task.id)));
    break;
  case clean_task::kind::worker:
    ops.push_back(store::get(tree_.worker(task.id)));
    ops.push_back(store::exists(tree_.alive(task.id)));
    ops.push_back(store::children(tree_.available(task.id)));
    ops.push_back(store::children(tree_.assigned(task.id)));
    break;
  case clean_task::kind::lock_folder:
    ops.push_back(store::exists(tree_.locks(task.id)));
    break;
  }
  read(activity::clean_read, std::move(ops), false, out);
}

void manager_core::apply_clean(const store::read_outcome& r, step s, effects& out) {
  (void) s;
  const auto task = clean_queue_.front();
  const auto& subject = r.results[2];
  bool complete = true;
  store::transaction txn;
  txn.ops.push_back(store::check_op{latch_});
  const std::size_t most = cfg_.max_transaction_ops - 10;
  if (subject.code != rc::ok || r.results[0].code != rc::ok || r.results[1].code != rc::ok) {
    clean_queue_.pop_front();
    return;
  }
  const auto worker_version = r.results[0].stat.version;
  if (worker_version != worker_version_) {
    clean_queue_.pop_front(); // who joined since the image was read may need it; the next cleaning knows
    return;
  }
  switch (task.what) {
  case clean_task::kind::pool: {
    if (auto p = store::decode<store::pool_payload>(subject.data, tree_.pool(task.id)); !p || !p->enabled) {
      clean_queue_.pop_front(); // switched off since the image was read: it stays
      return;
    }
    // A worker that joins meanwhile bumps `worker-version`, and this fails.
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version});
    txn.ops.push_back(store::set_op{tree_.pool_version(), bump(), r.results[1].stat.version});
    txn.ops.push_back(store::check_op{tree_.pool(task.id), subject.stat.version});
    for (const auto& item : r.results[3].children) {
      if (txn.ops.size() >= most) {
        complete = false;
        break;
      }
      txn.ops.push_back(store::remove_op{tree_.pool(task.id, item)});
    }
    if (complete) {
      txn.ops.push_back(store::remove_op{tree_.pool(task.id), subject.stat.version});
    }
    break;
  }
  case clean_task::kind::worker: {
    if (r.results[3].code == rc::ok) {
      clean_queue_.pop_front(); // it is back
      return;
    }
    txn.ops.push_back(store::set_op{tree_.worker_version(), bump(), worker_version});
    txn.ops.push_back(store::set_op{tree_.assignment_version(), bump(), assignment_version_});
    for (const auto& job : r.results[4].children) {
      if (txn.ops.size() >= most) {
        complete = false;
        break;
      }
      txn.ops.push_back(store::remove_op{tree_.available(task.id, job)});
    }
    for (const auto& job : r.results[5].children) {
      if (!complete || txn.ops.size() >= most) {
        complete = false;
        break;
      }
      txn.ops.push_back(store::remove_op{tree_.assigned(task.id, job)});
    }
    if (complete) {
      if (r.results[4].code == rc::ok) {
        txn.ops.push_back(store::remove_op{tree_.available(task.id)});
      }
      if (r.results[5].code == rc::ok) {
        txn.ops.push_back(store::remove_op{tree_.assigned(task.id)});
      }
      txn.ops.push_back(store::remove_op{tree_.worker(task.id), subject.stat.version});
    }
    break;
  }
  case clean_task::kind::lock_folder:
    txn.ops.push_back(store::check_op{tree_.worker_version(), worker_version});
    txn.ops.push_back(store::remove_op{tree_.locks(task.id), subject.stat.version});
    break;
  }
  clean_complete_ = complete;
  doing_ = activity::clean_write;
  request_ = next_request_++;
  out.push_back(commit_effect{request_, std::move(txn)});
}

// -- status ---------------------------------------------------------------------------------

manager_status manager_core::status(time_point now) const {
  manager_status st;
  st.leading = leading();
  st.epoch = epoch_;
  st.phase = !leading()                         ? "passive"
             : retry_at_                        ? "backing_off"
             : doing_ == activity::planning     ? "planning"
             : doing_ == activity::writing      ? "writing"
             : doing_ == activity::load_base || doing_ == activity::load_details || doing_ == activity::load_items
               ? "loading"
               : "ready";
  for (const auto& [id, w] : image_.workers) {
    st.workers += w.is_alive() ? 1 : 0;
  }
  st.jobs = static_cast<std::uint32_t>(image_.jobs.size());
  st.items = static_cast<std::uint32_t>(image_.item_count());
  st.assigned = static_cast<std::uint32_t>(image_.assigned_count());
  st.unassigned = unassigned_;
  st.last_plan = plan_text_;
  for (const auto& [who, t] : watchdog_.trackers()) {
    st.gone[who.worker] = now - t.since;
  }
  for (const auto& [key, text] : problems_) {
    st.problems.push_back(text);
  }
  st.counters = counters_;
  return st;
}

} // namespace djm
