#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

/// The few socket calls that the test helpers share. IPv4 only.
namespace djm::test {

/// Closes on destruction; moves only.
class socket_fd {
public:
  socket_fd() = default;
  explicit socket_fd(int fd) : fd_{fd} {}
  ~socket_fd();
  socket_fd(socket_fd&& other) noexcept;
  socket_fd& operator=(socket_fd&& other) noexcept;

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  void reset();

private:
  int fd_ = -1;
};

/// A listening socket on loopback; port 0 lets the kernel choose. Empty when the port is taken.
socket_fd listen_on(std::uint16_t port);
std::uint16_t port_of(const socket_fd& listener);

/// A port that was free a moment ago. Another process may take it: whoever uses it must be ready to try another.
std::uint16_t free_port();

/// Empty when nobody answers within `limit`.
socket_fd connect_to(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit);

/// Sends `request` and reads until the other side closes; nothing when that takes longer than `limit`.
std::optional<std::string> ask(const std::string& address, std::uint16_t port, const std::string& request,
                               std::chrono::milliseconds limit);

} // namespace djm::test
