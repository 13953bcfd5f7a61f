#include "bench/slots/bare_pool.hpp"

#include <utility>

namespace djm::bench {

bare_pool::bare_pool(std::size_t threads) {
  threads_.emplace_back([this] { keep_time(); });
  for (std::size_t n = 0; n < threads; ++n) {
    threads_.emplace_back([this] { work(); });
  }
}

bare_pool::~bare_pool() {
  {
    std::lock_guard<std::mutex> lock{guard_};
    over_ = true;
  }
  changed_.notify_all();
  due_.notify_all();
  for (auto& t : threads_) {
    t.join();
  }
}

void bare_pool::at(moment when, std::function<void()> f) {
  std::lock_guard<std::mutex> lock{guard_};
  later_.emplace(when, std::move(f));
  changed_.notify_one();
}

void bare_pool::keep_time() {
  std::unique_lock<std::mutex> lock{guard_};
  while (!over_) {
    if (later_.empty()) {
      changed_.wait(lock);
    } else if (const auto first = later_.begin()->first; first > std::chrono::system_clock::now()) {
      changed_.wait_until(lock, first);
    } else {
      now_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
      due_.notify_one();
    }
  }
}

void bare_pool::work() {
  std::unique_lock<std::mutex> lock{guard_};
  for (;;) {
    due_.wait(lock, [this] { return over_ || !now_.empty(); });
    if (now_.empty()) {
      return;
    }
    const auto f = std::move(now_.front());
    now_.pop_front();
    lock.unlock();
    f();
    lock.lock();
  }
}

} // namespace djm::bench
