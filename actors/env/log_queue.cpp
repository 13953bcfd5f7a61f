#include "actors/env/log_queue.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "actors/env/boot_time.hpp"

namespace djm {

namespace {

/// What waiting lines may take together; a line alone may be longer.
constexpr std::size_t most_bytes = 1u << 20;

std::size_t size_of(const log_record& r) {
  std::size_t n = sizeof r + r.text.size();
  for (const auto& [name, value] : r.fields) {
    n += name.size() + value.size();
  }
  return n;
}

} // namespace

struct log_queue::state {
  mutable std::mutex mutex;
  /// A record has come, or the end.
  std::condition_variable more;
  /// A record has been handed over, or the thread has ended.
  std::condition_variable done;
  std::deque<log_record> records;
  std::size_t bytes = 0;
  /// Since the last line that told of it.
  std::uint64_t dropped = 0;
  node_id node_of_dropped;
  load counts;
  /// Posted and handed over, the lines about dropped ones included.
  std::uint64_t posted = 0, handed = 0;
  bool stopped = false;
  bool abandoned = false;
  bool ended = false;
  log_sink sink;
  std::thread thread;
  std::thread::id thread_id;

  void push(log_record r) {
    bytes += size_of(r);
    ++posted;
    records.push_back(std::move(r));
    more.notify_one();
  }

  /// Says how many lines are missing just here.
  void tell_dropped() {
    if (dropped == 0) {
      return;
    }
    log_record r;
    r.level = log_level::warning;
    r.node = node_of_dropped;
    r.component = "log";
    r.text = std::to_string(std::exchange(dropped, 0)) + " lines dropped: the log did not take them in time";
    push(std::move(r));
  }
};

log_queue::log_queue(log_sink sink) : state_(std::make_shared<state>()) {
  state_->sink = std::move(sink);
  std::lock_guard<std::mutex> guard{state_->mutex};
  state_->thread = std::thread{[s = state_] { run(s); }};
  state_->thread_id = state_->thread.get_id();
}

log_queue::~log_queue() {
  stop(std::chrono::seconds{1});
}

void log_queue::post(log_record record) {
  std::lock_guard<std::mutex> guard{state_->mutex};
  auto& s = *state_;
  const bool full = s.records.size() >= log_backlog || (!s.records.empty() && s.bytes + size_of(record) > most_bytes);
  if (s.stopped || full) {
    ++s.counts.dropped;
    ++s.dropped;
    s.node_of_dropped = record.node;
    return;
  }
  s.tell_dropped();
  ++s.counts.lines;
  s.push(std::move(record));
}

log_queue::load log_queue::look() const {
  std::lock_guard<std::mutex> guard{state_->mutex};
  auto result = state_->counts;
  result.waiting = state_->posted - state_->handed;
  return result;
}

void log_queue::run(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-log");
  std::unique_lock<std::mutex> lock{s->mutex};
  while (!s->abandoned) {
    if (s->records.empty()) {
      s->tell_dropped();
    }
    if (s->records.empty()) {
      if (s->stopped) {
        break;
      }
      s->more.wait(lock);
      continue;
    }
    auto record = std::move(s->records.front());
    s->records.pop_front();
    s->bytes -= size_of(record);
    lock.unlock();
    s->sink(record);
    lock.lock();
    ++s->handed;
    s->done.notify_all();
  }
  auto sink = std::move(s->sink); // user code: destroyed without the lock, and before anybody hears of the end
  lock.unlock();
  sink = nullptr;
  lock.lock();
  s->ended = true;
  s->done.notify_all();
}

bool log_queue::flush(duration patience) {
  std::unique_lock<std::mutex> lock{state_->mutex};
  if (state_->thread_id == std::this_thread::get_id()) {
    return false;
  }
  const auto all = state_->posted;
  return wait_until(lock, state_->done, saturating_add(boot_now(), patience), std::chrono::milliseconds{100},
                    [&] { return state_->handed >= all || state_->ended; });
}

void log_queue::stop(duration patience) {
  std::thread thread;
  {
    std::unique_lock<std::mutex> lock{state_->mutex};
    state_->stopped = true;
    state_->more.notify_one();
    const bool own = state_->thread_id == std::this_thread::get_id();
    if (!own) {
      wait_until(lock, state_->done, saturating_add(boot_now(), patience), std::chrono::milliseconds{100},
                 [&] { return state_->ended; });
    }
    thread.swap(state_->thread);
    if (!state_->ended) {
      state_->abandoned = true;
      state_->records.clear();
      if (thread.joinable()) {
        thread.detach();
      }
    }
  }
  if (thread.joinable()) {
    thread.join();
  }
}

} // namespace djm
