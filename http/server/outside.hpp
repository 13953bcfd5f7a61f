#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "djm/client.hpp"
#include "http/http_core.hpp"

namespace djm::http {

/// Asks a client what would be. Its calls block, so they are made on a thread of their own, one after the other.
/// Thread-safe.
class outside {
public:
  using take_answer = std::function<void(const order_answer&)>;

  explicit outside(std::shared_ptr<client> asked);
  outside(const outside&) = delete;
  outside& operator=(const outside&) = delete;
  /// Waits for the call under way; those that wait are answered with `shutting_down`.
  ~outside();

  /// Calls `f` once, on that thread; or at once with `backlog_full`.
  void ask(order what, take_answer f);

private:
  struct question {
    order what;
    take_answer f;
  };

  void live();
  order_answer answer(const order& what);

  const std::shared_ptr<client> client_;
  std::mutex guard_; ///< of what follows
  std::condition_variable changed_;
  std::deque<question> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace djm::http
