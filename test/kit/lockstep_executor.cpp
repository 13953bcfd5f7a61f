#include "test/kit/lockstep_executor.hpp"

#include <cxxabi.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "test/kit/user_code.hpp"

namespace djm::test {

namespace {

/// How long a thread takes to get to work, at most.
constexpr duration start_time = std::chrono::microseconds{200};

/// Does something however a call of user code ends, also when it ends its thread.
template <class F>
class at_end {
public:
  explicit at_end(F f) : f_(std::move(f)) {}
  ~at_end() { f_(); }
  at_end(const at_end&) = delete;
  at_end& operator=(const at_end&) = delete;

private:
  F f_;
};

} // namespace

lockstep_executor::lockstep_executor(sim::timeline& t, sim::process& p, lockstep& l, run_observer& o,
                                     std::uint64_t seed, std::uint32_t max_threads, report_fn report,
                                     overrun_fn overrun)
  : timeline_(t),
    process_(p),
    lockstep_(l),
    observer_(o),
    chance_(seed, "executor"),
    report_(std::move(report)),
    overrun_(std::move(overrun)),
    lease_(t, p, [this](const lease_guard::verdict& v) { end_lease(v); }),
    clock_(std::make_shared<virtual_clock>(p, l)) {
  stats_.max_threads = max_threads;
  stats_.reserved_threads = 2;
}

std::string lockstep_executor::complaint(const run_order& order) const {
  if (shut_) {
    return fmt::format("run {} of job '{}' refused: the executor is shut down", order.id, order.job);
  }
  if (!order.code || order.items.empty() || order.id == 0 || runs_.count(order.id) > 0) {
    return fmt::format("run {} of job '{}' refused: no code, no items, or an id in use", order.id, order.job);
  }
  return {};
}

void lockstep_executor::start(run_order order, done_fn done) {
  if (const auto text = complaint(order); !text.empty()) {
    run_result refused;
    refused.id = order.id;
    refused.failed = true;
    refused.failure = text;
    process_.later(timeline_.now, sim::process::kind::code, [done = std::move(done), refused] { done(refused); });
    return;
  }
  const auto id = order.id;
  order.code = std::make_shared<user_code>(std::move(order.code), *clock_);
  auto& e = runs_[id];
  e.grace = order.stop_grace;
  e.accepted = process_.local_now();
  e.run = std::make_shared<run_context>(std::move(order), services());
  e.done = std::move(done);
  lease_.watch(id, e.grace);
  waiting_.push(e.run->job(), id);
  fill();
}

void lockstep_executor::request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  if (auto& e = i->second; e.started) {
    if (!std::exchange(e.stopping, true)) {
      observer_.stop_asked(process_, id, reason);
    }
    const auto run = e.run;
    return run->request_stop(reason, revoked);
  }
  waiting_.erase(i->second.run->job(), id);
  drop(id);
}

/// Ends a run that has not begun and waits no more.
void lockstep_executor::drop(run_id id) {
  ++stats_.dropped;
  lease_.forget(id);
  auto dropped = runs_.extract(id);
  dropped.mapped().run->drop();
  run_result result;
  result.id = id;
  result.dropped = true;
  dropped.mapped().done(result);
}

void lockstep_executor::end_lease(const lease_guard::verdict& v) {
  for (const auto id : v.stop) {
    request_stop(id, stop_reason::lease_expiring, {});
  }
  for (const auto id : v.overrun) {
    if (const auto i = runs_.find(id); i != runs_.end() && i->second.started) {
      overrun_({id, i->second.run->job(), i->second.run->items(), true});
    }
  }
}

void lockstep_executor::tell_revoked(run_id id, std::vector<item_id> items) {
  const auto i = runs_.find(id);
  if (i == runs_.end()) {
    return;
  }
  if (i->second.started) {
    return i->second.run->tell_revoked(items);
  }
  released(id, i->second.run->withdraw(items));
}

void lockstep_executor::released(run_id id, std::vector<item_id> items) {
  const auto i = runs_.find(id);
  if (i == runs_.end() || !i->second.done || items.empty()) {
    return;
  }
  run_result result;
  result.id = id;
  result.ended = false;
  result.released = std::move(items);
  i->second.done(result);
}

void lockstep_executor::call(std::function<void()> f) {
  soon(fmt::format("a plan on {}", process_.node()), [this, f = std::move(f)] { contain(f); });
}

void lockstep_executor::call_user(std::string owner, std::function<void()> f) {
  if (lanes_.enter(owner, f)) {
    begin_call(std::move(owner), std::move(f));
  }
}

