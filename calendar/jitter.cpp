#include "djm/jitter.hpp"

#include <algorithm>
#include <cstdint>

namespace djm {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_jitter = std::chrono::hours{24 * 366};

/// FNV-1a, with the finaliser of splitmix64 behind it, which spreads what it leaves in the low bits. Stable for ever:
/// starts of items depend on it.
std::uint64_t hash_of(std::string_view job, std::string_view item) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u;
  const auto add = [&](char c) { h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u; };
  std::for_each(job.begin(), job.end(), add);
  // No id contains it, so that "a", "bc" is not "ab", "c".
  add('\0');
  std::for_each(item.begin(), item.end(), add);
  h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
  h = (h ^ h >> 27) * 0x94d049bb133111ebu;
  return h ^ h >> 31;
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

} // namespace djm
