#include "djm/jitter.hpp"

#include <algorithm>
#include <cstdint>

#include "djm/failure_rules.hpp"

namespace djm {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_jitter = std::chrono::hours{24 * 366};

/// The finaliser of splitmix64: spreads what is left in the low bits.
std::uint64_t spread(std::uint64_t h) noexcept {
  h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
  h = (h ^ h >> 27) * 0x94d049bb133111ebu;
  return h ^ h >> 31;
}

/// FNV-1a, spread. Stable for ever: starts of items depend on it.
std::uint64_t hash_of(std::string_view job, std::string_view item) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u;
  const auto add = [&](char c) { h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u; };
  std::for_each(job.begin(), job.end(), add);
  // No id contains it, so that "a", "bc" is not "ab", "c".
  add('\0');
  std::for_each(item.begin(), item.end(), add);
  return spread(h);
}

/// The share of `most` that the hash draws; 366 days are less than 2^35 ms, so nothing overflows.
milliseconds share_of(milliseconds most, std::uint64_t hash) noexcept {
  constexpr int bits = 24;
  const auto drawn = static_cast<std::int64_t>(hash >> (64 - bits));
  return milliseconds{most.count() * drawn >> bits};
}

milliseconds limit(milliseconds most) noexcept {
  return std::clamp(most, milliseconds::zero(), longest_jitter);
}

} // namespace

milliseconds jitter_of(std::string_view job, std::string_view item, any_duration most) {
  return share_of(limit(std::chrono::floor<milliseconds>(duration{most})), hash_of(job, item));
}

wall_time start_of(wall_time slot, std::optional<wall_time> next, std::string_view job, std::string_view item,
                   any_duration most) {
  auto width = limit(std::chrono::floor<milliseconds>(duration{most}));
  if (next) {
    width = std::min(width, limit(*next - slot));
  }
  return slot + share_of(width, hash_of(job, item));
}

/// Each step is in whole milliseconds and cut to the longest delay, so that nothing overflows: ten years are less than
/// 2^39 ms, the factor less than 2^17.
milliseconds retry_delay(const retry& r, std::string_view job, std::string_view item, std::int64_t slot,
                         std::uint32_t failed) {
  const auto in_ms = [](duration d) { return std::chrono::floor<milliseconds>(d).count(); };
  const auto most = in_ms(r.max_delay);
  auto delay = std::min(most, in_ms(r.first_delay));
  for (std::uint32_t n = 1; n < failed && delay < most && r.factor_milli > 1000; ++n) {
    delay = std::min(most, delay * r.factor_milli / 1000);
  }
  constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
  const auto h = spread((hash_of(job, item) ^ static_cast<std::uint64_t>(slot) * odd) + failed * odd);
  constexpr int bits = 20;
  const auto drawn = static_cast<std::int64_t>(h >> (64 - bits));
  return milliseconds{delay - (delay * drawn >> bits) * r.jitter_milli / 1000};
}

} // namespace djm
