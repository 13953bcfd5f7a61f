#include "http/uri.hpp"

#include <algorithm>
#include <cstdint>

namespace djm::http {

namespace {

constexpr std::size_t most_parts = 32;
constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int digit_of(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// Calls `f` with each part of the text between separators, until it says false.
template <class F>
bool each_part(std::string_view text, char separator, F f) {
  for (;;) {
    const auto end = text.find(separator);
    if (!f(text.substr(0, end))) {
      return false;
    }
    if (end == std::string_view::npos) {
      return true;
    }
    text.remove_prefix(end + 1);
  }
}

bool take_query(std::string_view text, uri& to) {
  return each_part(text, '&', [&](std::string_view part) {
    if (part.empty()) {
      return true;
    }
    const auto equals = part.find('=');
    auto name = percent_decoded(part.substr(0, equals), true);
    auto value = percent_decoded(equals == std::string_view::npos ? std::string_view{} : part.substr(equals + 1), true);
    if (!name || !value || to.query.size() == most_parts) {
      return false;
    }
    to.query.emplace_back(std::move(*name), std::move(*value));
    return true;
  });
}

} // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool query) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = text[i];
    if (c == '%') {
      const auto high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
      const auto low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && query) {
      c = ' ';
    }
    if (c == '\0') {
      return std::nullopt;
    }
    result += c;
  }
  return result;
}

std::optional<uri> parse_target(std::string_view target) {
  if (target.empty() || target.front() != '/') {
    return std::nullopt;
  }
  target = target.substr(0, target.find('#'));
  uri result;
  const auto question = target.find('?');
  const auto path = target.substr(1, question == std::string_view::npos ? question : question - 1);
  const bool parts = path.empty() || each_part(path, '/', [&](std::string_view part) {
                       auto text = percent_decoded(part, false);
                       if (!text || result.path.size() == most_parts) {
                         return false;
                       }
                       result.path.push_back(std::move(*text));
                       return true;
                     });
  if (!parts || (question != std::string_view::npos && !take_query(target.substr(question + 1), result))) {
    return std::nullopt;
  }
  return result;
}

std::string base64url(std::string_view text) {
  std::string result;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    bits = (bits << 8) | static_cast<std::uint8_t>(c);
    for (count += 8; count >= 6; count -= 6) {
      result += alphabet[(bits >> (count - 6)) & 63];
    }
  }
  if (count > 0) {
    result += alphabet[(bits << (6 - count)) & 63];
  }
  return result;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string result;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = alphabet.find(c);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      result += static_cast<char>((bits >> count) & 255);
    }
  }
  // One form for each text: what is left over is less than a digit, and zero.
  if (count >= 6 || (bits & ((1U << count) - 1)) != 0) {
    return std::nullopt;
  }
  return result;
}

} // namespace djm::http
