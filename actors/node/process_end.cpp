#include "actors/node/process_end.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "model/never_destroyed.hpp"

namespace djm {

namespace {

std::atomic<bool> process_ends{false};

struct living {
  const pid_t process = getpid();
  std::mutex guard;
  std::vector<std::weak_ptr<ends_with_process>> all;
};

/// It is looked at while static objects are destroyed.
living& those_who_live() {
  static impl::never_destroyed<living> x;
  return *x;
}

void end_all() {
  auto& l = those_who_live();
  if (l.process != getpid()) {
    return; // a fork: the objects are the parent's, and the lock may be held by a thread that does not exist here
  }
  process_ends = true;
  std::vector<std::weak_ptr<ends_with_process>> all;
  {
    std::lock_guard<std::mutex> lock{l.guard};
    all.swap(l.all);
  }
  for (const auto& weak : all) {
    if (const auto x = weak.lock()) {
      x->end_with_process();
    }
  }
}

} // namespace

void end_before_static_objects(const std::shared_ptr<ends_with_process>& x) {
  auto& l = those_who_live();
  std::lock_guard<std::mutex> lock{l.guard};
  auto gone = [](const auto& weak) { return weak.expired(); };
  l.all.erase(std::remove_if(l.all.begin(), l.all.end(), gone), l.all.end());
  l.all.push_back(x);
  static const int registered = std::atexit(end_all);
  static_cast<void>(registered); // refused: then the destructor of an object in static storage does it, only later
}

void leave_the_end_to_others() {
  if (process_ends && gettid() == getpid()) {
    for (;;) {
      pause();
    }
  }
}

} // namespace djm
