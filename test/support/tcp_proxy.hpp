#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace djm::test {

enum class flow { to_server, to_client };

/// A relay on loopback whose traffic a test can disturb; needs no rights. One thread of its own; thread-safe.
class tcp_proxy {
public:
  explicit tcp_proxy(std::string server_address, std::uint16_t server_port);
  ~tcp_proxy();
  tcp_proxy(const tcp_proxy&) = delete;
  tcp_proxy& operator=(const tcp_proxy&) = delete;

  std::uint16_t port() const;
  /// "127.0.0.1:port"
  std::string connect_string() const;

  /// Resets every connection and, until `heal`, each new one.
  void cut();
  /// Loses what flows this way (both ways: call it twice). Connections stay open, new ones are accepted and dumb.
  void lose(flow direction);
  /// Delivers what flows this way so much later; zero ends it.
  void delay(flow direction, std::chrono::milliseconds time);
  /// Keeps new connections waiting until `heal`; those that are open go on.
  void hold();
  /// Ends `cut`, `lose` and `hold`. Connections that have lost something are reset, as their bytes make no sense any
  /// more.
  void heal();

  /// Connections open now, and accepted ever.
  std::size_t connections() const;
  std::size_t accepted() const;

private:
  class relay;
  std::unique_ptr<relay> relay_;
};

} // namespace djm::test
