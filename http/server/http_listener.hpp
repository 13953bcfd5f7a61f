#pragma once

#include <string>

#include "djm/http.hpp"
#include "http/server/listen.hpp"

namespace djm {

/// What a server takes over from the listener.
struct http_listener::impl {
  http_config config;
  std::string token; ///< empty: none is asked for
  http::listener socket;

  std::string url() const;
  std::string public_url() const;
};

} // namespace djm
