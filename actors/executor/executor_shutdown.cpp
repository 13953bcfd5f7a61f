#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/executor_impl.hpp"

/// How the executor ends.
namespace djm {

/// Whether shutdown has nothing to wait for but itself. This thread is in one run at most.
bool thread_executor::impl::settled() const {
  const auto self = std::this_thread::get_id();
  return untold_ == 0 && none_outside() &&
         (entries_.empty() || (entries_.size() == 1 && entries_.begin()->second.thread == self));
}

/// Whether no thread but this one is within a `done` or the log.
bool thread_executor::impl::none_outside() const {
  const auto self = std::this_thread::get_id();
  return std::all_of(outside_.begin(), outside_.end(), [&](auto id) { return id == self; });
}

bool thread_executor::impl::is_outside() const {
  return std::find(outside_.begin(), outside_.end(), std::this_thread::get_id()) != outside_.end();
}

/// Whether this thread is one that shutdown waits for.
bool thread_executor::impl::on_own_thread() const {
  return is_outside() || runs_.on_own_thread() || calls_.on_own_thread() || users_.on_own_thread() ||
         callbacks_.on_own_thread();
}

executor_leftovers thread_executor::impl::shutdown(time_point deadline) {
  std::unique_lock<std::mutex> lock{mutex_};
  deadline_ = std::min(deadline_, deadline);
  changed_.notify_all();
  if (phase_ != phase::open) {
    // Another thread is at it. One that it waits for must not wait for it.
    if (!on_own_thread()) {
      changed_.wait(lock, [&] { return phase_ == phase::closed; });
    }
    return leftovers_;
  }
  phase_ = phase::closing;
  std::vector<run_id> ids;
  for (auto& [id, e] : entries_) {
    ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  lock.unlock();
  for (auto id : ids) {
    request_stop(id, stop_reason::shutdown, {});
  }
  lock.lock();
  // In slices, because another call may bring the deadline forward.
  constexpr duration slice = std::chrono::milliseconds{100};
  for (auto now = boot_now(); !settled() && now < deadline_; now = boot_now()) {
    wait_until(lock, changed_, std::min(deadline_, now + slice), slice, [&] { return settled(); });
  }
  return tear_down(lock);
}

executor_leftovers thread_executor::impl::tear_down(std::unique_lock<std::mutex>& lock) {
  phase_ = phase::tearing_down;
  lease_changed_.notify_all();
  // `done` and log are not user code: a call under way ends, and must end before what they refer to goes.
  changed_.wait(lock, [&] { return none_outside(); });
  executor_leftovers result;
  result.runs = list({});
  std::vector<shared_done> released;
  for (auto& [id, e] : entries_) {
    released.push_back(std::move(e.done));
  }
  bool logging = is_outside(); // then the log may be our caller
  log_sink released_log = logging ? log_sink{} : std::exchange(log_, {});
  lock.unlock();
  released.clear();
  released_log = nullptr;
  if (lease_thread_.get_id() == std::this_thread::get_id()) {
    lease_thread_.detach(); // `overrun` is what destroys us
  } else {
    lease_thread_.join();
  }
  // A run that has been delivered leaves its thread at once: no limit is needed, unless some runs are stuck.
  runs_.shutdown(result.runs.empty() ? time_point::max() : boot_now());
  auto limit = saturating_add(boot_now(), options_.patience);
  result.calls = calls_.shutdown(limit);
  // Questions that are left over are among the runs already.
  const auto questions = std::count_if(result.runs.begin(), result.runs.end(), [](auto& r) { return r.question; });
  const auto stuck = users_.shutdown(limit);
  result.calls += stuck - std::min(stuck, static_cast<std::uint32_t>(questions));
  result.calls += callbacks_.shutdown(limit);
  lock.lock();
  leftovers_ = result;
  phase_ = phase::closed;
  changed_.notify_all();
  return result;
}

} // namespace djm
