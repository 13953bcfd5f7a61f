#include "simulation/virtual_executor.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace djm::sim {

virtual_executor::virtual_executor(timeline& t, process& p, run_observer& o, std::uint64_t seed,
                                   std::uint32_t max_threads)
  : timeline_(t),
    process_(p),
    observer_(o),
    chance_(seed, "executor"),
    lease_(t, p, [this](const lease_guard::verdict& v) { end_lease(v); }) {
  stats_.max_threads = max_threads;
  stats_.reserved_threads = 2;
}

std::string virtual_executor::complaint(const run_order& order) const {
  if (shut_) {
    return fmt::format("run {} of job '{}' refused: the executor is shut down", order.id, order.job);
  }
  if (!order.code || order.items.empty() || order.id == 0 || runs_.count(order.id) > 0) {
    return fmt::format("run {} of job '{}' refused: no code, no items, or an id in use", order.id, order.job);
  }
  return {};
}

void virtual_executor::start(run_order order, done_fn done) {
  if (auto text = complaint(order); !text.empty()) {
    run_result refused;
    refused.id = order.id;
    refused.failed = true;
    refused.failure = std::move(text);
    return later([done = std::move(done), refused] { done(refused); });
  }
  const auto id = order.id;
  auto& r = runs_[id];
  r.order = std::move(order);
  if (!r.order.as_given) {
    std::sort(r.order.items.begin(), r.order.items.end(), [](auto& a, auto& b) { return a.id < b.id; });
  }
  r.done = std::move(done);
  r.accepted = process_.local_now();
  lease_.watch(id, r.order.stop_grace);
  if (r.order.question) {
    return give_thread(id); // which runs cannot occupy
  }
  waiting_.push(r.order.job, id, r.order.priority);
  fill();
}

void virtual_executor::renew_lease(const run_lease& l) {
  lease_.renew(l);
  tell_lease();
}

void virtual_executor::session_ends(std::uint64_t session, time_point at) {
  lease_.session_ends(session, at);
  tell_lease();
}

void virtual_executor::tell_lease() {
  if (const auto end = lease_.ends_at()) {
    lease_told(*end);
  }
}

void virtual_executor::request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  if (i->second.started) {
    return stop(i->second, reason, std::move(revoked));
  }
  waiting_.erase(i->second.order.job, id);
  drop(id);
}

void virtual_executor::tell_revoked(run_id id, std::vector<item_id> items) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  if (i->second.started) {
    return take_away(i->second, std::move(items));
  }
  let_go(id, items);
}

void virtual_executor::let_go(run_id id, const std::vector<item_id>& items,
                              const std::optional<std::string>& declined) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  auto& r = i->second;
  run_result result;
  result.id = id;
  result.ended = false;
  result.declined = declined;
  for (const auto& item : items) {
    auto& held = r.order.items;
    const auto k = std::find_if(held.begin(), held.end(), [&](const work_item& w) { return w.id == item; });
    if (k == held.end()) {
      continue;
    }
    held.erase(k);
    result.released.push_back(item);
    if (r.started) {
      if (declined) {
        observer_.item_declined(process_, id, item);
      }
      observer_.item_released(process_, id, item);
    }
  }
  if (!result.released.empty() && r.done) {
    r.done(result);
  }
}

void virtual_executor::call_user(std::string owner, std::function<void()> f) {
  if (!shut_ && lanes_.enter(owner, f)) {
    begin_call(std::move(owner), std::move(f));
  }
}

void virtual_executor::call_ended(const std::string& owner) {
  if (auto next = lanes_.left(owner)) {
    begin_call(owner, std::move(next));
  }
}

std::vector<running_info> virtual_executor::running(const job_id& job) const {
  std::vector<running_info> result;
  for (const auto& [id, r] : runs_) {
    if (job.empty() || r.order.job == job) {
      result.push_back(info_of(r));
    }
  }
  return result;
}

std::optional<running_info> virtual_executor::look(run_id id) const {
  const auto i = runs_.find(id);
  return i == runs_.end() ? std::nullopt : std::optional{info_of(i->second)};
}

void virtual_executor::adopt(const job_id& job, done_fn done) {
  for (auto& [id, r] : runs_) {
    if (r.order.job == job) {
      r.done = done;
    }
  }
}

executor_stats virtual_executor::stats() const {
  auto result = stats_;
  result.threads = result.busy;
  result.waiting = static_cast<std::uint32_t>(waiting_.size());
  result.reserved_threads = std::max(result.reserved_threads, result.reserved_busy);
  return result;
}

void virtual_executor::shut() {
  shut_ = true;
  while (const auto id = waiting_.pop()) {
    runs_.erase(*id);
  }
  for (auto& [id, r] : runs_) {
    r.done = nullptr;
  }
}

void virtual_executor::fill() {
  while (waiting_.size() > 0 && stats_.busy < stats_.max_threads) {
    give_thread(*waiting_.pop());
  }
}

void virtual_executor::give_thread(run_id id) {
  auto& r = runs_.at(id);
  if (!lease_.admits(r.order.stop_grace)) {
    return drop(id);
  }
  r.started = true;
  r.began = process_.local_now();
  stats_.busy += r.order.question ? 0 : 1;
  begin(r);
}

/// Ends a run that has not begun and waits no more.
void virtual_executor::drop(run_id id) {
  lease_.forget(id);
  auto dropped = runs_.extract(id);
  stats_.dropped += dropped.mapped().order.question ? 0 : 1;
  dropped.mapped().order.code = nullptr;
  run_result result;
  result.id = id;
  result.dropped = true;
  dropped.mapped().done(result);
}

void virtual_executor::finish(run_result r) {
  auto ended = runs_.extract(r.id);
  auto& run = ended.mapped();
  run.order.code = nullptr;
  r.waited = run.began - run.accepted;
  r.took = process_.local_now() - run.began;
  lease_.forget(r.id);
  if (!run.order.question) {
    --stats_.busy;
    ++stats_.finished;
    stats_.failed += r.failed ? 1 : 0;
  }
  if (run.done) {
    run.done(r);
  }
  fill();
}

void virtual_executor::end_lease(const lease_guard::verdict& v) {
  for (const auto id : v.stop) {
    request_stop(id, stop_reason::lease_expiring, {});
  }
  for (const auto id : v.overrun) {
    if (const auto i = runs_.find(id); i != runs_.end() && i->second.started) {
      overrun(info_of(i->second));
    }
  }
}

} // namespace djm::sim
