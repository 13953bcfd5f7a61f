#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

/// The one rule for an address under which a node is reached over HTTP. What the tree says of it was written by others,
/// and whoever follows it has to be sure that it is one: not a file, not a script, not a name with a password before
/// it.
namespace djm::impl {

/// The most bytes that such an address may have.
constexpr std::size_t max_web_address = 300;

/// The rule in words, behind "it must be".
constexpr const char* web_address_rule =
  "like http://node-1:8080 or https://node-1: a scheme, a host and at most a port, in at most 300 bytes";

/// An address in its parts.
struct web_address {
  std::string_view scheme; ///< "http" or "https"
  std::string_view host;   ///< "node-1", "10.0.0.7", "[fd00::7]"
  std::string_view port;   ///< empty: that of the scheme

  /// Whether it is one. Nothing else of it may be looked at if it is not.
  explicit operator bool() const noexcept { return !host.empty(); }
};

namespace detail {

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

inline bool is_port(std::string_view text) noexcept {
  unsigned number = 0;
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), is_digit)) {
    return false;
  }
  for (const char c : text) {
    number = 10 * number + static_cast<unsigned>(c - '0');
  }
  return number >= 1 && number <= 65'535;
}

/// A name, or an address of four numbers.
inline bool is_name(std::string_view text) noexcept {
  const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
  return !text.empty() && (is_letter(text.front()) || is_digit(text.front())) &&
         std::all_of(text.begin(), text.end(), fits);
}

/// "[fd00::7]".
inline bool is_bracketed(std::string_view text) noexcept {
  constexpr std::size_t least = 4; // "[::]"
  const auto fits = [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  };
  return text.size() >= least && text.front() == '[' && text.back() == ']' &&
         std::all_of(text.begin() + 1, text.end() - 1, fits);
}

} // namespace detail

/// Takes a text apart that may be anything.
inline web_address parse_web_address(std::string_view text) noexcept {
  web_address found;
  const auto mark = text.find("://");
  if (text.size() > max_web_address || mark == std::string_view::npos) {
    return {};
  }
  found.scheme = text.substr(0, mark);
  if (found.scheme != "http" && found.scheme != "https") {
    return {};
  }
  auto place = text.substr(mark + 3);
  // The colons of an address in brackets are its own.
  const auto colon = place.find(':', place.find(']') == std::string_view::npos ? 0 : place.find(']'));
  if (colon != std::string_view::npos) {
    found.port = place.substr(colon + 1);
    place = place.substr(0, colon);
    if (!detail::is_port(found.port)) {
      return {};
    }
  }
  if (!detail::is_name(place) && !detail::is_bracketed(place)) {
    return {};
  }
  found.host = place;
  return found;
}

} // namespace djm::impl
