#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace djm::bench {

/// What djm is compared with: a thread that waits for moments, and threads that do what is due. Nothing else.
class bare_pool {
public:
  using moment = std::chrono::system_clock::time_point;

  explicit bare_pool(std::size_t threads);
  ~bare_pool();
  bare_pool(const bare_pool&) = delete;
  bare_pool& operator=(const bare_pool&) = delete;

  void at(moment when, std::function<void()> f);

private:
  void keep_time();
  void work();

  std::mutex guard_;
  std::condition_variable changed_, due_;
  std::multimap<moment, std::function<void()>> later_;
  std::deque<std::function<void()>> now_;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

} // namespace djm::bench
