#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "djm/time.hpp"

namespace djm {

/// How long the runs of this node may go on, where all its runners see it: the worker writes it, each runner looks at
/// it before each event. With a message to each runner, every sign of life of the store cost as much as there are jobs.
///
/// Only what makes a lease longer comes this way. What has to stay behind the revocations that were sent before it (a
/// lease that begins once the locks were read again) or has to be heard at once (one that ends sooner) is a message to
/// each runner. It names its stretch, a row of renewals each of which came before the end of the one before; a runner
/// that knows the stretch follows it here. Thread-safe.
class lease_board {
public:
  struct terms {
    std::uint64_t stretch = 0; ///< 0: there is none
    std::uint64_t version = 0; ///< which renewal this is
    time_point run_until{};
    time_point deadline{};
  };

  /// A lease that goes on with nothing before it; each runner is told by a message. Returns the number of its stretch.
  std::uint64_t begin(time_point run_until, time_point deadline) {
    const std::lock_guard<std::mutex> lock{guard_};
    ++latest_.stretch;
    put(run_until, deadline);
    waiting_.clear(); // they get that message
    return latest_.stretch;
  }

  /// The present stretch ends at another time. Sooner: each runner is told by a message as well.
  void renew(time_point run_until, time_point deadline) {
    std::vector<std::function<void()>> waiting;
    {
      const std::lock_guard<std::mutex> lock{guard_};
      put(run_until, deadline);
      waiting.swap(waiting_);
    }
    for (const auto& tell : waiting) {
      tell();
    }
  }

  /// What is newer than `known` of the same stretch.
  std::optional<terms> newer(const terms& known) const {
    if (known.stretch == 0 || version_.load(std::memory_order_acquire) == known.version) {
      return std::nullopt;
    }
    const std::lock_guard<std::mutex> lock{guard_};
    return latest_.stretch == known.stretch && latest_.version != known.version ? std::optional{latest_} : std::nullopt;
  }

  /// Calls `tell` once, on the thread of whoever renews, when there is something newer than `known`. False: there is
  /// already. Never called when another stretch begins before that.
  bool await(const terms& known, std::function<void()> tell) {
    const std::lock_guard<std::mutex> lock{guard_};
    if (latest_.stretch != known.stretch) {
      return true;
    }
    if (latest_.version != known.version) {
      return false;
    }
    waiting_.push_back(std::move(tell));
    return true;
  }

private:
  void put(time_point run_until, time_point deadline) {
    latest_.run_until = run_until;
    latest_.deadline = deadline;
    version_.store(++latest_.version, std::memory_order_release);
  }

  mutable std::mutex guard_;
  terms latest_;
  std::vector<std::function<void()>> waiting_; ///< runners whose lease is over
  std::atomic<std::uint64_t> version_{0};      ///< that of `latest_`: most looks find nothing new
};

} // namespace djm
