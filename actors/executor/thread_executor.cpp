#include "actors/executor/thread_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <cxxabi.h>

#include "actors/env/boot_time.hpp"
#include "actors/executor/executor_impl.hpp"

namespace djm {

void thread_executor::impl::start(std::vector<run_order> orders, done_fn f) {
  const auto done = std::make_shared<const done_fn>(std::move(f));
  std::unique_lock<std::mutex> lock{mutex_};
  const auto now = boot_now();
  std::vector<run_id> questions;
  for (auto& x : orders) {
    if (auto why = complaint(x); why.empty()) {
      if (x.question) {
        questions.push_back(x.id);
      }
      accept(std::move(x), done, now);
    } else {
      refuse(x.id, std::move(why), done);
    }
  }
  if (waiting_.size() > 0 && !look_at_waiting_) {
    look_at_waiting_ = saturating_add(now, options_.waits_long);
  }
  wake_watcher();
  // One for each that waits, whoever that is when it comes to its turn; those of dropped runs are used again.
  const auto missing = waiting_.size() - std::min(waiting_.size(), tasks_);
  tasks_ += missing;
  lock.unlock();
  runs_.post([self = shared_from_this()] { self->execute_next(); }, missing);
  for (const auto id : questions) {
    users_.call(
      "question " + std::to_string(id), [this, id] { execute_question(id); }, shared_from_this());
  }
}

void thread_executor::impl::refuse(run_id id, std::string why, const shared_done& done) {
  run_result refused;
  refused.id = id;
  refused.failed = true;
  refused.failure = std::move(why);
  callbacks_.post([self = shared_from_this(), done, refused] {
    self->deliver(std::unique_lock<std::mutex>{self->mutex_}, done, refused);
  });
}

/// Into the table and, if it is no question, the queue; the caller posts the task that takes it out.
void thread_executor::impl::accept(run_order order, const shared_done& done, time_point now) {
  const auto id = order.id;
  guard_.watch(id, order.stop_grace);
  if (!order.question) {
    waiting_.push(order.job, id, order.priority);
  }
  auto& e = entries_[id];
  e.question = order.question;
  e.grace = order.stop_grace;
  e.run = std::make_shared<run_context>(std::move(order), services());
  e.done = done;
  e.accepted = now;
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
std::shared_ptr<const run_services> thread_executor::impl::services() {
  if (services_) {
    return services_;
  }
  auto result = std::make_shared<run_services>();
  result->clock = options_.clock;
  result->post = [weak = weak_from_this()](std::function<void()> f) {
    if (auto self = weak.lock()) {
      self->callbacks_.post(std::move(f));
    }
  };
  result->released = [weak = weak_from_this()](run_id id, const item_id& item,
                                               const std::optional<std::string>& declined) {
    if (auto self = weak.lock()) {
      self->released(id, {item}, declined);
    }
  };
  result->ask_state = state_asker();
  result->follow_lease = [weak = weak_from_this()](run_id id, std::weak_ptr<lease_follower> f) {
    if (auto self = weak.lock()) {
      self->follow_lease(id, std::move(f));
    }
  };
  result->report = [weak = weak_from_this()](const std::string& text) {
    if (auto self = weak.lock()) {
      self->report(text);
    }
  };
  services_ = std::move(result);
  return services_;
}

void thread_executor::impl::execute_next() {
  std::unique_lock<std::mutex> lock{mutex_};
  --tasks_;
  const auto id = waiting_.pop();
  if (waiting_.size() == 0) {
    look_at_waiting_.reset();
  }
  if (id) {
    execute(*id, std::move(lock));
  }
}

/// It may have been dropped before a thread got to it.
void thread_executor::impl::execute_question(run_id id) {
  std::unique_lock<std::mutex> lock{mutex_};
  if (entries_.count(id) > 0) {
    execute(id, std::move(lock));
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
  std::optional<run_result> result;
  try {
    result = run->begin([self = shared_from_this(), id](run_result r) { self->finish(id, std::move(r)); });
  } catch (const abi::__forced_unwind&) {
    run_result ended;
    ended.id = id;
    ended.failed = true;
    ended.failure = "its thread was ended (pthread_exit or cancellation)";
    run = nullptr;
    finish(id, std::move(ended));
    throw;
  }
  run = nullptr;
  if (result) {
    finish(id, std::move(*result));
  } else {
    leave_open(id);
  }
}

/// Calls `done` without the lock, unless shutdown has given up on the run.
void thread_executor::impl::deliver(std::unique_lock<std::mutex> lock, shared_done done, const run_result& result) {
  if (phase_ >= phase::tearing_down) {
    lock.unlock(); // `done` is destroyed without the lock
    return;
  }
  outside_.push_back(std::this_thread::get_id());
  lock.unlock();
  std::string text;
  if (done && *done && throws([&] { (*done)(result); }, text)) {
    report(fmt::format("the end of run {} could not be told: {}", result.id, text));
  }
  done = nullptr; // handles in it are released while shutdown still waits for us
  lock.lock();
  come_back();
}

/// This thread is not outside any more.
void thread_executor::impl::come_back() {
  const auto i = std::find(outside_.begin(), outside_.end(), std::this_thread::get_id());
  *i = outside_.back();
  outside_.pop_back();
  if (phase_ != phase::open) {
    changed_.notify_all(); // none but shutdown waits
  }
}

void thread_executor::impl::report(const std::string& text, log_level level) {
  {
    std::lock_guard<std::mutex> guard{mutex_};
    if (level == log_level::error) {
      ++contained_;
    }
    if (phase_ >= phase::tearing_down || !log_) {
      return;
    }
    outside_.push_back(std::this_thread::get_id());
  }
  log_record record;
  record.level = level;
  record.component = "executor";
  record.text = text;
  std::string ignored;
  throws([&] { log_(record); }, ignored);
  std::lock_guard<std::mutex> guard{mutex_};
  come_back();
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
thread_executor::impl::entry_node thread_executor::impl::drop(entries::iterator i) {
  dropped_ += i->second.question ? 0 : 1;
  ++untold_;
  waiting_.erase(i->second.run->job(), i->first);
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
    if (done && *done) {
      (*done)(r);
    }
  };
  std::unique_lock<std::mutex> lock{mutex_};
  --untold_;
  deliver(std::move(lock), std::make_shared<const done_fn>(std::move(tell)), result);
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
void thread_executor::impl::released(run_id id, std::vector<item_id> items, std::optional<std::string> declined) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto i = entries_.find(id);
  if (i == entries_.end() || items.empty()) {
    return;
  }
  run_result result;
  result.id = id;
  result.ended = false;
  result.released = std::move(items);
  result.declined = std::move(declined);
  auto done = i->second.done;
  deliver(std::move(lock), std::move(done), result);
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
      result.push_back(info_of(id, e));
    }
  }
  std::sort(result.begin(), result.end(), [](auto& a, auto& b) { return a.id < b.id; });
  return result;
}

running_info thread_executor::impl::info_of(run_id id, const entry& e) {
  auto [beat, progress] = e.run->last_beat();
  return {id,
          e.run->job(),
          e.run->held_items(),
          e.started,
          e.began,
          std::max(beat, e.began),
          std::move(progress),
          e.run->purpose(),
          e.question};
}

std::optional<running_info> thread_executor::impl::look(run_id id) const {
  std::lock_guard<std::mutex> guard{mutex_};
  const auto i = entries_.find(id);
  return i == entries_.end() ? std::nullopt : std::optional{info_of(id, i->second)};
}

bool thread_executor::impl::runs(const job_id& job) const {
  std::lock_guard<std::mutex> guard{mutex_};
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](auto& e) { return job.empty() || e.second.run->job() == job; });
}

void thread_executor::impl::adopt(const job_id& job, const done_fn& f) {
  std::vector<shared_done> former; // destroyed without the lock
  const auto done = std::make_shared<const done_fn>(f);
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
    if (e.question || e.open) {
      continue; // its thread is a reserved one, or it has none
    }
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
  std::vector<run_order> one;
  one.push_back(std::move(order));
  impl_->start(std::move(one), std::move(done));
}

void thread_executor::start_all(std::vector<run_order> orders, done_fn done) {
  impl_->start(std::move(orders), std::move(done));
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

std::optional<running_info> thread_executor::look(run_id id) const {
  return impl_->look(id);
}

bool thread_executor::runs(const job_id& job) const {
  return impl_->runs(job);
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
