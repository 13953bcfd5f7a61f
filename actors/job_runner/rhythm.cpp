#include "actors/job_runner/rhythm.hpp"

#include <algorithm>
#include <string_view>

namespace djm {

namespace {

/// FNV-1a: short, and the same everywhere.
constexpr std::uint64_t hash_more(std::uint64_t h, std::string_view text) {
  for (const char c : text) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return (h ^ 0xffu) * 0x100000001b3u; // a byte that no name contains: {"ab", "c"} is not {"a", "bc"}
}

/// FNV leaves the upper bits of short names alike.
constexpr std::uint64_t spread(std::uint64_t h) {
  h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdu;
  h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53u;
  return h ^ (h >> 33);
}

} // namespace

duration phase_of(const schedule& s, const job_id& job, const item_id& item) {
  if (s.phase) {
    return *s.phase;
  }
  const auto h = spread(hash_more(hash_more(0xcbf29ce484222325u, job), item));
  return duration{static_cast<duration::rep>(h % static_cast<std::uint64_t>(s.period.count()))};
}

duration moment_from(duration at, duration period, duration phase) {
  const auto over = (at - phase) % period; // negative before the first moment
  if (over == duration::zero()) {
    return at;
  }
  return at - over + (over > duration::zero() ? period : duration::zero());
}

duration since_epoch(std::int64_t wall_ms) {
  constexpr std::int64_t year_2191 = 7'000'000'000'000;
  return std::chrono::milliseconds{std::clamp<std::int64_t>(wall_ms, 0, year_2191)};
}

} // namespace djm
