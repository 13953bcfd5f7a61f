#pragma once

#include "zkstore/ensemble_port.hpp"
#include "zookeeper_server.hpp"

namespace djm::test {

/// One server for all cases of an executable that do not harm it, started at the first call.
zookeeper_server& shared_server();

/// Sessions of this timeout there.
store::session_options options_for(const zookeeper_server& server, duration timeout = std::chrono::seconds{60});

/// Another path at each call, unlike all others in this process.
std::string fresh_path();

} // namespace djm::test
