#include "zkstore/zookeeper/closer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace djm::store {

struct closer::state {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> jobs;
  bool stopping = false;
  std::thread thread;

  void run() {
    std::unique_lock<std::mutex> lock{mutex};
    for (;;) {
      changed.wait(lock, [this] { return stopping || !jobs.empty(); });
      if (jobs.empty()) {
        return;
      }
      {
        auto job = std::move(jobs.front());
        jobs.pop_front();
        lock.unlock();
        job();
        // What the job holds is destroyed here, without the lock: it may post again.
      }
      lock.lock();
    }
  }
};

closer::closer() : state_{std::make_shared<state>()} {
  state_->thread = std::thread{[self = state_] { self->run(); }};
}

closer::~closer() {
  {
    std::lock_guard<std::mutex> guard{state_->mutex};
    state_->stopping = true;
  }
  state_->changed.notify_one();
  if (state_->thread.get_id() == std::this_thread::get_id()) {
    state_->thread.detach();
  } else {
    state_->thread.join();
  }
}

void closer::post(std::function<void()> job) {
  {
    std::lock_guard<std::mutex> guard{state_->mutex};
    state_->jobs.push_back(std::move(job));
  }
  state_->changed.notify_one();
}

} // namespace djm::store
