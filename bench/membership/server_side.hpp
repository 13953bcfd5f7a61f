#pragma once

#include "zookeeper_server.hpp"

namespace djm::bench {

/// What a server has, and has used.
struct server_figures {
  double znodes = 0;
  double bytes = 0;     ///< of paths and data, as the server counts them
  double processor = 0; ///< seconds
};

server_figures look_at(test::zookeeper_server& server);

inline server_figures operator-(const server_figures& a, const server_figures& b) {
  return {a.znodes - b.znodes, a.bytes - b.bytes, a.processor - b.processor};
}

} // namespace djm::bench
