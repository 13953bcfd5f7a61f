#include "actors/executor/user_calls.hpp"

#include <utility>

#include <cxxabi.h>

namespace djm {

void user_calls::call(std::string owner, std::function<void()> f, std::shared_ptr<const void> keep) {
  bool free = false;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    free = lanes_.enter(owner, f);
  }
  if (free) {
    post(std::move(owner), std::move(f), std::move(keep));
  }
}

void user_calls::post(std::string owner, std::function<void()> f, std::shared_ptr<const void> keep) {
  pool_.post([this, owner = std::move(owner), f = std::move(f), keep = std::move(keep)]() mutable {
    try {
      f();
    } catch (const abi::__forced_unwind&) { // `f` ends its thread; the others of this owner have another one
      f = nullptr;
      leave(owner, keep);
      throw;
    }
    f = nullptr; // what it owns is user code as well: destroyed before the next one of this owner is called
    leave(owner, keep);
  });
}

void user_calls::leave(const std::string& owner, const std::shared_ptr<const void>& keep) {
  std::function<void()> next;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    next = lanes_.left(owner);
  }
  if (next) {
    post(owner, std::move(next), keep);
  }
}

std::uint32_t user_calls::shutdown(time_point deadline) {
  call_lanes waiting;
  {
    std::lock_guard<std::mutex> guard{mutex_};
    std::swap(waiting, lanes_);
  }
  waiting = {};
  return pool_.shutdown(deadline);
}

} // namespace djm
