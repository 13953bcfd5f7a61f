#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

namespace djm {

/// Which calls of user code may start: those of one owner one after the other, so that a function that hangs costs one
/// thread however often it is asked for. At most one call of an owner waits, the latest: whoever asks again does not
/// want the former answer any more. Not thread-safe.
class call_lanes {
public:
  using call = std::function<void()>;

  /// True: start `f` now and say `left` after it. Otherwise it waits; what it replaces is handed back, to be destroyed
  /// where that is safe.
  bool enter(const std::string& owner, call& f) {
    const auto [lane, free] = lanes_.try_emplace(owner);
    if (!free) {
      std::swap(lane->second, f);
    }
    return free;
  }

  /// The call of this owner has ended. Returns the one to be started next; empty when there is none.
  call left(const std::string& owner) {
    const auto lane = lanes_.find(owner);
    if (lane == lanes_.end()) {
      return {};
    }
    auto next = std::exchange(lane->second, {});
    if (!next) {
      lanes_.erase(lane);
    }
    return next;
  }

  /// Owners with a call under way or waiting for a thread.
  std::size_t size() const { return lanes_.size(); }

private:
  /// The call that waits behind the one under way, by owner.
  std::map<std::string, call> lanes_;
};

} // namespace djm
