#pragma once

#include <string>

#include "djm/error.hpp"
#include "djm/time.hpp"

namespace djm::tool {

/// Where a node is asked over HTTP, and as who.
struct web_site {
  /// "http://node-1:8080".
  std::string url;
  /// Empty: none is sent.
  std::string token;
  /// How long an answer may take.
  duration timeout = std::chrono::seconds{10};
};

/// The body of what a node answers to GET. `not_connected`: nobody is there; `timed_out`; `no_permission`: the token is
/// missing or wrong; `invalid_state`: it answers with another status, whose reason is the text.
expected<std::string> http_get(const web_site& site, const std::string& path);

/// A text as a part of a query.
std::string query_escaped(const std::string& text);

} // namespace djm::tool
