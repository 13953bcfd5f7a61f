#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "djm/time.hpp"
#include "zkstore/ensemble_port.hpp"
#include "zkstore/types.hpp"

namespace djm::store {

/// One connection between a client and a server. Numbers are never used twice; a client that reconnects takes another.
using connection_t = std::uint64_t;

/// What travels between the client library model and the modelled servers. Whoever stands between them (a simulator)
/// may delay a message or break a connection, but must keep the order within one connection.
namespace wire {

/// First message of a connection.
struct hello {
  /// 0 asks for a new session.
  session_id_t session = 0;
  std::uint64_t password = 0;
  /// A server that has not applied this much yet refuses the client.
  zxid_t last_zxid = 0;
  duration timeout = duration::zero();
  /// "user:password" or empty.
  std::string digest;
};

/// Watches to take up again after a reconnect; those whose node has changed after `since` fire at once.
struct set_watches {
  zxid_t since = 0;
  std::vector<std::string> data;
  std::vector<std::string> exist;
  std::vector<std::string> child;
};

struct request {
  op_id_t id = 0;
  raw_request body;
};

struct ping {};

/// Ends the session.
struct goodbye {};

using to_server = std::variant<hello, set_watches, request, ping, goodbye>;

struct welcome {
  session_id_t session = 0;
  std::uint64_t password = 0;
  duration timeout = duration::zero();
};

/// The session is unknown, over, or the password is wrong.
struct expired {};

struct response {
  raw_completion completion;
  /// The server's latest transaction, for reads, or the one of the request itself.
  zxid_t zxid = 0;
};

struct notification {
  watch_event event;
};

struct pong {
  zxid_t zxid = 0;
};

/// The session has ended as asked. The connection is gone.
struct farewell {};

/// The server has broken the connection.
struct hang_up {};

using to_client = std::variant<welcome, expired, response, notification, pong, farewell, hang_up>;

/// A message on its way to a client.
struct delivery {
  connection_t to = 0;
  to_client message;
};

} // namespace wire

} // namespace djm::store
