#pragma once

#include <cstdint>
#include <string_view>

#include "djm/time.hpp"

namespace djm::sim {

/// Mixes bits so that neighbouring seeds have nothing in common.
constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr std::uint64_t hash_text(std::string_view text, std::uint64_t h = 0xcbf29ce484222325ULL) noexcept {
  for (const char c : text) {
    h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  }
  return h;
}

/// One stream of seeded chance, the same on every machine and standard library. Each concern of the simulator has a
/// stream of its own, so that a draw more in one does not change all the others.
class chance {
public:
  chance(std::uint64_t seed, std::string_view purpose) : state_(mix(seed ^ hash_text(purpose))) {}

  std::uint64_t next() noexcept { return mix(state_++); }
  /// 0 to n - 1; n > 0. The bias is far below anything a simulation could notice.
  std::uint64_t below(std::uint64_t n) noexcept { return n < 2 ? 0 : next() % n; }
  bool permille(std::uint64_t p) noexcept { return below(1000) < p; }
  bool one_in(std::uint64_t n) noexcept { return below(n) == 0; }
  duration between(duration least, duration most) noexcept {
    return most <= least
             ? least
             : least +
                 duration{static_cast<duration::rep>(below(static_cast<std::uint64_t>((most - least).count()) + 1))};
  }

private:
  std::uint64_t state_;
};

} // namespace djm::sim