void lockstep_executor::begin_call(std::string owner, std::function<void()> f) {
  soon(fmt::format("a pool function or another short call of user code (\"{}\") on {}", owner, process_.node()),
       [this, owner, f = std::move(f)] {
         const at_end next_one{[&] {
           if (lockstep_.ending()) {
             return;
           }
           if (auto next = lanes_.left(owner)) {
             begin_call(owner, std::move(next));
           }
         }};
         contain(f);
       });
}

void lockstep_executor::contain(const std::function<void()>& f) {
  std::string text;
  try {
    if (!throws(f, text)) {
      return;
    }
  } catch (const abi::__forced_unwind&) {
    ++stats_.contained;
    report_("a call of user code has ended its thread (pthread_exit or cancellation)");
    throw;
  }
  ++stats_.contained;
  report_("a call of user code threw: " + text);
}

/// Calls `f` on a thread that runs cannot occupy.
void lockstep_executor::soon(std::string what, std::function<void()> f) {
  if (shut_) {
    return;
  }
  const auto when = timeline_.now + chance_.between(duration::zero(), start_time);
  process_.later(when, sim::process::kind::code, [this, what = std::move(what), f = std::move(f)]() mutable {
    if (shut_) {
      return;
    }
    lockstep_.run(std::move(what), [this, f = std::move(f)] {
      virtual_clock::seat here{*clock_};
      ++stats_.reserved_busy;
      const at_end free{[this] { --stats_.reserved_busy; }};
      f();
    });
  });
}

run_services lockstep_executor::services() {
  run_services s;
  s.clock = clock_;
  s.post = [this](std::function<void()> f) {
    soon(fmt::format("a stop callback on {}", process_.node()), std::move(f));
  };
  s.released = [this](run_id id, const item_id& item) {
    observer_.item_released(process_, id, item);
    process_.later(timeline_.now, sim::process::kind::code, [this, id, item] { released(id, {item}); });
  };
  s.report = [this](const std::string& text) {
    ++stats_.contained;
    report_(text);
  };
  return s;
}

std::vector<running_info> lockstep_executor::running(const job_id& job) const {
  std::vector<running_info> result;
  for (const auto& [id, e] : runs_) {
    if (job.empty() || e.run->job() == job) {
      result.push_back({id, e.run->job(), e.run->held_items(), e.started});
    }
  }
  return result;
}

void lockstep_executor::adopt(const job_id& job, done_fn done) {
  for (auto& [id, e] : runs_) {
    if (e.run->job() == job) {
      e.done = done;
    }
  }
}

executor_stats lockstep_executor::stats() const {
  auto result = stats_;
  result.threads = result.busy;
  result.waiting = static_cast<std::uint32_t>(waiting_.size());
  result.reserved_threads = std::max(result.reserved_threads, result.reserved_busy);
  return result;
}

void lockstep_executor::shut() {
  shut_ = true;
  while (const auto id = waiting_.pop()) {
    runs_.erase(*id);
  }
  for (auto& [id, e] : runs_) {
    e.done = nullptr;
  }
}

void lockstep_executor::fill() {
  while (waiting_.size() > 0 && stats_.busy < stats_.max_threads) {
    const auto id = *waiting_.pop();
    if (!lease_.admits(runs_.at(id).grace)) {
      drop(id);
      continue;
    }
    runs_.at(id).started = true;
    ++stats_.busy;
    const auto when = timeline_.now + chance_.between(duration::zero(), start_time);
    process_.later(when, sim::process::kind::code, [this, id] { begin(id); });
  }
}

void lockstep_executor::begin(run_id id) {
  auto& e = runs_.at(id);
  e.began = process_.local_now();
  const auto run = e.run;
  observer_.run_began(process_, {id, run->job(), run->items(), true});
  if (e.stopping) {
    observer_.stop_asked(process_, id, run->reason());
  }
  lockstep_.run(fmt::format("run {} of job \"{}\" on {}", id, run->job(), process_.node()), [this, run] {
    virtual_clock::seat here{*clock_};
    run_result result;
    result.id = run->run();
    result.failed = true;
    result.failure = "its thread was ended (pthread_exit or cancellation)";
    const at_end told{[&] {
      if (lockstep_.ending()) {
        return;
      }
      observer_.run_ended(process_, result);
      process_.later(timeline_.now, sim::process::kind::code, [this, result] { finish(result); });
    }};
    result = run->execute();
  });
}

void lockstep_executor::finish(run_result r) {
  auto ended = runs_.extract(r.id);
  r.waited = ended.mapped().began - ended.mapped().accepted;
  r.took = process_.local_now() - ended.mapped().began;
  lease_.forget(r.id);
  --stats_.busy;
  ++stats_.finished;
  if (r.failed) {
    ++stats_.failed;
  }
  if (ended.mapped().done) {
    ended.mapped().done(r);
  }
  fill();
}

} // namespace djm::test
