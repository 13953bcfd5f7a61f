#include "tcp_proxy.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <list>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockets.hpp"

namespace djm::test {

namespace {

using clock = std::chrono::steady_clock;

struct chunk {
  clock::time_point due;
  std::string bytes;
};

struct disturbance {
  bool lost = false;
  std::chrono::milliseconds delay{0};
};

// One way of one connection.
struct pipe_end {
  std::deque<chunk> waiting;
  bool finished = false;
};

struct connection {
  // By `flow`: where its bytes come from.
  std::array<socket_fd, 2> from;
  std::array<pipe_end, 2> pipes;
  bool has_lost = false;
  bool broken = false;
};

std::size_t index_of(flow direction) {
  return direction == flow::to_server ? 0 : 1;
}

void reset_on_close(int fd) {
  linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

constexpr std::size_t max_waiting = 64;

} // namespace

class tcp_proxy::relay {
public:
  relay(std::string address, std::uint16_t server_port)
    : address_{std::move(address)},
      server_port_{server_port},
      listener_{listen_on(0)},
      wake_{::eventfd(0, EFD_CLOEXEC)} {
    if (!listener_ || !wake_) {
      throw std::runtime_error{"proxy: no port on loopback"};
    }
    port_ = port_of(listener_);
    thread_ = std::thread{[this] { run(); }};
  }

  ~relay() {
    change([this] { stopping_ = true; });
    thread_.join();
  }

  // Applied by the time the call returns: the loop works under the same lock.
  template <class F>
  void change(F f) {
    {
      std::lock_guard<std::mutex> guard{mutex_};
      f();
    }
    std::uint64_t one = 1;
    [[maybe_unused]] auto written = ::write(wake_.get(), &one, sizeof one);
  }

  void cut() {
    change([this] {
      cut_ = true;
      drop_if([](const connection&) { return true; });
    });
  }

  void hold() {
    change([this] { held_ = true; });
  }

  void heal() {
    change([this] {
      cut_ = false;
      held_ = false;
      for (auto& way : ways_) {
        way.lost = false;
      }
      drop_if([](const connection& x) { return x.has_lost; });
    });
  }

  std::size_t open() {
    std::lock_guard<std::mutex> guard{mutex_};
    return connections_.size();
  }

  std::size_t accepted() {
    std::lock_guard<std::mutex> guard{mutex_};
    return accepted_;
  }

  std::uint16_t port() const { return port_; }

  std::array<disturbance, 2> ways_;

private:
  template <class P>
  void drop_if(P condition) {
    connections_.remove_if([&](connection& x) {
      if (!condition(x)) {
        return false;
      }
      for (auto& fd : x.from) {
        reset_on_close(fd.get());
      }
      return true;
    });
  }

  void run() {
    std::unique_lock<std::mutex> lock{mutex_};
    while (!stopping_) {
      std::vector<pollfd> entries{{wake_.get(), POLLIN, 0}, {listener_.get(), held_ ? short{0} : short{POLLIN}, 0}};
      auto now = clock::now();
      auto next = now + std::chrono::seconds{10};
      for (auto& x : connections_) {
        for (std::size_t way = 0; way < 2; ++way) {
          entries.push_back({x.from[way].get(), interest(x, way, now, next), 0});
        }
      }
      auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next - now).count() + 1;
      lock.unlock();
      ::poll(entries.data(), entries.size(), static_cast<int>(wait));
      lock.lock();
      if (entries[0].revents != 0) {
        std::uint64_t count = 0;
        [[maybe_unused]] auto got = ::read(wake_.get(), &count, sizeof count);
      }
      // Sockets do not block: whoever has nothing says so.
      for (auto& x : connections_) {
        for (std::size_t way = 0; way < 2; ++way) {
          receive(x, way);
          send(x, way);
        }
      }
      drop_if([](const connection& x) { return x.broken; });
      connections_.remove_if([](const connection& x) { return is_done(x, 0) || is_done(x, 1); });
      if (entries[1].revents != 0 && !held_) {
        accept_one();
      }
    }
  }

