#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "actors/env/history_ring.hpp"
#include "actors/env/history_writer.hpp"

namespace djm {

/// The history of one node, for all its parts. Thread-safe.
class history_book {
public:
  /// Who hears of each run beside; before the first.
  void set_writer(std::unique_ptr<history_writer> w) { writer_ = std::move(w); }

  void add(past_run run) {
    if (writer_) {
      writer_->post(run);
    }
    const std::lock_guard<std::mutex> guard{mutex_};
    ring_.add(std::move(run));
  }
  run_history find(const get_history& which) const {
    const std::lock_guard<std::mutex> guard{mutex_};
    auto found = ring_.find(which);
    found.dropped = writer_ ? writer_->dropped() : 0;
    return found;
  }
  /// Sinks have so long for what waits for them; then nothing of them is called any more.
  void stop(duration patience) {
    if (writer_) {
      writer_->stop(patience);
    }
  }

private:
  std::unique_ptr<history_writer> writer_;
  mutable std::mutex mutex_;
  history_ring ring_{history_ring::limits{}};
};

} // namespace djm
