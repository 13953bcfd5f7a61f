#include "actors/env/timer_queue.hpp"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <cxxabi.h>

#include "actors/env/boot_time.hpp"
#include "model/exception_text.hpp"

namespace djm {

namespace {

constexpr duration suspend_check = std::chrono::milliseconds{100};

} // namespace

struct timer_queue::state {
  using key = std::pair<time_point, timer_id>;

  mutable std::mutex mutex;
  std::condition_variable changed;
  /// By due time, then in the order of arming. A map, so that cancelled timers leave nothing behind.
  std::map<key, std::function<void()>> timers;
  std::map<timer_id, time_point> due;
  timer_id last = 0;
  bool stopped = false;
  /// The thread fires nothing any more.
  bool ended = false;
  std::thread thread;
  std::thread::id thread_id;
  report_fn report;
};

timer_queue::timer_queue(report_fn report) : state_(std::make_shared<state>()) {
  state_->report = std::move(report);
  std::lock_guard<std::mutex> guard{state_->mutex};
  state_->thread = std::thread{[s = state_] { run(s); }};
  state_->thread_id = state_->thread.get_id();
}

timer_queue::~timer_queue() {
  stop();
}

timer_id timer_queue::arm(time_point at, std::function<void()> fire) {
  std::lock_guard<std::mutex> guard{state_->mutex};
  auto id = ++state_->last;
  if (state_->stopped) {
    return id; // parameters outlive the guard: `fire` is destroyed without the lock
  }
  state_->due.emplace(id, at);
  auto i = state_->timers.emplace(state::key{at, id}, std::move(fire)).first;
  if (i == state_->timers.begin()) {
    state_->changed.notify_all();
  }
  return id;
}

void timer_queue::cancel(timer_id id) {
  std::function<void()> cancelled; // may own anything: destroyed without the lock
  std::lock_guard<std::mutex> guard{state_->mutex};
  auto i = state_->due.find(id);
  if (i == state_->due.end()) {
    return;
  }
  auto j = state_->timers.find({i->second, id});
  cancelled = std::move(j->second);
  state_->timers.erase(j);
  state_->due.erase(i);
}

std::size_t timer_queue::pending() const {
  std::lock_guard<std::mutex> guard{state_->mutex};
  return state_->timers.size();
}

void timer_queue::run(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-timer");
  std::unique_lock<std::mutex> lock{s->mutex};
  while (!s->stopped) {
    if (s->timers.empty()) {
      s->changed.wait(lock);
      continue;
    }
    auto first = s->timers.begin();
    auto now = boot_now();
    if (first->first.first > now) {
      s->changed.wait_for(lock, std::min<duration>(suspend_check, first->first.first - now));
      continue;
    }
    auto fire = std::move(first->second);
    s->due.erase(first->first.second);
    s->timers.erase(first);
    lock.unlock();
    try {
      fire();
    } catch (const abi::__forced_unwind&) {
      throw;
    } catch (...) {
      s->report("a timer threw: " + impl::current_exception_text());
    }
    fire = nullptr;
    lock.lock();
  }
  s->ended = true;
  s->changed.notify_all();
}

void timer_queue::stop() {
  std::map<state::key, std::function<void()>> dropped;
  std::thread thread;
  {
    std::unique_lock<std::mutex> lock{state_->mutex};
    state_->stopped = true;
    dropped.swap(state_->timers);
    state_->due.clear();
    state_->changed.notify_all();
    thread.swap(state_->thread);
    if (state_->thread_id != std::this_thread::get_id()) {
      state_->changed.wait(lock, [&] { return state_->ended; });
    } else if (thread.joinable()) {
      thread.detach();
    }
  }
  if (thread.joinable()) {
    thread.join();
  }
}

} // namespace djm
