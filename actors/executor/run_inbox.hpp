#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "actors/executor/executor.hpp"

namespace djm {

/// What the executor says of runs, on its way to who has started them: many threads put it in, and one reader takes all
/// that has come, so that it is called once for many. Thread-safe.
class run_inbox {
public:
  /// True: nothing was there, so the reader has to be called.
  bool put(const run_result& r) {
    std::lock_guard<std::mutex> guard{mutex_};
    results_.push_back(r);
    return results_.size() == 1;
  }

  /// In the order in which it came.
  std::vector<run_result> take() {
    std::lock_guard<std::mutex> guard{mutex_};
    return std::exchange(results_, {});
  }

private:
  std::mutex mutex_;
  std::vector<run_result> results_;
};

} // namespace djm
