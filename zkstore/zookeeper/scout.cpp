#include "zkstore/zookeeper/scout.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace djm::store {

namespace {

using clock = std::chrono::steady_clock;

// How often `give_up` is looked at.
constexpr std::chrono::milliseconds slice{50};

// What is read here is short; more is no ZooKeeper server.
constexpr std::uint32_t longest_packet = 4096;

class packet {
public:
  packet& number32(std::int32_t x) { return bytes(static_cast<std::uint64_t>(static_cast<std::uint32_t>(x)), 4); }
  packet& number64(std::int64_t x) { return bytes(static_cast<std::uint64_t>(x), 8); }
  packet& flag(bool x) { return bytes(x ? 1 : 0, 1); }
  packet& text(const std::string& x) {
    number32(static_cast<std::int32_t>(x.size()));
    data_ += x;
    return *this;
  }
  std::string framed() const {
    packet length;
    length.number32(static_cast<std::int32_t>(data_.size()));
    return length.data_ + data_;
  }

private:
  packet& bytes(std::uint64_t x, int n) {
    for (int i = n - 1; i >= 0; --i) {
      data_.push_back(static_cast<char>(x >> (8 * i)));
    }
    return *this;
  }

  std::string data_;
};

std::int64_t number_at(const std::string& data, std::size_t at, std::size_t size) {
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < size; ++i) {
    x = x << 8 | static_cast<unsigned char>(data[at + i]);
  }
  return size == 4 ? static_cast<std::int32_t>(static_cast<std::uint32_t>(x)) : static_cast<std::int64_t>(x);
}

/// A connection to one server.
class line {
public:
  line(clock::time_point end, const std::atomic<bool>& give_up) : end_{end}, give_up_{give_up} {}
  ~line() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  line(const line&) = delete;
  line& operator=(const line&) = delete;

  bool connect(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) {
      return false;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned{found, freeaddrinfo};
    fd_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) {
      return false;
    }
    if (::connect(fd_, found->ai_addr, found->ai_addrlen) == 0) {
      return true;
    }
    int error = 0;
    socklen_t size = sizeof(error);
    return errno == EINPROGRESS && ready(POLLOUT) && getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
           error == 0;
  }

  bool write(const packet& p) {
    const auto data = p.framed();
    for (std::size_t done = 0; done < data.size();) {
      const auto n = ::send(fd_, data.data() + done, data.size() - done, MSG_NOSIGNAL);
      if (n > 0) {
        done += static_cast<std::size_t>(n);
      } else if (!((errno == EAGAIN || errno == EINTR) && ready(POLLOUT))) {
        return false;
      }
    }
    return true;
  }

  /// One packet without its length; empty when there is none.
  std::string read() {
    const auto length = take(4);
    if (length.empty()) {
      return {};
    }
    const auto size = static_cast<std::uint32_t>(number_at(length, 0, 4));
    return size > longest_packet ? std::string{} : take(size);
  }

private:
  std::string take(std::size_t size) {
    std::string data(size, '\0');
    for (std::size_t done = 0; done < size;) {
      const auto n = ready(POLLIN) ? ::recv(fd_, data.data() + done, size - done, 0) : 0;
      if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        return {};
      }
      done += n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    return data;
  }

  bool ready(short what) {
    while (!give_up_ && clock::now() < end_) {
      pollfd p{fd_, what, 0};
      if (::poll(&p, 1, static_cast<int>(slice.count())) > 0) {
        return true;
      }
    }
    return false;
  }

  int fd_ = -1;
  clock::time_point end_;
  const std::atomic<bool>& give_up_;
};

constexpr std::int32_t op_multi = 14, op_check = 13, op_close = -11;
constexpr std::size_t reply_header = 4 + 8 + 4; // xid, zxid, error

/// Opens a session of somebody who has seen nothing: version, last zxid, timeout, session, password, not read-only.
bool open_session(line& server, duration session_timeout) {
  const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(session_timeout).count();
  packet hello;
  hello.number32(0).number64(0).number32(static_cast<std::int32_t>(std::min<std::int64_t>(timeout, INT32_MAX)));
  hello.number64(0).text(std::string(16, '\0')).flag(false);
  if (!server.write(hello)) {
    return false;
  }
  const auto welcome = server.read();
  return welcome.size() >= 4 + 4 + 8 && number_at(welcome, 4, 4) > 0;
}

/// Whatever the check says of the node, it has been through the quorum. Another answer than to it (a ping has -2) is
/// not expected, as nothing else was asked.
std::optional<zxid_t> barrier(line& server) {
  packet check;
  check.number32(1).number32(op_multi);
  check.number32(op_check).flag(false).number32(-1).text("/").number32(-1);
  check.number32(-1).flag(true).number32(-1);
  if (!server.write(check)) {
    return std::nullopt;
  }
  const auto answer = server.read();
  if (answer.size() < reply_header || number_at(answer, 0, 4) != 1) {
    return std::nullopt;
  }
  const auto zxid = number_at(answer, 4, 8);
  return zxid > 0 ? std::optional<zxid_t>{zxid} : std::nullopt;
}

/// A server that is too slow to answer is left with a session that ends by itself.
void close_session(line& server) {
  packet bye;
  bye.number32(2).number32(op_close);
  if (server.write(bye)) {
    server.read();
  }
}

std::vector<std::pair<std::string, std::string>> hosts_and_ports(const std::string& addresses) {
  std::vector<std::pair<std::string, std::string>> all;
  for (std::size_t begin = 0; begin < addresses.size();) {
    const auto stop = std::min(addresses.find(',', begin), addresses.size());
    const auto colon = addresses.rfind(':', stop);
    all.emplace_back(addresses.substr(begin, colon - begin), addresses.substr(colon + 1, stop - colon - 1));
    begin = stop + 1;
  }
  return all;
}

} // namespace

bool latest_zxid(const std::string& addresses, const scout_order& order, const std::atomic<bool>& give_up,
                 const std::function<void(zxid_t)>& found) {
  const auto servers = hosts_and_ports(addresses);
  const auto end = clock::now() + order.limit;
  for (std::size_t n = 0; n < servers.size(); ++n) {
    // Each has its share of the time that is left, and each scout begins with another one: some may be silent.
    const auto& [host, port] = servers[(order.number + n) % servers.size()];
    line server{clock::now() + (end - clock::now()) / static_cast<int>(servers.size() - n), give_up};
    if (!server.connect(host, port) || !open_session(server, order.session_timeout)) {
      continue;
    }
    const auto zxid = barrier(server);
    if (zxid) {
      found(*zxid);
    }
    close_session(server);
    if (zxid) {
      return true;
    }
  }
  return false;
}

} // namespace djm::store
