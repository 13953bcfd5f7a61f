#include "bench/slots/delays.hpp"

#include <algorithm>
#include <cstdio>

namespace djm::bench {

namespace {

const std::vector<std::int64_t>& bounds() {
  static const std::vector<std::int64_t> all{100,    200,    500,     1'000,   2'000,   5'000,    10'000,
                                             20'000, 50'000, 100'000, 200'000, 500'000, 1'000'000};
  return all;
}

std::string in_ms(std::int64_t us) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f ms", static_cast<double>(us) / 1000);
  return text;
}

std::string bar(std::size_t part, std::size_t of) {
  return std::string(of > 0 ? (part * 30 + of - 1) / of : 0, '#');
}

} // namespace

std::int64_t delays::at(std::size_t per_mille) const {
  std::lock_guard<std::mutex> lock{guard_};
  auto sorted = us_;
  std::sort(sorted.begin(), sorted.end());
  return sorted.empty() ? 0 : sorted[(sorted.size() - 1) * per_mille / 1000];
}

std::vector<std::size_t> delays::histogram(const std::vector<std::int64_t>& limits) const {
  std::lock_guard<std::mutex> lock{guard_};
  std::vector<std::size_t> counts(limits.size() + 1);
  for (const auto us : us_) {
    const auto at = std::upper_bound(limits.begin(), limits.end(), us) - limits.begin();
    ++counts[static_cast<std::size_t>(at)];
  }
  return counts;
}

void print(const std::string& one, const delays& a, const std::string& other, const delays& b) {
  const auto left = a.histogram(bounds());
  const auto right = b.histogram(bounds());
  std::printf("  %-12s %-40s %s\n", "delay", one.c_str(), other.c_str());
  for (std::size_t n = 0; n < left.size(); ++n) {
    if (left[n] + right[n] > 0) {
      const auto range = n < bounds().size() ? "< " + in_ms(bounds()[n]) : "more";
      std::printf("  %-12s %7zu %-32s %7zu %s\n", range.c_str(), left[n], bar(left[n], a.size()).c_str(), right[n],
                  bar(right[n], b.size()).c_str());
    }
  }
  for (const auto& [name, per_mille] : {std::pair{"median", 500}, {"p99", 990}, {"p99.9", 999}, {"longest", 1000}}) {
    const auto share = static_cast<std::size_t>(per_mille);
    std::printf("  %-12s %-40s %s\n", name, in_ms(a.at(share)).c_str(), in_ms(b.at(share)).c_str());
  }
}

} // namespace djm::bench
