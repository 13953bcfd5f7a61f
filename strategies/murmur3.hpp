#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace djm {

/// First 8 bytes, as a little-endian number, of murmur3_128 (x64, seed 0). Stable for ever: plans depend on it.
std::uint64_t murmur3_64(std::string_view bytes) noexcept;

/// murmur3_64 of one prefix with many suffixes: the whole blocks of the prefix are hashed once.
class murmur3_prefix {
public:
  static constexpr std::size_t max_suffix = 1024;

  explicit murmur3_prefix(std::string_view prefix) noexcept;

  /// Hash of prefix + suffix. Suffixes longer than `max_suffix` bytes are not supported.
  std::uint64_t operator()(std::string_view suffix) const noexcept;

private:
  std::uint64_t h1_ = 0;
  std::uint64_t h2_ = 0;
  std::size_t length_ = 0;
  std::size_t rest_ = 0;
  unsigned char tail_[16] = {};
};

/// Finaliser of splitmix64: a cheap, good mix of 64 bits.
constexpr std::uint64_t mix64(std::uint64_t z) noexcept {
  z += 0x9E3779B97F4A7C15ull;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

/// Rank of a worker among equals for a job: rendezvous hashing of the pair, from hashes of the names.
constexpr std::uint64_t pair_rank(std::uint64_t job_hash, std::uint64_t worker_hash) noexcept {
  return mix64(job_hash ^ mix64(worker_hash));
}

} // namespace djm
