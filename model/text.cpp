#include "model/text.hpp"

namespace djm::impl {

namespace {

bool continues(unsigned char c) noexcept {
  return (c & 0xC0) == 0x80;
}

void append_escaped(std::string& out, unsigned char c) {
  constexpr char digits[] = "0123456789abcdef";
  switch (c) {
  case '"': out += "\\\""; return;
  case '\\': out += "\\\\"; return;
  case '\n': out += "\\n"; return;
  case '\r': out += "\\r"; return;
  case '\t': out += "\\t"; return;
  default:
    out += "\\x";
    out += digits[c >> 4];
    out += digits[c & 15];
  }
}

} // namespace

std::size_t utf8_sequence(std::string_view text) noexcept {
  if (text.empty()) {
    return 0;
  }
  const auto at = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  if (lead < 0xC2 || lead > 0xF4) {
    return 0;
  }
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (!continues(at(i))) {
      return 0;
    }
  }
  // Overlong forms, surrogates and what lies above U+10FFFF hide behind the second byte.
  const auto second = at(1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
      (lead == 0xF4 && second > 0x8F)) {
    return 0;
  }
  return length;
}

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto n = utf8_sequence(text);
    if (n == 0) {
      return false;
    }
    text.remove_prefix(n);
  }
  return true;
}

std::string quote(std::string_view text, std::size_t max_bytes) {
  std::string out = "\"";
  auto rest = text;
  while (!rest.empty()) {
    const auto c = static_cast<unsigned char>(rest.front());
    const auto n = utf8_sequence(rest);
    if (text.size() - rest.size() + (n == 0 ? 1 : n) > max_bytes) {
      out += "...\" (" + std::to_string(text.size()) + " bytes)";
      return out;
    }
    if (n > 1) {
      out += rest.substr(0, n);
    } else if (n == 0 || c < 0x20 || c == 0x7F || c == '"' || c == '\\') {
      append_escaped(out, c);
    } else {
      out += static_cast<char>(c);
    }
    rest.remove_prefix(n == 0 ? 1 : n);
  }
  out += '"';
  return out;
}

} // namespace djm::impl
