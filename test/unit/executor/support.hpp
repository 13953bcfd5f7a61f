#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include "actors/env/boot_time.hpp"
#include "actors/executor/thread_executor.hpp"

namespace djm::test {

/// Wide enough for a busy machine under a sanitizer; a test that meets it has failed.
constexpr std::chrono::seconds patience{60};

/// Counts up; threads wait for it to reach a number. A latch is one that is waited for with 1.
class counter {
public:
  void add() {
    std::lock_guard<std::mutex> guard{mutex_};
    ++value_;
    changed_.notify_all();
  }

  /// False when the bound was met.
  bool reaches(std::size_t n) {
    std::unique_lock<std::mutex> lock{mutex_};
    return changed_.wait_for(lock, patience, [&] { return value_ >= n; });
  }

  std::size_t value() const {
    std::lock_guard<std::mutex> guard{mutex_};
    return value_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t value_ = 0;
};

/// For conditions that nobody signals.
inline bool eventually(const std::function<bool()>& f) {
  auto until = std::chrono::steady_clock::now() + patience;
  while (!f()) {
    if (std::chrono::steady_clock::now() > until) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

inline time_point far() {
  return boot_now() + patience;
}

/// Whose destructor waits: what runs refer to here is gone after the test.
inline executor_options patient() {
  executor_options o;
  o.patience = patience;
  return o;
}

class fn_job final : public job {
public:
  explicit fn_job(std::function<void(job_context&)> f) : f_(std::move(f)) {}
  std::vector<item_id> work_pool() override { return {}; }
  void run(job_context& ctx) override { f_(ctx); }

private:
  std::function<void(job_context&)> f_;
};

inline run_order order(run_id id, std::function<void(job_context&)> f, job_id job = "mail",
                       std::vector<work_item> items = {{"a", 1}}) {
  return {id, std::move(job), std::move(items), std::make_shared<fn_job>(std::move(f))};
}

/// Collects results; `done` may outlive the test.
class results {
public:
  executor::done_fn done() const {
    return [s = state_](const run_result& r) {
      {
        std::lock_guard<std::mutex> guard{s->mutex};
        s->all.push_back(r);
      }
      s->count.add();
    };
  }

  bool reach(std::size_t n) const { return state_->count.reaches(n); }

  std::vector<run_result> all() const {
    std::lock_guard<std::mutex> guard{state_->mutex};
    return state_->all;
  }

private:
  struct state {
    std::mutex mutex;
    std::vector<run_result> all;
    counter count;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

inline std::size_t thread_count() {
  namespace fs = std::filesystem;
  return static_cast<std::size_t>(std::distance(fs::directory_iterator{"/proc/self/task"}, fs::directory_iterator{}));
}

/// The threads of this process while no test has any: counted before the first test, because the kernel lists a thread
/// for a moment after its end, so that a count within a test may include one of the test before. One thread has come
/// and gone by then, and with it whatever a sanitizer starts on the first.
inline const std::size_t threads_at_rest = [] {
  std::filesystem::path passing{"/proc/self/task"};
  std::thread{[&] { passing /= std::to_string(gettid()); }}.join();
  eventually([&] { return !std::filesystem::exists(passing); });
  return thread_count();
}();

/// True when every thread that the test started has ended. A test that leaves one behind fails all that ask after it.
inline bool no_thread_left() {
  return eventually([] { return thread_count() == threads_at_rest; });
}

} // namespace djm::test
