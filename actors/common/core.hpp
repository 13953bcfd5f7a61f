#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "djm/events.hpp"
#include "djm/log.hpp"
#include "djm/time.hpp"
#include "zkstore/backoff.hpp"
#include "zkstore/types.hpp"

/// What the pure cores share. A core receives events with the time (and random bits where it draws jitter) as
/// arguments and returns effects; it has no clock, I/O, threads or actors inside.
///
/// Timers: a core names the earliest moment at which it wants `on_wake` (`wake_at`). Its shell keeps one timer at that
/// moment. Waking too early, twice or late is harmless, because a core compares its own deadlines with `now`: stale
/// timers need no generation numbers.
namespace djm {

/// Time and chance of one event.
struct step {
  time_point now;
  std::uint64_t entropy = 0;
  /// Unix time: for what people read, and for slots. It may jump.
  std::int64_t wall_ms = 0;
  /// How far the next millisecond of it has come: what is due at a moment of that clock is not to wait for the rest.
  duration wall_rest = duration::zero();
};

/// Effects that every core may produce; each core lists those it uses in its own variant.
struct commit_effect {
  std::uint64_t request = 0;
  /// Number of the session in which it was decided: the store's part refuses it in any other.
  std::uint64_t session = 0;
  store::transaction txn;
};
struct read_effect {
  std::uint64_t request = 0;
  std::vector<store::read_op> reads;
  bool fresh = false;
};
struct emit_effect {
  event what;
};
struct log_effect {
  log_level level = log_level::info;
  std::string text;
};

/// The earlier of two optional moments.
inline std::optional<time_point> earliest(std::optional<time_point> a, std::optional<time_point> b) {
  if (!a) {
    return b;
  }
  return b ? std::min(*a, *b) : a;
}

/// How much goes into one transaction: less after the store has found one too large, step by step as much as before
/// when that is some time ago.
class batch_size {
public:
  explicit batch_size(std::size_t most, std::size_t least = 20)
    : most_(most), least_(std::min(most, least)), now_(most) {}

  std::size_t now() const { return now_; }
  void refused(const store::rejected& r, time_point at) {
    if (r.by_size) {
      now_ = std::max(now_ / 2, least_);
      changed_at_ = at;
    }
  }
  void worked(time_point at) {
    if (now_ < most_ && at - changed_at_ > pause) {
      now_ = std::min(now_ * 2, most_);
      changed_at_ = at;
    }
  }

private:
  static constexpr std::chrono::minutes pause{2}; // longer than a session refuses what was too large
  std::size_t most_, least_, now_;
  time_point changed_at_{};
};

} // namespace djm
