#include "sockets.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace djm::test {

namespace {

using clock = std::chrono::steady_clock;

sockaddr_in address_of(const std::string& address, std::uint16_t port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &result.sin_addr) != 1) {
    throw std::runtime_error{"not an IPv4 address: " + address};
  }
  return result;
}

bool wait_for(int fd, short events, clock::time_point end) {
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - clock::now()).count();
  pollfd entry{fd, events, 0};
  return ::poll(&entry, 1, static_cast<int>(std::max<decltype(left)>(left, 0))) > 0;
}

} // namespace

socket_fd::~socket_fd() {
  reset();
}

socket_fd::socket_fd(socket_fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {
  // nop
}

socket_fd& socket_fd::operator=(socket_fd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

void socket_fd::reset() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
  fd_ = -1;
}

socket_fd listen_on(std::uint16_t port) {
  socket_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  int yes = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  auto address = address_of("127.0.0.1", port);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || ::listen(fd.get(), 64) != 0) {
    return {};
  }
  return fd;
}

std::uint16_t port_of(const socket_fd& listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::uint16_t free_port() {
  auto listener = listen_on(0);
  if (!listener) {
    throw std::runtime_error{std::string{"no free port: "} + std::strerror(errno)};
  }
  return port_of(listener);
}

socket_fd connect_to(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit) {
  socket_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  auto target = address_of(address, port);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&target), sizeof target) != 0) {
    int code = errno;
    socklen_t size = sizeof code;
    if (code != EINPROGRESS || !wait_for(fd.get(), POLLOUT, clock::now() + limit) ||
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
      return {};
    }
  }
  return fd;
}

std::optional<std::string> ask(const std::string& address, std::uint16_t port, const std::string& request,
                               std::chrono::milliseconds limit) {
  auto end = clock::now() + limit;
  auto fd = connect_to(address, port, limit);
  if (!fd || ::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return std::nullopt;
  }
  std::string answer;
  char bytes[4096];
  while (wait_for(fd.get(), POLLIN, end)) {
    auto count = ::recv(fd.get(), bytes, sizeof bytes, 0);
    if (count == 0) {
      return answer;
    }
    if (count < 0) {
      return std::nullopt;
    }
    answer.append(bytes, static_cast<std::size_t>(count));
  }
  return std::nullopt;
}

} // namespace djm::test
