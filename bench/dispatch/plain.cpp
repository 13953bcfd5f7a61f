#include "bench/dispatch/plain.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>
#include <vector>

namespace djm::bench {

run_figure plain_loop(std::size_t items, double period, double seconds) {
  using moment = std::pair<double, std::size_t>;
  std::uint64_t runs = 0;
  const std::vector<std::function<void()>> code(items, [&runs] { ++runs; });
  const auto before = used_so_far();
  std::priority_queue<moment, std::vector<moment>, std::greater<>> due;
  for (std::size_t i = 0; i < items; ++i) {
    due.emplace(before.wall, i);
  }
  while (due.top().first < before.wall + seconds) {
    const auto [at, item] = due.top();
    if (const auto now = clock_seconds(CLOCK_MONOTONIC); at > now) {
      std::this_thread::sleep_for(std::chrono::duration<double>(at - now));
    }
    due.pop();
    code[item]();
    due.emplace(at + period, item);
  }
  return figure_of(used_so_far() - before, runs);
}

run_figure plain_queue(std::size_t items, std::size_t threads, double seconds) {
  std::mutex guard;
  std::condition_variable more, empty;
  std::deque<std::function<void()>> queue;
  bool over = false;
  std::atomic<std::uint64_t> runs{0};
  const auto before = used_so_far();
  std::vector<std::thread> workers;
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      std::unique_lock<std::mutex> lock{guard};
      for (;;) {
        more.wait(lock, [&] { return over || !queue.empty(); });
        if (queue.empty()) {
          return;
        }
        const auto f = std::move(queue.front());
        queue.pop_front();
        if (queue.empty()) {
          empty.notify_one();
        }
        lock.unlock();
        f();
        lock.lock();
      }
    });
  }
  while (clock_seconds(CLOCK_MONOTONIC) < before.wall + seconds) {
    std::unique_lock<std::mutex> lock{guard};
    for (std::size_t i = 0; i < items; ++i) {
      queue.emplace_back([&runs] { runs.fetch_add(1, std::memory_order_relaxed); });
    }
    more.notify_all();
    empty.wait(lock, [&] { return queue.empty(); });
  }
  {
    std::lock_guard<std::mutex> lock{guard};
    over = true;
  }
  more.notify_all();
  for (auto& w : workers) {
    w.join();
  }
  return figure_of(used_so_far() - before, runs);
}

} // namespace djm::bench
