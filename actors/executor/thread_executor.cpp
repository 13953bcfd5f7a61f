#include "actors/executor/thread_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/elastic_pool.hpp"
#include "actors/executor/run_context.hpp"
#include "actors/executor/user_calls.hpp"

namespace djm {

/// Everything that threads touch; they share its ownership.
class thread_executor::impl : public std::enable_shared_from_this<impl> {
public:
  explicit impl(executor_options o)
    : options_(std::move(o)),
      log_(std::move(options_.log)),
      runs_({"djm-run", 1, options_.max_threads, options_.idle_time}),
      calls_({"djm-call", options_.reserved_threads, options_.max_reserved_threads, options_.idle_time}),
      users_({"djm-user", 1, options_.max_reserved_threads, options_.idle_time, options_.overtaken_after}),
      callbacks_({"djm-stop", 1, options_.max_reserved_threads, options_.idle_time}) {}

  run_id next_run_id() { return ++last_run_; }
  void start(run_order order, done_fn done);
  void request_stop(run_id id, stop_reason reason, const std::vector<item_id>& revoked);
  void call(std::function<void()> f) {
    calls_.post([self = shared_from_this(), f = std::move(f)] { self->contain(f); });
  }
  void call_user(std::string owner, std::function<void()> f) {
    users_.call(
      std::move(owner), [this, f = std::move(f)] { contain(f); }, shared_from_this());
  }
  std::vector<running_info> running(const job_id& job) const;
  void adopt(const job_id& job, const done_fn& done);
  executor_stats stats() const;
  executor_leftovers shutdown(time_point deadline);
  duration patience() const { return options_.patience; }

private:
  struct entry {
    std::shared_ptr<run_context> run;
    done_fn done;
    elastic_pool::ticket ticket = 0;
    bool started = false;
    /// Once started.
    std::thread::id thread;
  };

  std::string complaint(const run_order& order) const;
  run_services services();
  void execute(run_id id);
  void deliver(std::unique_lock<std::mutex> lock, done_fn done, run_result result);
  void report(const std::string& text);
  void contain(const std::function<void()>& f);
  std::vector<running_info> list(const job_id& job) const;
  bool settled() const;
  bool none_outside() const;
  bool on_own_thread() const;
  executor_leftovers tear_down(std::unique_lock<std::mutex>& lock);

  executor_options options_;
  std::atomic<run_id> last_run_{0};

  mutable std::mutex mutex_;
  /// For shutdown: a run or delivery has ended, the deadline has moved, the work of shutdown is done.
  std::condition_variable changed_;
  std::map<run_id, entry> entries_;
  /// Threads that are within a `done` or the log.
  std::multiset<std::thread::id> outside_;
  /// Not copied and not changed while a thread is outside.
  log_sink log_;
  std::uint64_t finished_ = 0, failed_ = 0, dropped_ = 0, contained_ = 0;

  enum class phase { open, closing, tearing_down, closed };
  phase phase_ = phase::open;
  time_point deadline_ = time_point::max();
  executor_leftovers leftovers_;

  // Last, so that no thread exists before, or is joined after, what it uses.
  elastic_pool runs_;
  elastic_pool calls_;
  user_calls users_;
  elastic_pool callbacks_;
};

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
  entry e;
  e.run = std::make_shared<run_context>(std::move(order), services());
  e.done = std::move(done);
  auto& accepted = entries_.emplace(id, std::move(e)).first->second;
  accepted.ticket = runs_.post([self = shared_from_this(), id] { self->execute(id); });
}

/// Why the order is refused; empty when it is fine.
std::string thread_executor::impl::complaint(const run_order& order) const {
  if (phase_ != phase::open)
    return fmt::format("run {} of job '{}' refused: the executor has been shut down", order.id, order.job);
  if (order.id == 0)
    return fmt::format("run of job '{}' refused: run id 0 names no run", order.job);
  if (entries_.count(order.id) != 0)
    return fmt::format("run {} of job '{}' refused: a run with this id has not ended", order.id, order.job);
  if (!order.code)
    return fmt::format("run {} of job '{}' refused: no code", order.id, order.job);
  if (order.items.empty())
    return fmt::format("run {} of job '{}' refused: no items", order.id, order.job);
  return {};
}

/// Weak: a subscription that user code leaks keeps its run in memory, not the executor.
run_services thread_executor::impl::services() {
  run_services result;
  result.clock = options_.clock;
  result.post = [weak = weak_from_this()](std::function<void()> f) {
    if (auto self = weak.lock())
      self->callbacks_.post(std::move(f));
  };
  result.report = [weak = weak_from_this()](const std::string& text) {
    if (auto self = weak.lock())
      self->report(text);
  };
  return result;
}

