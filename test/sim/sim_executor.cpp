#include "test/sim/sim_executor.hpp"

#include <algorithm>
#include <utility>

namespace djm::sim {

sim_executor::sim_executor(timeline& t, process& p, run_observer& o, std::uint64_t seed, std::uint32_t max_threads)
  : timeline_(t),
    process_(p),
    observer_(o),
    lease_(t, p,
           [this](const lease_guard::verdict& v) {
             for (const auto id : v.stop) {
               request_stop(id, stop_reason::lease_expiring, {});
             }
           }),
    chance_(seed, "executor") {
  stats_.max_threads = max_threads;
  stats_.reserved_threads = 2;
}

void sim_executor::start(run_order order, done_fn done) {
  if (shut_ || process_.dead() || order.items.empty() || !order.code || order.id == 0 || runs_.count(order.id) > 0) {
    run_result refused;
    refused.id = order.id;
    refused.failed = true;
    refused.failure = "the executor refuses the run";
    process_.later(timeline_.now, process::kind::code, [done = std::move(done), refused] { done(refused); });
    return;
  }
  const auto id = order.id;
  auto& r = runs_[id];
  if (const auto* code = dynamic_cast<const sim_job*>(order.code.get())) {
    r.manner = code->manner();
  }
  r.order = std::move(order);
  std::sort(r.order.items.begin(), r.order.items.end(), [](auto& a, auto& b) { return a.id < b.id; });
  r.done = std::move(done);
  r.accepted = process_.local_now();
  lease_.watch(id, r.order.stop_grace);
  waiting_.push(r.order.job, id);
  fill();
}

void sim_executor::request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  auto& r = i->second;
  if (!r.started) {
    waiting_.erase(r.order.job, id);
    return drop(id);
  }
  if (reason == stop_reason::revoked && r.lets_go && !r.stopping && revoked.size() < r.order.items.size()) {
    tell_revoked(id, std::move(revoked));
    return;
  }
  if (std::exchange(r.stopping, true)) {
    return;
  }
  observer_.stop_asked(process_, id, reason);
  const auto obeys =
    timeline_.now + (r.stubborn ? r.manner.ignores_for : chance_.between(duration::zero(), r.manner.obeys_within));
  if (obeys < r.ends) {
    schedule_end(id, obeys);
  }
}

/// Ends a run that has not begun and waits no more.
void sim_executor::drop(run_id id) {
  ++stats_.dropped;
  lease_.forget(id);
  run_result dropped;
  dropped.id = id;
  dropped.dropped = true;
  const auto ended = runs_.extract(id);
  stats_.waiting = static_cast<std::uint32_t>(waiting_.size());
  ended.mapped().done(dropped);
}

void sim_executor::tell_revoked(run_id id, std::vector<item_id> items) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  auto& r = i->second;
  if (!r.started) {
    return let_go(id, std::move(items));
  }
  if (r.lets_go) {
    process_.later(timeline_.now + chance_.between(duration::zero(), r.manner.obeys_within), process::kind::code,
                   [this, id, items = std::move(items)] { let_go(id, items); });
  }
}

void sim_executor::let_go(run_id id, std::vector<item_id> items) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  auto& r = i->second;
  run_result result;
  result.id = id;
  result.ended = false;
  for (const auto& item : items) {
    auto& held = r.order.items;
    const auto k = std::find_if(held.begin(), held.end(), [&](const work_item& w) { return w.id == item; });
    if (k == held.end()) {
      continue;
    }
    held.erase(k);
    result.released.push_back(item);
    if (r.started) {
      observer_.item_released(process_, id, item);
    }
  }
  if (!result.released.empty() && r.done) {
    r.done(result);
  }
}

void sim_executor::call(std::function<void()> f) {
  if (!shut_) {
    process_.later(timeline_.now, process::kind::code, std::move(f));
  }
}

void sim_executor::call_user(std::string owner, std::function<void()> f) {
  if (!shut_ && lanes_.enter(owner, f)) {
    begin_call(std::move(owner), std::move(f));
  }
}

