#include "tools/djm/texts.hpp"

#include "djm/time.hpp"

namespace djm::tool {

namespace {

constexpr char digits[] = "0123456789abcdef";

bool continues(char c) noexcept {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

} // namespace

std::string printable(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    // The control characters of Unicode's second block stand behind the byte c2.
    const bool second_block =
      c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0 && continues(text[i + 1]);
    if (c >= 0x20 && c != 0x7f && !second_block) {
      result += text[i];
      continue;
    }
    const auto shown = second_block ? static_cast<unsigned char>(text[++i]) : c;
    result += "\\x";
    result += digits[shown >> 4];
    result += digits[shown & 0xf];
  }
  return result;
}

std::size_t width_of(std::string_view text) noexcept {
  std::size_t n = 0;
  for (char c : text) {
    n += continues(c) ? 0 : 1;
  }
  return n;
}

std::string_view first_columns(std::string_view text, std::size_t columns) noexcept {
  std::size_t end = 0;
  while (end < text.size() && (columns > 0 || continues(text[end]))) {
    columns -= continues(text[end]) ? 0 : 1;
    ++end;
  }
  return text.substr(0, end);
}

std::string age_of(std::int64_t at_ms, std::int64_t now_ms) {
  if (at_ms == 0) {
    return "-";
  }
  const auto s = now_ms > at_ms ? (now_ms - at_ms) / 1000 : 0;
  const auto two = [](std::int64_t a, const char* big, std::int64_t b, const char* small) {
    return std::to_string(a) + big + (b > 0 ? std::to_string(b) + small : std::string{});
  };
  if (s < 60) {
    return std::to_string(s) + "s";
  }
  if (s < 3600) {
    return two(s / 60, "min", s < 600 ? s % 60 : 0, "s");
  }
  if (s < 86400) {
    return two(s / 3600, "h", s % 3600 / 60, "min");
  }
  return two(s / 86400, "d", s % 86400 / 3600, "h");
}

std::string moment_of(std::int64_t at_ms) {
  return at_ms == 0 ? "-" : format_time(wall_time{std::chrono::milliseconds{at_ms}});
}

std::string or_dash(std::string_view text) {
  return text.empty() ? "-" : printable(text);
}

std::string counted(std::size_t n, std::string_view thing) {
  return std::to_string(n) + " " + std::string{thing} + (n == 1 ? "" : "s");
}

} // namespace djm::tool
