#include "actors/executor/elastic_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <cxxabi.h>

#include "actors/env/boot_time.hpp"

namespace djm {

struct elastic_pool::state {
  struct member {
    std::thread thread;
    std::thread::id id;
    /// While it is in a task.
    std::optional<time_point> busy_since;

    bool is_busy_for(duration d, time_point now) const { return busy_since && now - *busy_since >= d; }
  };

  /// A thread that waits for work, now and then. Whoever calls it does so when it has let go of the lock, so that it
  /// does not wake up just to wait for that; it may have ended by then.
  struct idle_thread {
    std::condition_variable wake;
    bool called = false;
  };
  using idle_ptr = std::shared_ptr<idle_thread>;

  limits lim;
  mutable std::mutex mutex;
  /// A task has ended; only shutdown waits for this.
  std::condition_variable task_ended;
  std::deque<task> waiting;
  std::map<std::uint64_t, member> threads;
  /// Those of them that are in a task.
  std::size_t busy = 0;
  /// Threads that have left and need only be joined.
  std::vector<std::thread> ended;
  std::uint64_t last_thread = 0;
  /// In the order in which they became idle. The latest is called first: were the calls to go round, a little work
  /// would keep every thread of a busier time from being idle for `idle_time`, and none would ever end.
  std::vector<idle_ptr> idle;
  /// Called or started, and not awake yet. One at a time: it calls the next where more waits than itself, and where
  /// tasks are short those that are awake have done them all by then.
  std::size_t called = 0;
  bool closed = false;
  /// One thread watches for the moment at which a task that hangs makes room for those that wait.
  bool watched = false;
  std::condition_variable room;

  bool overtakes() const { return lim.overtaken_after != duration::max(); }

  /// How many tasks hang. Looks at all that run, which are few unless they hang.
  std::size_t hanging(time_point now) const {
    if (!overtakes()) {
      return 0;
    }
    return static_cast<std::size_t>(std::count_if(
      threads.begin(), threads.end(), [&](auto& t) { return t.second.is_busy_for(lim.overtaken_after, now); }));
  }

  bool has_room(time_point now) const { return busy - hanging(now) < lim.most; }

  bool may_start_thread(time_point now) const {
    return threads.size() < lim.most + hanging(now) + (overtakes() ? 1 : 0);
  }

  /// When the next of the tasks that run will have been running for too long.
  time_point next_room(time_point now) const {
    auto first = time_point::max();
    for (auto& [id, t] : threads) {
      if (t.busy_since && now - *t.busy_since < lim.overtaken_after) {
        first = std::min(first, saturating_add(*t.busy_since, lim.overtaken_after));
      }
    }
    return first;
  }

  void watch_for_room(std::unique_lock<std::mutex>& lock) {
    watched = true;
    wait_until(lock, room, next_room(boot_now()), std::chrono::milliseconds{500},
               [&] { return closed || waiting.empty() || has_room(boot_now()); });
    watched = false;
  }

  /// To be notified without the lock.
  idle_ptr call_latest() {
    auto latest = std::move(idle.back());
    idle.pop_back();
    latest->called = true;
    ++called;
    return latest;
  }

  /// False after `idle_time` without a call; what has been posted or closed meanwhile is for the caller to see.
  bool wait_for_call(std::unique_lock<std::mutex>& lock, const idle_ptr& self) {
    self->called = false;
    idle.push_back(self);
    bool woken = self->wake.wait_for(lock, lim.idle_time, [&] { return self->called || closed; });
    if (self->called) {
      --called;
    } else {
      idle.erase(std::find(idle.begin(), idle.end(), self));
    }
    return woken;
  }

  /// Gone from among the threads, to be joined by another one.
  void leave(std::uint64_t self) {
    if (auto own = threads.extract(self)) {
      ended.push_back(std::move(own.mapped().thread));
    }
  }

