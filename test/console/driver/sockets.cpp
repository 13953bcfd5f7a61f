#include "sockets.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace driver {

namespace {

[[noreturn]] void give_up(const char* what) {
  throw std::system_error{errno, std::generic_category(), what};
}

} // namespace

sockets::sockets(const sockaddr_in& server) : server_(server), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) {
    give_up("epoll_create1");
  }
}

sockets::~sockets() {
  while (!all_.empty()) {
    drop(all_.front());
  }
  close(epoll_);
}

connection& sockets::open(connection c) {
  c.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c.fd < 0) {
    give_up("socket");
  }
  c.began = clock::now();
  all_.push_back(std::move(c));
  auto& added = all_.back();
  (void) connect(added.fd, reinterpret_cast<const sockaddr*>(&server_), sizeof server_);
  watch(added, EPOLL_CTL_ADD);
  return added;
}

void sockets::watch(connection& c, int operation) {
  epoll_event e{};
  e.events = (c.slow ? 0U : EPOLLIN) | (c.sent < c.out.size() ? EPOLLOUT : 0U);
  e.data.ptr = &c;
  if (epoll_ctl(epoll_, operation, c.fd, &e) != 0) {
    give_up("epoll_ctl");
  }
}

void sockets::drop(connection& c) {
  const linger reset{1, 0};
  (void) setsockopt(c.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(c.fd);
  c.fd = -1;
  // An event of this turn may still point to it: it is destroyed at the end of the turn.
  const auto here = std::find_if(all_.begin(), all_.end(), [&](const connection& x) { return &x == &c; });
  over_.splice(over_.end(), all_, here);
}

void sockets::end(connection& c) {
  const auto heard = c.heard;
  heard(c, "", 0);
  if (c.fd >= 0) {
    drop(c);
  }
}

void sockets::send(connection& c) {
  while (c.sent < c.out.size()) {
    const auto n = ::send(c.fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EPIPE || errno == ECONNRESET || errno == ECONNREFUSED) {
        c.sent = c.out.size(); // refused in the middle of it: its answer may still be there to be read
        break;
      }
      return;
    }
    c.sent += static_cast<std::size_t>(n);
  }
  if (c.half_close) {
    (void) shutdown(c.fd, SHUT_WR);
  }
  watch(c, EPOLL_CTL_MOD);
}

void sockets::read(connection& c, std::size_t most) {
  std::array<char, 1 << 16> block;
  const auto n = recv(c.fd, block.data(), std::min(most, block.size()), 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
    return;
  }
  if (n <= 0) {
    return end(c);
  }
  const auto size = static_cast<std::size_t>(n);
  if (c.in.size() < c.keep) {
    c.in.append(block.data(), std::min(size, c.keep - c.in.size()));
  }
  c.heard(c, block.data(), size);
}

void sockets::turn(clock::time_point until) {
  std::array<epoll_event, 256> events;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - clock::now()).count();
  const int n =
    epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(std::max<long>(wait, 0)));
  for (int i = 0; i < n; ++i) {
    auto& c = *static_cast<connection*>(events[static_cast<std::size_t>(i)].data.ptr);
    const auto what = events[static_cast<std::size_t>(i)].events;
    if (c.fd >= 0 && (what & EPOLLOUT) != 0) {
      send(c);
    }
    if (c.fd >= 0 && (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
      read(c, 1 << 16);
    }
  }
  over_.clear();
}

void sockets::read_slowly(std::size_t size) {
  for (auto at = all_.begin(); at != all_.end();) {
    auto& c = *at++;
    if (c.slow) {
      read(c, size);
    }
  }
}

} // namespace driver
