#include "actors/executor/thread_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <cxxabi.h>

#include "actors/env/boot_time.hpp"
#include "actors/executor/executor_impl.hpp"

namespace djm {

void thread_executor::impl::start(run_order order, done_fn done) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto id = order.id;
  if (auto why = complaint(order); !why.empty()) {
    lock.unlock();
    run_result refused;
    refused.id = id;
    refused.failed = true;
    refused.failure = std::move(why);
    callbacks_.post([self = shared_from_this(), done = std::move(done), refused] {
      self->deliver(std::unique_lock<std::mutex>{self->mutex_}, done, refused);
    });
    return;
  }
  const auto grace = order.stop_grace;
  entry e;
  e.run = std::make_shared<run_context>(std::move(order), services(id));
  e.done = std::move(done);
  e.accepted = boot_now();
  e.grace = grace;
  const auto before = guard_.wake_at();
  guard_.watch(id, grace);
  if (guard_.wake_at() != before) {
    lease_changed_.notify_all();
  }
  auto& accepted = entries_.emplace(id, std::move(e)).first->second;
  waiting_.push(accepted.run->job(), id);
  if (!look_at_waiting_) {
    look_at_waiting_ = saturating_add(accepted.accepted, options_.waits_long);
    if (!guard_.wake_at()) { // else it looks often enough, and a short run costs nobody's sleep
      lease_changed_.notify_all();
    }
  }
  accepted.ticket = runs_.post([self = shared_from_this()] { self->execute_next(); });
}

/// Why the order is refused; empty when it is fine.
std::string thread_executor::impl::complaint(const run_order& order) const {
  if (phase_ != phase::open) {
    return fmt::format("run {} of job '{}' refused: the executor has been shut down", order.id, order.job);
  }
  if (order.id == 0) {
    return fmt::format("run of job '{}' refused: run id 0 names no run", order.job);
  }
  if (entries_.count(order.id) != 0) {
    return fmt::format("run {} of job '{}' refused: a run with this id has not ended", order.id, order.job);
  }
  if (!order.code) {
    return fmt::format("run {} of job '{}' refused: no code", order.id, order.job);
  }
  if (order.items.empty()) {
    return fmt::format("run {} of job '{}' refused: no items", order.id, order.job);
  }
  return {};
}

/// Weak: a subscription that user code leaks keeps its run in memory, not the executor.
run_services thread_executor::impl::services(run_id id) {
  run_services result;
  result.clock = options_.clock;
  result.post = [weak = weak_from_this()](std::function<void()> f) {
    if (auto self = weak.lock()) {
      self->callbacks_.post(std::move(f));
    }
  };
  result.released = [weak = weak_from_this(), id](const item_id& item) {
    if (auto self = weak.lock()) {
      self->released(id, {item});
    }
  };
  result.report = [weak = weak_from_this()](const std::string& text) {
    if (auto self = weak.lock()) {
      self->report(text);
    }
  };
  return result;
}

void thread_executor::impl::execute_next() {
  std::unique_lock<std::mutex> lock{mutex_};
  const auto id = waiting_.pop();
  if (waiting_.size() == 0) {
    look_at_waiting_.reset();
  }
  if (id) {
    execute(*id, std::move(lock));
  }
}

void thread_executor::impl::execute(run_id id, std::unique_lock<std::mutex> lock) {
  auto i = entries_.find(id);
  i->second.began = boot_now();
  // What must not begin any more is dropped by whoever knows so, one run after the other, and may be taken by a thread
  // before its turn: when the executor shuts down, or after the process was frozen until the lease was over.
  if (phase_ != phase::open || !guard_.admits(i->second.grace, i->second.began)) {
    auto late = drop(i);
    lock.unlock();
    return tell_dropped(std::move(late));
  }
  i->second.started = true;
  i->second.thread = std::this_thread::get_id();
  auto run = i->second.run;
  lock.unlock();
  run_result result;
  try {
    result = run->execute();
  } catch (const abi::__forced_unwind&) {
    result.id = id;
    result.failed = true;
    result.failure = "its thread was ended (pthread_exit or cancellation)";
    run = nullptr;
    finish(id, std::move(result));
    throw;
  }
  run = nullptr;
  finish(id, std::move(result));
}

void thread_executor::impl::finish(run_id id, run_result result) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto ended = entries_.extract(id);
  guard_.forget(id);
  result.waited = ended.mapped().began - ended.mapped().accepted;
  result.took = boot_now() - ended.mapped().began;
  ++finished_;
  if (result.failed) {
    ++failed_;
  }
  deliver(std::move(lock), std::move(ended.mapped().done), std::move(result));
}

/// Calls `done` without the lock, unless shutdown has given up on the run.
void thread_executor::impl::deliver(std::unique_lock<std::mutex> lock, done_fn done, run_result result) {
  if (phase_ >= phase::tearing_down) {
    lock.unlock(); // `done` is destroyed without the lock
    return;
  }
  auto self = std::this_thread::get_id();
  outside_.insert(self);
  lock.unlock();
  std::string text;
  if (done && throws([&] { done(result); }, text)) {
    report(fmt::format("the end of run {} could not be told: {}", result.id, text));
  }
  done = nullptr; // handles in it are released while shutdown still waits for us
  lock.lock();
  outside_.erase(outside_.find(self));
  changed_.notify_all();
}

