#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "djm/fields.hpp"
#include "djm/time.hpp"

namespace djm {

/// How often durations fell into which range: a plain value, which whoever measures fills and whoever reads copies.
struct duration_histogram {
  /// The upper ends of the ranges, included; the last range has none.
  static constexpr std::array<duration, 14> bounds = {
    std::chrono::milliseconds{1},  std::chrono::milliseconds{5},   std::chrono::milliseconds{10},
    std::chrono::milliseconds{50}, std::chrono::milliseconds{100}, std::chrono::milliseconds{500},
    std::chrono::seconds{1},       std::chrono::seconds{5},        std::chrono::seconds{10},
    std::chrono::seconds{30},      std::chrono::minutes{1},        std::chrono::minutes{5},
    std::chrono::minutes{30},      std::chrono::hours{2}};

  /// How many there were in each range, one more than bounds; empty before the first.
  std::vector<std::uint64_t> counts;
  /// All of them together; saturated.
  duration sum = duration::zero();

  /// Counts one; what is below zero counts as zero.
  void add(duration d) {
    counts.resize(bounds.size() + 1);
    std::size_t i = 0;
    while (i < bounds.size() && d > bounds[i]) {
      ++i;
    }
    ++counts[i];
    const auto size = d < duration::zero() ? duration::zero() : d;
    sum = duration::max() - sum < size ? duration::max() : sum + size;
  }

  /// Counts all that the other has counted.
  void add(const duration_histogram& other) {
    if (other.counts.empty()) {
      return;
    }
    counts.resize(bounds.size() + 1);
    for (std::size_t i = 0; i < counts.size() && i < other.counts.size(); ++i) {
      counts[i] += other.counts[i];
    }
    sum = duration::max() - sum < other.sum ? duration::max() : sum + other.sum;
  }
};
DJM_FIELDS(duration_histogram, counts, sum)

} // namespace djm
