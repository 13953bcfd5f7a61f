#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace djm::bench {

/// How long after its moment each of many things began, in microseconds. Adding is thread-safe.
class delays {
public:
  explicit delays(std::size_t most) { us_.reserve(most); }

  delays(const delays& other) : us_(other.all()) {}
  delays& operator=(const delays& other) {
    auto us = other.all();
    std::lock_guard<std::mutex> lock{guard_};
    us_ = std::move(us);
    return *this;
  }

  /// What was so far does not count.
  void clear() {
    std::lock_guard<std::mutex> lock{guard_};
    us_.clear();
  }

  void add(std::int64_t us) {
    std::lock_guard<std::mutex> lock{guard_};
    us_.push_back(us);
  }
  std::size_t size() const {
    std::lock_guard<std::mutex> lock{guard_};
    return us_.size();
  }
  /// Of all of them, so many of a thousand are no longer; 0 without any.
  std::int64_t at(std::size_t per_mille) const;
  /// How many are shorter than each of these, and not than the one before.
  std::vector<std::size_t> histogram(const std::vector<std::int64_t>& bounds) const;

private:
  std::vector<std::int64_t> all() const {
    std::lock_guard<std::mutex> lock{guard_};
    return us_;
  }

  mutable std::mutex guard_;
  std::vector<std::int64_t> us_;
};

/// Their histograms beside each other, a line for each range, and what half, 99 %, 99.9 % and all are at most.
void print(const std::string& one, const delays& a, const std::string& other, const delays& b);

} // namespace djm::bench
