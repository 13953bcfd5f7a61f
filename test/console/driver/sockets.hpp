#pragma once
/// Many connections at once to one server, in one thread: what the load and the hammer of the console are made of.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <string>

#include <netinet/in.h>

namespace driver {

using clock = std::chrono::steady_clock;

struct connection {
  int fd = -1;
  std::string out;         ///< what is still to be sent
  std::size_t sent = 0;    ///< of `out`
  std::string in;          ///< what came back, as far as somebody wants to look at it
  std::size_t keep = 0;    ///< so many of its first bytes
  bool half_close = false; ///< says that nothing more comes, once all is sent
  bool slow = false;       ///< reads a little now and then
  clock::time_point began;
  /// Each block that was read; an empty one at the end of the connection, after which it is gone.
  std::function<void(connection&, const char* data, std::size_t size)> heard;
};

class sockets {
public:
  /// @throws std::system_error without room for another descriptor.
  explicit sockets(const sockaddr_in& server);
  ~sockets();
  sockets(const sockets&) = delete;
  sockets& operator=(const sockets&) = delete;

  /// Opens it and sends `out`. Refused connections are heard as ended, from within `turn`.
  connection& open(connection c);
  /// Ends it at once (reset, so that no port is kept waiting); it is not heard any more.
  void drop(connection& c);
  /// Waits until something has happened, `until` at the latest, and does what is to do.
  void turn(clock::time_point until);
  /// Lets the slow ones read: `size` bytes each.
  void read_slowly(std::size_t size);
  std::size_t size() const { return all_.size(); }
  std::list<connection>& all() { return all_; }

private:
  void watch(connection& c, int operation);
  void send(connection& c);
  void read(connection& c, std::size_t most);
  void end(connection& c);

  sockaddr_in server_;
  int epoll_;
  std::list<connection> all_, over_;
};

} // namespace driver