void sim_executor::begin_call(std::string owner, std::function<void()> f) {
  const auto when = timeline_.now + chance_.between(duration::zero(), call_delay_);
  process_.later(when, process::kind::code, [this, owner = std::move(owner), f = std::move(f)] {
    if (hanging_ && hanging_->count(owner) > 0) {
      hung_.emplace(owner, f);
      return;
    }
    f();
    if (auto next = lanes_.left(owner)) {
      begin_call(owner, std::move(next));
    }
  });
}

void sim_executor::release(const std::string& owner) {
  if (auto f = hung_.extract(owner); f && !shut_ && !process_.dead()) {
    begin_call(owner, std::move(f.mapped()));
  }
}

std::vector<running_info> sim_executor::running(const job_id& job) const {
  std::vector<running_info> result;
  for (const auto& [id, r] : runs_) {
    if (job.empty() || r.order.job == job) {
      result.push_back({id, r.order.job, r.order.items, r.started});
    }
  }
  return result;
}

void sim_executor::adopt(const job_id& job, done_fn done) {
  for (auto& [id, r] : runs_) {
    if (r.order.job == job) {
      r.done = done;
    }
  }
}

void sim_executor::freeze() {
  for (auto& [id, r] : runs_) {
    if (r.started) {
      process_.cancel(r.event);
      r.left = std::max(duration::zero(), r.ends - timeline_.now);
    }
  }
}

void sim_executor::thaw() {
  // Whatever a run was about to do, it does not end before the others have had their look at the time.
  for (auto& [id, r] : runs_) {
    if (r.started) {
      schedule_end(id, timeline_.now + r.left + std::chrono::milliseconds{1});
    }
  }
}

void sim_executor::vanish() {
  shut_ = true;
  for (auto& [id, r] : std::exchange(runs_, {})) {
    if (r.started) {
      observer_.run_ended(process_, id);
    }
  }
  waiting_.clear();
}

void sim_executor::shut() {
  shut_ = true;
  while (const auto id = waiting_.pop()) {
    runs_.erase(*id);
  }
  for (auto& [id, r] : runs_) {
    r.done = nullptr;
  }
}

void sim_executor::begin(run_id id) {
  auto& r = runs_.at(id);
  r.started = true;
  r.began = process_.local_now();
  ++stats_.busy;
  r.stubborn = chance_.permille(r.manner.stubborn);
  r.throws = chance_.permille(r.manner.throws);
  r.lets_go = !r.stubborn && chance_.permille(r.manner.lets_go);
  observer_.run_began(process_, id, r.order.job, r.order.items, r.stubborn);
  schedule_end(id, timeline_.now + chance_.between(r.manner.least, r.manner.most));
}

void sim_executor::schedule_end(run_id id, time_point when) {
  auto& r = runs_.at(id);
  process_.cancel(r.event);
  r.ends = when;
  r.event = process_.later(when, process::kind::code, [this, id] { finish(id); });
}

void sim_executor::finish(run_id id) {
  const auto i = runs_.find(id);
  const auto r = std::move(i->second);
  runs_.erase(i);
  lease_.forget(id);
  --stats_.busy;
  ++stats_.finished;
  run_result result;
  result.id = id;
  result.waited = r.began - r.accepted;
  result.took = process_.local_now() - r.began;
  if (r.throws) {
    ++stats_.failed;
    result.failed = true;
    result.failure = "the run threw";
  }
  observer_.run_ended(process_, id);
  if (r.done) {
    r.done(result);
  }
  fill();
}

void sim_executor::fill() {
  while (waiting_.size() > 0 && stats_.busy < stats_.max_threads) {
    const auto id = *waiting_.pop();
    if (lease_.admits(runs_.at(id).order.stop_grace)) {
      begin(id);
    } else {
      drop(id);
    }
  }
  stats_.waiting = static_cast<std::uint32_t>(waiting_.size());
  stats_.threads = stats_.busy;
}

} // namespace djm::sim
