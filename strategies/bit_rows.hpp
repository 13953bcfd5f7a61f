#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace djm {

/// A matrix of bits, one row after another, 64 columns to a word.
class bit_rows {
public:
  bit_rows() = default;
  bit_rows(std::size_t rows, std::size_t columns) : words_((columns + 63) / 64), bits_(rows * words_) {}

  std::size_t words() const noexcept { return words_; }
  std::uint64_t* row(std::size_t r) noexcept { return bits_.data() + r * words_; }
  const std::uint64_t* row(std::size_t r) const noexcept { return bits_.data() + r * words_; }

  bool test(std::size_t r, std::size_t c) const noexcept { return (row(r)[c >> 6] >> (c & 63)) & 1; }
  void set(std::size_t r, std::size_t c) noexcept { row(r)[c >> 6] |= std::uint64_t{1} << (c & 63); }
  void reset(std::size_t r, std::size_t c) noexcept { row(r)[c >> 6] &= ~(std::uint64_t{1} << (c & 63)); }

  std::size_t count(std::size_t r) const noexcept {
    std::size_t result = 0;
    for (std::size_t k = 0; k < words_; ++k) {
      result += static_cast<std::size_t>(__builtin_popcountll(row(r)[k]));
    }
    return result;
  }

private:
  std::size_t words_ = 0;
  std::vector<std::uint64_t> bits_;
};

/// Calls `f(column)` for each set bit of one word that starts at column `base`.
template <class F>
void each_bit(std::uint64_t word, std::size_t base, F&& f) {
  for (; word != 0; word &= word - 1) {
    f(static_cast<std::uint32_t>(base + static_cast<std::size_t>(__builtin_ctzll(word))));
  }
}

template <class F>
void each_bit_of_row(const std::uint64_t* row, std::size_t words, F&& f) {
  for (std::size_t k = 0; k < words; ++k) {
    each_bit(row[k], k * 64, f);
  }
}

} // namespace djm
