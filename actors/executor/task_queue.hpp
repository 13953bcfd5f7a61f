#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

namespace djm {

/// Tasks in the order of their tickets, which are given out one after the other. Not thread-safe.
class task_queue {
public:
  using task = std::function<void()>;
  /// Never 0.
  using ticket = std::uint64_t;

  ticket push(task t) {
    ++size_;
    tasks_.push_back(std::move(t));
    return first_ + tasks_.size() - 1;
  }

  /// There is one.
  task pop() {
    auto t = std::move(tasks_.front()); // what was withdrawn never stays in front
    drop_front();
    --size_;
    return t;
  }

  /// The task of this ticket, out of its turn; null where it waits no more.
  task take(ticket t) {
    if (t < first_ || t - first_ >= tasks_.size() || !tasks_[t - first_]) {
      return nullptr;
    }
    auto taken = std::exchange(tasks_[t - first_], nullptr);
    --size_;
    if (t == first_) {
      drop_front();
    }
    return taken;
  }

  std::deque<task> take_all() {
    first_ += tasks_.size();
    size_ = 0;
    return std::exchange(tasks_, {});
  }

  std::size_t size() const { return size_; }

private:
  void drop_front() {
    do {
      tasks_.pop_front();
      ++first_;
    } while (!tasks_.empty() && !tasks_.front());
  }

  std::deque<task> tasks_; ///< null: withdrawn
  ticket first_ = 1;       ///< of the one in front
  std::size_t size_ = 0;   ///< without those that are withdrawn
};

} // namespace djm
