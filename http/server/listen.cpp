#include "http/server/listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace djm::http {

namespace {

union any_address {
  sockaddr base;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct parsed {
  any_address where;
  socklen_t size = 0;
  bool loopback = false;
  bool any = false;
};

expected<parsed> parse(const std::string& text, std::uint16_t port) {
  parsed p;
  std::memset(&p.where, 0, sizeof p.where);
  if (inet_pton(AF_INET, text.c_str(), &p.where.v4.sin_addr) == 1) {
    p.where.v4.sin_family = AF_INET;
    p.where.v4.sin_port = htons(port);
    p.size = sizeof p.where.v4;
    p.loopback = (ntohl(p.where.v4.sin_addr.s_addr) >> 24) == 127;
    p.any = p.where.v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return p;
  }
  if (inet_pton(AF_INET6, text.c_str(), &p.where.v6.sin6_addr) == 1) {
    p.where.v6.sin6_family = AF_INET6;
    p.where.v6.sin6_port = htons(port);
    p.size = sizeof p.where.v6;
    p.loopback = IN6_IS_ADDR_LOOPBACK(&p.where.v6.sin6_addr);
    p.any = IN6_IS_ADDR_UNSPECIFIED(&p.where.v6.sin6_addr);
    return p;
  }
  return fail(errc::invalid_config,
              "http_config::address is \"" + text + "\"; it must be an address in numbers, such as 127.0.0.1 or ::1");
}

} // namespace

expected<listener> listener::open(const std::string& address, std::uint16_t port) {
  auto p = parse(address, port);
  if (!p) {
    return tl::make_unexpected(p.error());
  }
  const auto refused = [&](const char* call) {
    return fail(errc::invalid_state, "http: cannot listen on " + address + " port " + std::to_string(port) + ": " +
                                       call + ": " + std::strerror(errno));
  };
  listener l;
  l.v6_ = p->where.base.sa_family == AF_INET6;
  l.loopback_ = p->loopback;
  l.any_ = p->any;
  l.socket_ = ::socket(p->where.base.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (l.socket_ < 0) {
    return refused("socket");
  }
  const int on = 1;
  (void) ::setsockopt(l.socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (l.v6_) {
    (void) ::setsockopt(l.socket_, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  if (::bind(l.socket_, &p->where.base, p->size) != 0) {
    return refused("bind");
  }
  constexpr int backlog = 128;
  if (::listen(l.socket_, backlog) != 0) {
    return refused("listen");
  }
  any_address bound;
  socklen_t size = sizeof bound;
  if (::getsockname(l.socket_, &bound.base, &size) != 0) {
    return refused("getsockname");
  }
  l.port_ = ntohs(l.v6_ ? bound.v6.sin6_port : bound.v4.sin_port);
  return l;
}

listener::listener(listener&& other) noexcept
  : socket_(std::exchange(other.socket_, -1)),
    port_(other.port_),
    v6_(other.v6_),
    loopback_(other.loopback_),
    any_(other.any_) {}

listener::~listener() {
  if (socket_ >= 0) {
    ::close(socket_);
  }
}

int listener::take() {
  return std::exchange(socket_, -1);
}

} // namespace djm::http
