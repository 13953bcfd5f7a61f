#pragma once

#include <functional>
#include <memory>

namespace djm::store {

/// One thread that runs what may block or must not run within a caller's stack, in order. Thread-safe.
class closer {
public:
  closer();
  /// Runs what was posted, then joins. On the thread itself it only lets go: the thread ends when it has run the rest.
  ~closer();
  closer(const closer&) = delete;
  closer& operator=(const closer&) = delete;

  void post(std::function<void()> job);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace djm::store
