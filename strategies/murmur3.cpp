#include "strategies/murmur3.hpp"

#include <cstring>

namespace djm {

namespace {

constexpr std::uint64_t c1 = 0x87c37b91114253d5ull;
constexpr std::uint64_t c2 = 0x4cf5ad432745937full;

constexpr std::uint64_t rotl(std::uint64_t x, int r) noexcept {
  return (x << r) | (x >> (64 - r));
}

constexpr std::uint64_t fmix(std::uint64_t k) noexcept {
  k = (k ^ (k >> 33)) * 0xff51afd7ed558ccdull;
  k = (k ^ (k >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return k ^ (k >> 33);
}

// Byte by byte, so that the value is the same on any byte order; compilers make one load of it.
std::uint64_t load(const unsigned char* p) noexcept {
  std::uint64_t x = 0;
  for (int i = 0; i < 8; ++i) {
    x |= static_cast<std::uint64_t>(p[i]) << (8 * i);
  }
  return x;
}

void block(std::uint64_t& h1, std::uint64_t& h2, const unsigned char* p) noexcept {
  h1 ^= rotl(load(p) * c1, 31) * c2;
  h1 = (rotl(h1, 27) + h2) * 5 + 0x52dce729;
  h2 ^= rotl(load(p + 8) * c2, 33) * c1;
  h2 = (rotl(h2, 31) + h1) * 5 + 0x38495ab5;
}

std::uint64_t finish(std::uint64_t h1, std::uint64_t h2, const unsigned char* p, std::size_t rest,
                     std::size_t length) noexcept {
  if (rest > 0) {
    unsigned char padded[16] = {};
    std::memcpy(padded, p, rest);
    if (rest > 8) {
      h2 ^= rotl(load(padded + 8) * c2, 33) * c1;
    }
    h1 ^= rotl(load(padded) * c1, 31) * c2;
  }
  h1 ^= length;
  h2 ^= length;
  h1 += h2;
  h2 += h1;
  return fmix(h1) + fmix(h2);
}

const unsigned char* octets_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

std::uint64_t murmur3_64(std::string_view bytes) noexcept {
  std::uint64_t h1 = 0;
  std::uint64_t h2 = 0;
  auto p = octets_of(bytes);
  auto left = bytes.size();
  for (; left >= 16; left -= 16, p += 16) {
    block(h1, h2, p);
  }
  return finish(h1, h2, p, left, bytes.size());
}

murmur3_prefix::murmur3_prefix(std::string_view prefix) noexcept : length_(prefix.size()) {
  auto p = octets_of(prefix);
  auto left = prefix.size();
  for (; left >= 16; left -= 16, p += 16) {
    block(h1_, h2_, p);
  }
  rest_ = left;
  if (left > 0) {
    std::memcpy(tail_, p, left);
  }
}

std::uint64_t murmur3_prefix::operator()(std::string_view suffix) const noexcept {
  auto h1 = h1_;
  auto h2 = h2_;
  unsigned char buffer[16 + max_suffix];
  std::memcpy(buffer, tail_, 16);
  if (!suffix.empty()) {
    std::memcpy(buffer + rest_, suffix.data(), suffix.size());
  }
  auto left = rest_ + suffix.size();
  const unsigned char* p = buffer;
  for (; left >= 16; left -= 16, p += 16) {
    block(h1, h2, p);
  }
  return finish(h1, h2, p, left, length_ + suffix.size());
}

} // namespace djm