void thread_executor::impl::report(const std::string& text, log_level level) {
  auto self = std::this_thread::get_id();
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (level == log_level::error) {
      ++contained_;
    }
    if (phase_ >= phase::tearing_down || !log_) {
      return;
    }
    outside_.insert(self);
  }
  log_record record;
  record.level = level;
  record.component = "executor";
  record.text = text;
  std::string ignored;
  throws([&] { log_(record); }, ignored);
  std::lock_guard<std::mutex> guard{mutex_};
  outside_.erase(outside_.find(self));
  changed_.notify_all();
}

void thread_executor::impl::request_stop(run_id id, stop_reason reason, const std::vector<item_id>& revoked) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto i = entries_.find(id);
  if (i == entries_.end()) {
    return;
  }
  if (i->second.started) {
    auto run = i->second.run;
    lock.unlock();
    run->request_stop(reason, revoked);
    return;
  }
  auto dropped = drop(i);
  lock.unlock();
  tell_dropped(std::move(dropped));
}

/// Takes a run that has not begun out of the table and the queue; nothing of the user's is destroyed here. Until it is
/// told, shutdown counts it among what it waits for.
thread_executor::impl::entry_node thread_executor::impl::drop(std::map<run_id, entry>::iterator i) {
  ++dropped_;
  ++untold_;
  // One task less for one run less; one that a thread has taken already came with a task that is gone.
  if (waiting_.erase(i->second.run->job(), i->first)) {
    runs_.withdraw(i->second.ticket);
  }
  if (waiting_.size() == 0) {
    look_at_waiting_.reset();
  }
  guard_.forget(i->first);
  return entries_.extract(i);
}

void thread_executor::impl::tell_dropped(entry_node dropped) {
  run_result result;
  result.id = dropped.key();
  result.dropped = true;
  result.waited = boot_now() - dropped.mapped().accepted;
  auto tell = [run = std::move(dropped.mapped().run), done = std::move(dropped.mapped().done)](const run_result& r) {
    run->drop(); // destroys what may be user code
    if (done) {
      done(r);
    }
  };
  std::unique_lock<std::mutex> lock{mutex_};
  --untold_;
  deliver(std::move(lock), std::move(tell), std::move(result));
}

void thread_executor::impl::tell_revoked(run_id id, const std::vector<item_id>& items) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto i = entries_.find(id);
  if (i == entries_.end()) {
    return;
  }
  auto run = i->second.run;
  if (i->second.started) {
    lock.unlock();
    run->tell_revoked(items);
    return;
  }
  auto taken = run->withdraw(items);
  lock.unlock();
  released(id, std::move(taken));
}

/// The run goes on without these items.
void thread_executor::impl::released(run_id id, std::vector<item_id> items) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto i = entries_.find(id);
  if (i == entries_.end() || items.empty()) {
    return;
  }
  run_result result;
  result.id = id;
  result.ended = false;
  result.released = std::move(items);
  auto done = i->second.done;
  deliver(std::move(lock), std::move(done), std::move(result));
}

void thread_executor::impl::contain(const std::function<void()>& f) {
  std::string text;
  try {
    if (throws(f, text)) {
      report(fmt::format("a call of user code threw: {}", text));
    }
  } catch (const abi::__forced_unwind&) {
    report("a call of user code has ended its thread (pthread_exit or cancellation)");
    throw;
  }
}

std::vector<running_info> thread_executor::impl::running(const job_id& job) const {
  std::lock_guard<std::mutex> guard{mutex_};
  return list(job);
}

std::vector<running_info> thread_executor::impl::list(const job_id& job) const {
  std::vector<running_info> result;
  for (auto& [id, e] : entries_) {
    if (job.empty() || e.run->job() == job) {
      result.push_back({id, e.run->job(), e.run->held_items(), e.started});
    }
  }
  return result;
}

void thread_executor::impl::adopt(const job_id& job, const done_fn& done) {
  std::vector<done_fn> former; // destroyed without the lock
  std::lock_guard<std::mutex> guard{mutex_};
  for (auto& [id, e] : entries_) {
    if (e.run->job() == job) {
      former.push_back(std::exchange(e.done, done));
    }
  }
}

executor_stats thread_executor::impl::stats() const {
  auto runs = runs_.look(options_.stuck_after);
  executor_stats result;
  result.threads = runs.threads;
  result.max_threads = std::max(options_.max_threads, 1u);
  for (const auto& reserved :
       {calls_.look(options_.stuck_after), users_.look(options_.stuck_after), callbacks_.look(options_.stuck_after)}) {
    result.reserved_threads += reserved.threads;
    result.reserved_busy += reserved.busy;
    result.reserved_waiting += reserved.waiting;
    result.reserved_stuck += reserved.stuck;
  }
  std::lock_guard<std::mutex> guard{mutex_};
  const auto now = boot_now();
  for (auto& [id, e] : entries_) {
    ++(e.started ? result.busy : result.waiting);
    if (!e.started) {
      result.longest_wait = std::max(result.longest_wait, now - e.accepted);
    }
  }
  result.finished = finished_;
  result.failed = failed_;
  result.dropped = dropped_;
  result.contained = contained_;
  result.lease_stops = lease_stops_;
  result.lease_stop_lateness = lease_stop_lateness_;
  return result;
}

