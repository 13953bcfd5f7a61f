#pragma once
/// What the driver does to a server.
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sockets.hpp"

namespace driver {

struct load_plan {
  std::chrono::seconds time{60};
  std::size_t rate = 200;      ///< requests a second, each on a connection of its own
  std::size_t followers = 100; ///< connections that follow the events
  std::size_t slow = 10;       ///< of them, that read next to nothing
  std::size_t idle = 1000;     ///< connections that say nothing
};

/// Prints what came of it as one line of JSON.
void run_load(const sockaddr_in& server, const load_plan& plan);

struct hammer_plan {
  std::uint64_t requests = 1'000'000;
  std::uint64_t seed = 1;
  std::size_t at_once = 64;
  std::vector<std::string> sound;  ///< requests, of which each that is sent is one with something broken in it
  std::vector<std::string> pieces; ///< what is put into them
};

/// Each request goes down a connection of its own, so that none hides behind one that was refused. Prints "done N"
/// after each ten thousand, and the statuses that came back as one line of JSON at the end.
void run_hammer(const sockaddr_in& server, const hammer_plan& plan);

} // namespace driver
