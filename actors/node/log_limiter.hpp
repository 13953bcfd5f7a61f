#pragma once

#include <chrono>
#include <cstdint>
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
    auto& c = counts_.emplace(std::pair{job, kind}, counted{now + window, 0}).first->second;
    return ++c.lines <= most_lines;
  }

  /// What was left out in the minutes that are over. A kind that is quiet costs nothing.
  std::vector<left_out> due(time_point now) {
    std::vector<left_out> result;
    for (auto i = counts_.begin(); i != counts_.end();) {
      const auto& [key, c] = *i;
      if (now < c.until) {
        ++i;
        continue;
      }
      if (c.lines > most_lines) {
        result.push_back({key.second, key.first, c.lines - most_lines});
      }
      i = counts_.erase(i);
    }
    return result;
  }

  std::optional<time_point> wake_at() const {
    std::optional<time_point> at;
    for (const auto& [key, c] : counts_) {
      if (!at || c.until < *at) {
        at = c.until;
      }
    }
    return at;
  }

private:
  struct counted {
    time_point until;
    std::uint64_t lines;
  };
  std::map<std::pair<job_id, std::string>, counted> counts_;
};

} // namespace djm
