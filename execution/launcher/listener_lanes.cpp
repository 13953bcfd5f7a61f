#include "execution/launcher/listener_lanes.hpp"

#include <utility>

#include <pthread.h>

namespace djm::exec {

void listener_lanes::start() {
  for (auto& p : lanes_) {
    p.calls = std::make_shared<lane>();
    p.thread = std::thread{[l = p.calls] { serve(*l); }};
    pthread_setname_np(p.thread.native_handle(), "djm-heard");
  }
}

void listener_lanes::stop() {
  for (auto& p : lanes_) {
    if (!p.thread.joinable()) {
      continue;
    }
    {
      std::lock_guard<std::mutex> guard{p.calls->mutex};
      p.calls->ends = true;
      p.calls->changed.notify_all();
    }
    if (p.thread.get_id() == std::this_thread::get_id()) {
      p.thread.detach();
    } else {
      p.thread.join();
    }
  }
}

void listener_lanes::post(std::uint64_t command, std::function<void()> f) {
  post(*lanes_[command % of_commands].calls, std::move(f));
}

void listener_lanes::post_log(std::function<void()> f) {
  post(*lanes_[of_commands].calls, std::move(f));
}

void listener_lanes::post(lane& l, std::function<void()> f) {
  std::lock_guard<std::mutex> guard{l.mutex};
  l.calls.push_back(std::move(f));
  l.changed.notify_all();
}

void listener_lanes::serve(lane& l) {
  std::unique_lock<std::mutex> lock{l.mutex};
  while (true) {
    l.changed.wait(lock, [&] { return l.ends || !l.calls.empty(); });
    if (l.calls.empty()) {
      return;
    }
    auto f = std::move(l.calls.front());
    l.calls.pop_front();
    lock.unlock();
    try {
      f();
    } catch (...) { // code of the user's: nothing else depends on it
    }
    f = nullptr; // what it refers to goes without the lock
    lock.lock();
  }
}

} // namespace djm::exec
