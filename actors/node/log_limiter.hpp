#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "djm/ids.hpp"
#include "djm/time.hpp"

namespace djm {

/// Keeps what repeats from filling the log: of each kind of line a job has some in a minute, the others are counted,
/// and the count is told at the end of the minute. Pure.
class log_limiter {
public:
  struct left_out {
    std::string kind;
    job_id job;
    std::uint64_t lines;
  };

  static constexpr std::uint64_t most_lines = 10;
  static constexpr duration window = std::chrono::minutes{1};

  /// Whether a line of this kind may be written.
  bool may_say(const std::string& kind, const job_id& job, time_point now) {
    const auto [c, is_new] = counts_.try_emplace({job, kind}, 0);
    if (is_new) {
      ends_.emplace_back(now + window, c);
    }
    return ++c->second <= most_lines;
  }

  /// What was left out in the minutes that are over. A kind that is quiet costs nothing.
  std::vector<left_out> due(time_point now) {
    std::vector<left_out> result;
    for (; !ends_.empty() && ends_.front().first <= now; ends_.pop_front()) {
      const auto c = ends_.front().second;
      if (c->second > most_lines) {
        result.push_back({c->first.second, c->first.first, c->second - most_lines});
      }
      counts_.erase(c);
    }
    return result;
  }

  std::optional<time_point> wake_at() const {
    return ends_.empty() ? std::nullopt : std::optional<time_point>{ends_.front().first};
  }

private:
  using counts = std::map<std::pair<job_id, std::string>, std::uint64_t>;
  counts counts_;
  /// When the minute of each is over, in the order in which they began: all last equally long.
  std::deque<std::pair<time_point, counts::iterator>> ends_;
};

} // namespace djm