  static bool is_done(const connection& x, std::size_t way) {
    return x.pipes[way].finished && x.pipes[way].waiting.empty();
  }

  // What to poll for on the socket from which `way` comes, which is also where the other way goes.
  static short interest(connection& x, std::size_t way, clock::time_point now, clock::time_point& next) {
    short events = 0;
    auto& incoming = x.pipes[way];
    if (!incoming.finished && incoming.waiting.size() < max_waiting) {
      events |= POLLIN;
    }
    auto& outgoing = x.pipes[1 - way].waiting;
    if (!outgoing.empty()) {
      if (outgoing.front().due <= now) {
        events |= POLLOUT;
      } else {
        next = std::min(next, outgoing.front().due);
      }
    }
    return events;
  }

  void accept_one() {
    socket_fd client{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!client) {
      return;
    }
    ++accepted_;
    if (cut_) {
      reset_on_close(client.get());
      return;
    }
    auto server = connect_to(address_, server_port_, std::chrono::seconds{1});
    if (!server) {
      reset_on_close(client.get());
      return;
    }
    connections_.emplace_back();
    connections_.back().from = {std::move(client), std::move(server)};
  }

  void receive(connection& x, std::size_t way) {
    auto& pipe = x.pipes[way];
    char bytes[16384];
    while (!pipe.finished && !x.broken && pipe.waiting.size() < max_waiting) {
      auto count = ::recv(x.from[way].get(), bytes, sizeof bytes, 0);
      if (count > 0 && ways_[way].lost) {
        x.has_lost = true;
      } else if (count > 0) {
        pipe.waiting.push_back({clock::now() + ways_[way].delay, {bytes, static_cast<std::size_t>(count)}});
      } else if (count == 0) {
        pipe.finished = true;
      } else if (errno == EAGAIN || errno == EINTR) {
        return;
      } else {
        x.broken = true;
      }
    }
  }

  void send(connection& x, std::size_t way) {
    auto& waiting = x.pipes[way].waiting;
    while (!waiting.empty() && waiting.front().due <= clock::now() && !x.broken) {
      auto& bytes = waiting.front().bytes;
      auto count = ::send(x.from[1 - way].get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
      }
      if (count < 0) {
        x.broken = true;
        return;
      }
      bytes.erase(0, static_cast<std::size_t>(count));
      if (bytes.empty()) {
        waiting.pop_front();
      }
    }
  }

  std::string address_;
  std::uint16_t server_port_;
  socket_fd listener_;
  socket_fd wake_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::list<connection> connections_;
  std::size_t accepted_ = 0;
  bool cut_ = false;
  bool held_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

tcp_proxy::tcp_proxy(std::string server_address, std::uint16_t server_port)
  : relay_{std::make_unique<relay>(std::move(server_address), server_port)} {
  // nop
}

tcp_proxy::~tcp_proxy() = default;

std::uint16_t tcp_proxy::port() const {
  return relay_->port();
}

std::string tcp_proxy::connect_string() const {
  return "127.0.0.1:" + std::to_string(port());
}

void tcp_proxy::cut() {
  relay_->cut();
}

void tcp_proxy::lose(flow direction) {
  relay_->change([&] { relay_->ways_[index_of(direction)].lost = true; });
}

void tcp_proxy::delay(flow direction, std::chrono::milliseconds time) {
  relay_->change([&] { relay_->ways_[index_of(direction)].delay = time; });
}

void tcp_proxy::hold() {
  relay_->hold();
}

void tcp_proxy::heal() {
  relay_->heal();
}

std::size_t tcp_proxy::connections() const {
  return relay_->open();
}

std::size_t tcp_proxy::accepted() const {
  return relay_->accepted();
}

} // namespace djm::test
