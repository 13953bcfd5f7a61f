#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "djm/enum_names.hpp"

/// What comes in and goes out over HTTP, as values. Nothing here knows a socket.
namespace djm::http {

enum class verb : std::uint8_t { get, head, post, put, patch, remove, options, other };

constexpr auto enum_names(verb) {
  return name_enum("verb", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other");
}

/// The verb of this name; `other` for one that nobody here knows.
verb verb_of(std::string_view name);

using header_list = std::vector<std::pair<std::string, std::string>>;

struct request {
  verb how = verb::get;
  std::string target; ///< as it came, with its query
  header_list headers;
  std::string body;
  std::string peer; ///< whose connection it is, for those who read about writes
};

/// The value of the first header of this name, whatever its letters' case; empty when there is none.
std::string_view header_of(const request& r, std::string_view name);
/// Whether there is such a header.
bool has_header(const request& r, std::string_view name);

struct answer {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  header_list headers;
  std::string tag;                ///< the name of the content, where it is not that of the body
  bool follows = false;           ///< the body is that of the events from here on
  std::uint64_t follows_from = 0; ///< the first event that it tells
};

/// Whether two texts agree but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);
std::string lower(std::string_view text);
/// Without blanks at its ends.
std::string_view trimmed(std::string_view text);

} // namespace djm::http
