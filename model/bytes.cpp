#include "djm/bytes.hpp"

#include <array>

namespace djm {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char padding = '=';
constexpr std::uint32_t no_letter = 64;

constexpr auto values_of_letters() {
  std::array<std::uint8_t, 256> result{};
  for (auto& x : result) {
    x = static_cast<std::uint8_t>(no_letter);
  }
  for (std::size_t i = 0; i < letters.size(); ++i) {
    result[static_cast<unsigned char>(letters[i])] = static_cast<std::uint8_t>(i);
  }
  return result;
}

// The bits of up to four letters; false when one of them is none.
bool bits_of(std::string_view group, std::uint32_t& bits) {
  static constexpr auto values = values_of_letters();
  bits = 0;
  bool good = true;
  for (std::size_t i = 0; i < 4; ++i) {
    const std::uint32_t value = i < group.size() ? values[static_cast<unsigned char>(group[i])] : 0;
    good = good && value != no_letter;
    bits = bits << 6 | (value & 63);
  }
  return good;
}

} // namespace

std::string to_word(const bytes& x) {
  std::string result;
  result.reserve((x.data.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < x.data.size(); i += 3) {
    const auto at = [&](std::size_t k) -> std::uint32_t { return k < x.data.size() ? x.data[k] : 0; };
    const auto bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    result += letters[bits >> 18];
    result += letters[bits >> 12 & 63];
    result += i + 1 < x.data.size() ? letters[bits >> 6 & 63] : padding;
    result += i + 2 < x.data.size() ? letters[bits & 63] : padding;
  }
  return result;
}

bool from_word(std::string_view text, bytes& x) {
  if (text.size() % 4 != 0) {
    return false;
  }
  std::size_t padded = 0;
  while (padded < 2 && !text.empty() && text.back() == padding) {
    text.remove_suffix(1);
    ++padded;
  }
  std::vector<std::uint8_t> data;
  data.reserve(text.size() / 4 * 3 + 2);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const auto group = text.substr(i, 4);
    std::uint32_t bits = 0;
    if (!bits_of(group, bits)) {
      return false;
    }
    const auto count = group.size() - 1; // bytes: a group of four letters holds three, one of two holds one
    for (std::size_t k = 0; k < count; ++k) {
      data.push_back(static_cast<std::uint8_t>(bits >> (16 - 8 * k)));
    }
    const auto unused = bits & ((1U << (24 - 8 * count)) - 1);
    if (unused != 0) {
      return false; // or two words would stand for the same
    }
  }
  x.data = std::move(data);
  return true;
}

const char* rule_of_words(const bytes&) {
  return "base64 (letters, digits, \"+\" and \"/\" in groups of four, the last one padded with \"=\")";
}

} // namespace djm
