#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "djm/error.hpp"

namespace djm::http {

/// One kind of answer: the last one, which serves for a second, and who waits for the next, which is asked for once for
/// all of them. Thread-safe.
template <class T>
class shelf {
public:
  using value = expected<std::shared_ptr<const T>>;
  using take = std::function<void(value)>;

  static constexpr std::chrono::seconds fresh_for{1};

  /// Answers at once from what is young enough, unless it has to be `fresh`; else joins who waits. True when the caller
  /// has to ask.
  bool join(bool fresh, take f) {
    std::unique_lock<std::mutex> lock{guard_};
    if (!fresh && last_ && clock::now() - when_ < fresh_for) {
      auto x = *last_;
      lock.unlock();
      f(std::move(x));
      return false;
    }
    waiting_.push_back(std::move(f));
    return !std::exchange(asked_, true);
  }

  /// The answer to what was asked.
  void put(expected<T> x) {
    value v = x ? value{std::make_shared<const T>(std::move(*x))} : value{tl::make_unexpected(x.error())};
    std::vector<take> waiting;
    {
      std::lock_guard<std::mutex> lock{guard_};
      last_ = v;
      when_ = clock::now();
      asked_ = false;
      waiting.swap(waiting_);
    }
    for (auto& f : waiting) {
      f(v);
    }
  }

private:
  using clock = std::chrono::steady_clock;

  std::mutex guard_;
  std::optional<value> last_;
  clock::time_point when_;
  bool asked_ = false;
  std::vector<take> waiting_;
};

} // namespace djm::http
