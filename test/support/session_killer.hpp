#pragma once

#include <cstdint>
#include <string>

namespace djm::test {

/// Ends a session of whoever it is at a server, as if it had timed out: connects with its id and the password, which
/// ZooKeeper derives from the id, and closes it. The owner learns `expired` when it reconnects. Returns when the server
/// has confirmed the end; throws `std::runtime_error` when it does not within 30 s.
void kill_session(const std::string& address, std::uint16_t port, std::int64_t session);

} // namespace djm::test
