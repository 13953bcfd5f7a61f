#include <mutex>
#include <utility>

#include "actors/env/boot_time.hpp"
#include "actors/executor/executor_impl.hpp"

/// How runs leave their threads and the table.
namespace djm {

/// Its code has taken it over, and may have ended it already.
void thread_executor::impl::leave_open(run_id id) {
  std::lock_guard<std::mutex> guard{mutex_};
  if (const auto i = entries_.find(id); i != entries_.end()) {
    i->second.thread = {};
    i->second.open = true;
  }
  if (phase_ != phase::open) {
    changed_.notify_all(); // this thread is in no run any more
  }
}

void thread_executor::impl::finish(run_id id, run_result result) {
  std::unique_lock<std::mutex> lock{mutex_};
  auto ended = entries_.extract(id);
  guard_.forget(id);
  followers_.erase(id);
  result.waited = ended.mapped().began - ended.mapped().accepted;
  result.took = boot_now() - ended.mapped().began;
  if (!ended.mapped().question) {
    ++finished_;
    failed_ += result.failed ? 1 : 0;
  }
  deliver(std::move(lock), std::move(ended.mapped().done), result);
}

} // namespace djm
