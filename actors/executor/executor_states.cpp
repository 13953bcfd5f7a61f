#include <utility>

#include "actors/executor/executor_impl.hpp"

/// Where questions of runs about the states of items go.
namespace djm {

void thread_executor::keep_states(state_keeper k) {
  impl_->keep_states(std::move(k));
}

/// Weak, as all that runs hold of the executor.
std::function<duration(state_request)> thread_executor::impl::state_asker() {
  return [weak = weak_from_this()](state_request r) {
    auto self = weak.lock();
    return self ? self->ask_state(std::move(r)) : duration::zero();
  };
}

void thread_executor::impl::keep_states(state_keeper k) {
  auto next = std::make_shared<const state_keeper>(std::move(k));
  std::lock_guard<std::mutex> guard{mutex_};
  states_.swap(next); // the former one is destroyed without the lock
}

/// As everything that was passed in, not after shutdown has given up on runs.
duration thread_executor::impl::ask_state(state_request r) {
  std::unique_lock<std::mutex> lock{mutex_};
  const auto keeper = states_;
  if (phase_ >= phase::tearing_down || !keeper || !keeper->ask) {
    return duration::zero();
  }
  outside_.push_back(std::this_thread::get_id());
  lock.unlock();
  keeper->ask(std::move(r));
  lock.lock();
  come_back();
  return keeper->patience;
}

} // namespace djm