/// Whether shutdown has nothing to wait for but itself.
bool thread_executor::impl::settled() const {
  auto self = std::this_thread::get_id();
  return untold_ == 0 && none_outside() &&
         std::all_of(entries_.begin(), entries_.end(), [&](auto& e) { return e.second.thread == self; });
}

/// Whether no thread but this one is within a `done` or the log.
bool thread_executor::impl::none_outside() const {
  return outside_.count(std::this_thread::get_id()) == outside_.size();
}

/// Whether this thread is one that shutdown waits for.
bool thread_executor::impl::on_own_thread() const {
  return outside_.count(std::this_thread::get_id()) != 0 || runs_.on_own_thread() || calls_.on_own_thread() ||
         users_.on_own_thread() || callbacks_.on_own_thread();
}

executor_leftovers thread_executor::impl::shutdown(time_point deadline) {
  std::unique_lock<std::mutex> lock{mutex_};
  deadline_ = std::min(deadline_, deadline);
  changed_.notify_all();
  if (phase_ != phase::open) {
    // Another thread is at it. One that it waits for must not wait for it.
    if (!on_own_thread()) {
      changed_.wait(lock, [&] { return phase_ == phase::closed; });
    }
    return leftovers_;
  }
  phase_ = phase::closing;
  std::vector<run_id> ids;
  for (auto& [id, e] : entries_) {
    ids.push_back(id);
  }
  lock.unlock();
  for (auto id : ids) {
    request_stop(id, stop_reason::shutdown, {});
  }
  lock.lock();
  // In slices, because another call may bring the deadline forward.
  constexpr duration slice = std::chrono::milliseconds{100};
  for (auto now = boot_now(); !settled() && now < deadline_; now = boot_now()) {
    wait_until(lock, changed_, std::min(deadline_, now + slice), slice, [&] { return settled(); });
  }
  return tear_down(lock);
}

executor_leftovers thread_executor::impl::tear_down(std::unique_lock<std::mutex>& lock) {
  phase_ = phase::tearing_down;
  lease_changed_.notify_all();
  // `done` and log are not user code: a call under way ends, and must end before what they refer to goes.
  changed_.wait(lock, [&] { return none_outside(); });
  executor_leftovers result;
  result.runs = list({});
  std::vector<done_fn> released;
  for (auto& [id, e] : entries_) {
    released.push_back(std::move(e.done));
  }
  bool logging = outside_.count(std::this_thread::get_id()) != 0; // then the log may be our caller
  log_sink released_log = logging ? log_sink{} : std::exchange(log_, {});
  lock.unlock();
  released.clear();
  released_log = nullptr;
  if (lease_thread_.get_id() == std::this_thread::get_id()) {
    lease_thread_.detach(); // `overrun` is what destroys us
  } else {
    lease_thread_.join();
  }
  // A run that has been delivered leaves its thread at once: no limit is needed, unless some runs are stuck.
  runs_.shutdown(result.runs.empty() ? time_point::max() : boot_now());
  auto limit = saturating_add(boot_now(), options_.patience);
  result.calls = calls_.shutdown(limit);
  result.calls += users_.shutdown(limit);
  result.calls += callbacks_.shutdown(limit);
  lock.lock();
  leftovers_ = result;
  phase_ = phase::closed;
  changed_.notify_all();
  return result;
}

thread_executor::thread_executor(executor_options options) {
  if (!options.clock) {
    options.clock = make_system_run_clock();
  }
  impl_ = std::make_shared<impl>(std::move(options));
  impl_->begin();
}

thread_executor::~thread_executor() {
  impl_->shutdown(saturating_add(boot_now(), impl_->patience()));
}

run_id thread_executor::next_run_id() {
  return impl_->next_run_id();
}

void thread_executor::start(run_order order, done_fn done) {
  impl_->start(std::move(order), std::move(done));
}

void thread_executor::request_stop(run_id id, stop_reason reason, std::vector<item_id> revoked) {
  impl_->request_stop(id, reason, revoked);
}

void thread_executor::tell_revoked(run_id id, std::vector<item_id> items) {
  impl_->tell_revoked(id, items);
}

void thread_executor::call(std::function<void()> f) {
  impl_->call(std::move(f));
}

void thread_executor::call_user(std::string owner, std::function<void()> f) {
  impl_->call_user(std::move(owner), std::move(f));
}

std::vector<running_info> thread_executor::running(const job_id& job) const {
  return impl_->running(job);
}

void thread_executor::adopt(const job_id& job, done_fn done) {
  impl_->adopt(job, done);
}

executor_stats thread_executor::stats() const {
  return impl_->stats();
}

executor_leftovers thread_executor::shutdown(time_point deadline) {
  return impl_->shutdown(deadline);
}

} // namespace djm
