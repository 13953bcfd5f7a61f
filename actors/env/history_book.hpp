#pragma once

#include <mutex>
#include <utility>

#include "actors/env/history_ring.hpp"

namespace djm {

/// The history of one node, for all its parts. Thread-safe.
class history_book {
public:
  void add(past_run run) {
    const std::lock_guard<std::mutex> guard{mutex_};
    ring_.add(std::move(run));
  }
  run_history find(const get_history& which) const {
    const std::lock_guard<std::mutex> guard{mutex_};
    return ring_.find(which);
  }

private:
  mutable std::mutex mutex_;
  history_ring ring_{history_ring::limits{}};
};

} // namespace djm
