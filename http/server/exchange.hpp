#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <microhttpd.h>

#include "http/http_core.hpp"

namespace djm::http {

/// One request on its way to its answer. It belongs to its connection until that is done with it, and to whoever has
/// been asked for a part of the answer.
struct exchange {
  // for the thread of the server alone
  request asked;
  std::size_t received = 0; ///< of the body, what is too much of it included
  bool begun = false;       ///< its headers are there
  bool arrived = false;     ///< it has been looked at
  std::optional<call> what; ///< once it is let through
  std::string rest;         ///< of the events that it follows: what did not fit

  // under the lock of the server
  MHD_Connection* connection = nullptr; ///< null once the connection is done with it
  bool suspended = false;
  std::optional<material> found;
  std::optional<order_answer> result;
  bool follows = false;
  std::uint64_t next = 0;        ///< the event that it is sent next
  std::uint64_t quiet_since = 0; ///< the second of the server at which it was sent something
};

} // namespace djm::http