  void task_over(std::uint64_t self) {
    // After a shutdown that has left the thread behind it is none of the threads any more.
    if (const auto own = threads.find(self); own != threads.end()) {
      own->second.busy_since.reset();
    }
    --busy;
    if (closed) {
      task_ended.notify_all();
    }
  }
};

namespace {

/// The state of the pool that the calling thread belongs to.
thread_local const void* own_pool = nullptr;

void join_all(std::vector<std::thread>& threads) {
  for (auto& t : threads) {
    t.join();
  }
}

} // namespace

elastic_pool::elastic_pool(limits l) : state_(std::make_shared<state>()) {
  l.most = std::max({l.most, l.keep, std::uint32_t{1}});
  l.idle_time = std::min<duration>(l.idle_time, std::chrono::hours{24}); // condition variables overflow on the largest
  state_->lim = std::move(l);
  try {
    std::lock_guard<std::mutex> guard{state_->mutex};
    for (std::uint32_t i = 0; i < state_->lim.keep; ++i) {
      start_thread(state_);
    }
  } catch (...) {
    shutdown(boot_now());
    throw;
  }
}

elastic_pool::~elastic_pool() {
  shutdown(boot_now());
}

void elastic_pool::start_thread(const std::shared_ptr<state>& s) {
  auto id = ++s->last_thread;
  auto& t = s->threads[id];
  try {
    t.thread = std::thread{[s, id] { work(s, id); }};
  } catch (...) {
    s->threads.erase(id);
    throw;
  }
  t.id = t.thread.get_id();
  ++s->called;
}

/// Sees to it that what waits finds a thread: one that takes it, or one that watches for room. Lets go of the lock.
void elastic_pool::call_somebody(const std::shared_ptr<state>& s, std::unique_lock<std::mutex> lock) {
  if (s->waiting.empty() || s->called > 0) {
    return;
  }
  if (!s->idle.empty()) {
    if (!s->watched || s->has_room(boot_now())) {
      const auto called = s->call_latest();
      lock.unlock();
      called->wake.notify_one();
    }
    return;
  }
  if (const auto now = boot_now(); (!s->watched || s->has_room(now)) && s->may_start_thread(now)) {
    try {
      start_thread(s);
    } catch (const std::system_error&) {
      // Out of threads: the task keeps its place in the queue, the next post tries again.
    }
  }
}

void elastic_pool::work(const std::shared_ptr<state>& s, std::uint64_t self) {
  pthread_setname_np(pthread_self(), s->lim.name.substr(0, 15).c_str());
  own_pool = s.get();
  std::vector<std::thread> to_join;
  const auto idle = std::make_shared<state::idle_thread>();
  std::unique_lock<std::mutex> lock{s->mutex};
  --s->called;
  for (;;) {
    if (const auto now = boot_now(); !s->waiting.empty() && s->has_room(now)) {
      auto t = std::move(s->waiting.front());
      s->waiting.pop_front();
      s->threads[self].busy_since = now;
      ++s->busy;
      call_somebody(s, std::move(lock)); // for what still waits, or, where this one watched for room, to do so
      try {
        t();
      } catch (const abi::__forced_unwind&) {
        t = nullptr;
        end_within_task(s, self);
        throw;
      }
      t = nullptr; // what it owns may be user code: destroyed outside the lock and while the task still counts
      lock = std::unique_lock<std::mutex>{s->mutex};
      s->task_over(self);
      continue;
    }
    if (s->closed) {
      break;
    }
    if (!s->waiting.empty() && !s->watched) {
      s->watch_for_room(lock);
      continue;
    }
    if (!s->wait_for_call(lock, idle) && s->waiting.empty() && s->threads.size() > s->lim.keep) {
      break;
    }
  }
  // A thread cannot join itself: the next one to leave, or shutdown, does.
  to_join.swap(s->ended);
  s->leave(self);
  lock.unlock();
  join_all(to_join);
}

/// The task ends its thread: the pool goes on without it, and with another one where it is needed.
void elastic_pool::end_within_task(const std::shared_ptr<state>& s, std::uint64_t self) {
  std::lock_guard<std::mutex> guard{s->mutex};
  s->task_over(self);
  s->leave(self);
  if (s->closed || (s->waiting.empty() && s->threads.size() >= s->lim.keep)) {
    return;
  }
  try {
    start_thread(s);
  } catch (const std::system_error&) {
    // Out of threads: the next post tries again.
  }
}

bool elastic_pool::post(task t) {
  std::unique_lock<std::mutex> lock{state_->mutex};
  if (state_->closed) {
    return false;
  }
  state_->waiting.push_back(std::move(t));
  call_somebody(state_, std::move(lock));
  return true;
}

bool elastic_pool::post(const task& t, std::size_t times) {
  std::unique_lock<std::mutex> lock{state_->mutex};
  if (state_->closed) {
    return false;
  }
  state_->waiting.insert(state_->waiting.end(), times, t);
  call_somebody(state_, std::move(lock));
  return true;
}

elastic_pool::load elastic_pool::look(duration stuck_after) const {
  std::lock_guard<std::mutex> guard{state_->mutex};
  load result;
  result.threads = static_cast<std::uint32_t>(state_->threads.size());
  result.busy = static_cast<std::uint32_t>(state_->busy);
  result.waiting = static_cast<std::uint32_t>(state_->waiting.size());
  auto now = boot_now();
  for (auto& [id, t] : state_->threads) {
    if (t.is_busy_for(stuck_after, now)) {
      ++result.stuck;
    }
  }
  return result;
}

bool elastic_pool::on_own_thread() const {
  return own_pool == state_.get();
}

std::uint32_t elastic_pool::shutdown(time_point deadline) {
  std::vector<std::thread> to_join;
  std::uint32_t left = 0;
  auto self = std::this_thread::get_id();
  std::unique_lock<std::mutex> lock{state_->mutex};
  state_->closed = true;
  auto dropped = std::exchange(state_->waiting, {});
  for (const auto& thread : state_->idle) {
    thread->wake.notify_one();
  }
  state_->room.notify_all();
  lock.unlock();
  dropped.clear();
  lock.lock();
  wait_until(lock, state_->task_ended, deadline, std::chrono::milliseconds{100}, [&] {
    return std::all_of(state_->threads.begin(), state_->threads.end(),
                       [&](auto& t) { return !t.second.busy_since || t.second.id == self; });
  });
  for (auto& [id, t] : state_->threads) {
    if (!t.busy_since) {
      to_join.push_back(std::move(t.thread));
    } else {
      t.thread.detach();
      ++left;
    }
  }
  state_->threads.clear();
  for (auto& thread : state_->ended) {
    to_join.push_back(std::move(thread));
  }
  state_->ended.clear();
  lock.unlock();
  join_all(to_join);
  return left;
}

} // namespace djm
