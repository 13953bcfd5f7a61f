#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// A client of HTTP/1.1 for tests: a socket on loopback, and what comes back as text.
namespace djm::test {

struct http_reply {
  int status = 0; ///< 0: the connection ended without an answer
  std::string head;
  std::string body;

  /// The value of a header, whatever the case of its name.
  std::string header(std::string_view name) const;
};

/// A connection to 127.0.0.1.
class http_connection {
public:
  explicit http_connection(std::uint16_t port);
  http_connection(const http_connection&) = delete;
  http_connection& operator=(const http_connection&) = delete;
  ~http_connection();

  bool is_open() const { return socket_ >= 0; }
  /// False when the other end does not take it all.
  bool send(std::string_view text);
  /// No more is sent.
  void end_of_sending();
  /// What comes, until `until` is in it, the other end closes, or the time is over.
  std::string read(std::string_view until = {}, std::chrono::milliseconds limit = std::chrono::seconds{20});

  /// Whether the other end has closed it while we read.
  bool has_ended() const { return ended_; }

private:
  int socket_ = -1;
  bool ended_ = false;
};

/// Takes apart what a connection has given.
http_reply parse_reply(std::string_view text);

/// Asks on a connection of its own. `headers` are lines without their ends.
http_reply ask_http(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body = {},
                    const std::vector<std::string>& headers = {});

} // namespace djm::test
