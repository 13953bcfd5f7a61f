#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// What the fuzz targets share. A target is one `LLVMFuzzerTestOneInput`: libFuzzer drives it with inputs it makes up,
/// the unit tier with those of the corpus.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace djm::fuzz {

/// A property of every input. Ends the process when it does not hold, which both drivers report with the input.
inline void require(bool holds, std::string_view property) {
  if (!holds) {
    std::fprintf(stderr, "property violated: %.*s\n", static_cast<int>(property.size()), property.data());
    std::abort();
  }
}

/// Whether a text can be written to a log or a terminal and stay on its line, whatever somebody put into the data that
/// it speaks of.
inline bool is_one_line(std::string_view text) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      return false;
    }
  }
  return !text.empty();
}

/// Takes numbers and texts off the front of an input; yields zeros and empty texts at its end.
class input {
public:
  input(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const noexcept { return rest_.empty(); }

  std::uint8_t byte() {
    if (rest_.empty()) {
      return 0;
    }
    const auto result = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return result;
  }

  /// `count` bytes, fewer at the end.
  std::string_view take(std::size_t count) {
    const auto result = rest_.substr(0, count);
    rest_.remove_prefix(result.size());
    return result;
  }

  /// Up to the first `end` (which is dropped), or everything.
  std::string_view until(char end) {
    const auto at = rest_.find(end);
    const auto result = rest_.substr(0, at);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + 1);
    return result;
  }

  std::string_view rest() const noexcept { return rest_; }

private:
  std::string_view rest_;
};

} // namespace djm::fuzz
