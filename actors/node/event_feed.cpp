#include "actors/node/event_feed.hpp"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <cxxabi.h>

namespace djm {

struct event_feed::state {
  std::function<void(const node_event&)> on_event;
  std::mutex guard;
  std::condition_variable changed;
  std::deque<node_event> queue;
  bool ending = false; ///< nothing more is queued
  bool closed = false; ///< nothing more is told
  bool over = false;
  std::thread thread;
  std::thread::id thread_id;
};

event_feed::event_feed(std::function<void(const node_event&)> on_event) : state_(std::make_shared<state>()) {
  state_->on_event = std::move(on_event);
  std::lock_guard<std::mutex> lock{state_->guard};
  state_->thread = std::thread{[s = state_] { live(s); }};
  state_->thread_id = state_->thread.get_id();
}

event_feed::~event_feed() {
  end(duration::zero());
  if (state_->thread.joinable()) {
    state_->thread.detach(); // this thread itself, or one that is in user code
  }
}

void event_feed::live(const std::shared_ptr<state>& s) {
  pthread_setname_np(pthread_self(), "djm-events");
  std::unique_lock<std::mutex> lock{s->guard};
  while (!s->closed) {
    if (s->queue.empty()) {
      if (s->ending) {
        break;
      }
      s->changed.wait(lock);
      continue;
    }
    const auto e = std::move(s->queue.front());
    s->queue.pop_front();
    lock.unlock();
    try {
      s->on_event(e);
    } catch (const abi::__forced_unwind&) {
      lock.lock(); // the listener ends its thread
      s->over = true;
      s->changed.notify_all();
      throw;
    } catch (...) {
      // The listener is user code: what it throws ends here.
    }
    lock.lock();
  }
  auto listener = std::exchange(s->on_event, nullptr);
  auto unheard = std::exchange(s->queue, {});
  lock.unlock();
  listener = nullptr; // what it owns is user code: destroyed without the lock, and waited for
  unheard.clear();
  lock.lock();
  s->over = true;
  s->changed.notify_all();
}

void event_feed::push(node_event e) {
  std::lock_guard<std::mutex> lock{state_->guard};
  if (!state_->ending) {
    state_->queue.push_back(std::move(e));
    state_->changed.notify_all();
  }
}

void event_feed::end(duration patience) {
  std::unique_lock<std::mutex> lock{state_->guard};
  state_->ending = true;
  state_->changed.notify_all();
  if (state_->thread_id == std::this_thread::get_id()) {
    return; // hears the rest when it returns
  }
  const auto over = [this] { return state_->over; };
  bool in_time = state_->changed.wait_for(lock, patience, over);
  if (!in_time) {
    // The backlog is given up, but not what the listener is being told: it may use what its owner destroys next.
    state_->closed = true;
    state_->changed.notify_all();
    in_time = state_->changed.wait_for(lock, patience, over);
  }
  std::thread thread;
  if (in_time) {
    thread.swap(state_->thread);
  }
  lock.unlock();
  if (thread.joinable()) {
    thread.join();
  }
}

} // namespace djm