void thread_executor::impl::execute(run_id id) {
  std::shared_ptr<run_context> run;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    auto i = entries_.find(id);
    if (i == entries_.end())
      return; // dropped after the pool had handed it out
    i->second.started = true;
    i->second.thread = std::this_thread::get_id();
    run = i->second.run;
  }
  auto result = run->execute();
  run = nullptr;
  std::unique_lock<std::mutex> lock{mutex_};
  auto ended = entries_.extract(id);
  ++finished_;
  if (result.failed)
    ++failed_;
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
  if (done && throws([&] { done(result); }, text))
    report(fmt::format("the end of run {} could not be told: {}", result.id, text));
  done = nullptr; // handles in it are released while shutdown still waits for us
  lock.lock();
  outside_.erase(outside_.find(self));
  changed_.notify_all();
}

void thread_executor::impl::report(const std::string& text) {
  auto self = std::this_thread::get_id();
  {
    std::lock_guard<std::mutex> guard{mutex_};
    ++contained_;
    if (phase_ >= phase::tearing_down || !log_)
      return;
    outside_.insert(self);
  }
  log_record record;
  record.level = log_level::error;
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
  if (i == entries_.end())
    return;
  if (i->second.started) {
    auto run = i->second.run;
    lock.unlock();
    run->request_stop(reason, revoked);
    return;
  }
  auto dropped = entries_.extract(i);
  ++dropped_;
  runs_.withdraw(dropped.mapped().ticket);
  lock.unlock();
  dropped.mapped().run->drop();
  run_result result;
  result.id = id;
  result.dropped = true;
  lock.lock();
  deliver(std::move(lock), std::move(dropped.mapped().done), std::move(result));
}

void thread_executor::impl::contain(const std::function<void()>& f) {
  std::string text;
  if (throws(f, text))
    report(fmt::format("a call of user code threw: {}", text));
}

std::vector<running_info> thread_executor::impl::running(const job_id& job) const {
  std::lock_guard<std::mutex> guard{mutex_};
  return list(job);
}

std::vector<running_info> thread_executor::impl::list(const job_id& job) const {
  std::vector<running_info> result;
  for (auto& [id, e] : entries_)
    if (job.empty() || e.run->job() == job)
      result.push_back({id, e.run->job(), e.run->items(), e.started});
  return result;
}

void thread_executor::impl::adopt(const job_id& job, const done_fn& done) {
  std::vector<done_fn> former; // destroyed without the lock
  std::lock_guard<std::mutex> guard{mutex_};
  for (auto& [id, e] : entries_)
    if (e.run->job() == job)
      former.push_back(std::exchange(e.done, done));
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
  for (auto& [id, e] : entries_)
    ++(e.started ? result.busy : result.waiting);
  result.finished = finished_;
  result.failed = failed_;
  result.dropped = dropped_;
  result.contained = contained_;
  return result;
}

/// Whether shutdown has nothing to wait for but itself.
bool thread_executor::impl::settled() const {
  auto self = std::this_thread::get_id();
  return none_outside() &&
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
    if (!on_own_thread())
      changed_.wait(lock, [&] { return phase_ == phase::closed; });
    return leftovers_;
  }
  phase_ = phase::closing;
  std::vector<run_id> ids;
  for (auto& [id, e] : entries_)
    ids.push_back(id);
  lock.unlock();
  for (auto id : ids)
    request_stop(id, stop_reason::shutdown, {});
  lock.lock();
  // In slices, because another call may bring the deadline forward.
  constexpr duration slice = std::chrono::milliseconds{100};
  for (auto now = boot_now(); !settled() && now < deadline_; now = boot_now())
    wait_until(lock, changed_, std::min(deadline_, now + slice), slice, [&] { return settled(); });
  return tear_down(lock);
}

executor_leftovers thread_executor::impl::tear_down(std::unique_lock<std::mutex>& lock) {
  phase_ = phase::tearing_down;
  // `done` and log are not user code: a call under way ends, and must end before what they refer to goes.
  changed_.wait(lock, [&] { return none_outside(); });
  executor_leftovers result;
  result.runs = list({});
  std::vector<done_fn> released;
  for (auto& [id, e] : entries_)
    released.push_back(std::move(e.done));
  bool logging = outside_.count(std::this_thread::get_id()) != 0; // then the log may be our caller
  log_sink released_log = logging ? log_sink{} : std::exchange(log_, {});
  lock.unlock();
  released.clear();
  released_log = nullptr;
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

namespace {

executor_options with_defaults(executor_options o) {
  if (!o.clock)
    o.clock = make_system_run_clock();
  return o;
}

} // namespace

thread_executor::thread_executor(executor_options options)
  : impl_(std::make_shared<impl>(with_defaults(std::move(options)))) {}

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
