#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

#include <poll.h>
#include <sys/socket.h>

#include "sockets.hpp"
#include "tcp_proxy.hpp"

using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr int wide = 30000;

// A server of one connection behind a relay, both ends in the test's hands.
struct wire {
  socket_fd listener = listen_on(0);
  tcp_proxy proxy{"127.0.0.1", port_of(listener)};
  socket_fd client, server;

  void connect() {
    client = connect_to("127.0.0.1", proxy.port(), 30s);
    pollfd entry{listener.get(), POLLIN, 0};
    REQUIRE(::poll(&entry, 1, wide) == 1);
    server = socket_fd{::accept(listener.get(), nullptr, nullptr)};
    REQUIRE(client);
    REQUIRE(server);
  }
};

void put(const socket_fd& fd, const std::string& text) {
  REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size()));
}

// What arrives within `limit` ms; "" at the end of the stream, "reset" when it breaks.
std::optional<std::string> take(const socket_fd& fd, int limit = wide) {
  pollfd entry{fd.get(), POLLIN, 0};
  if (::poll(&entry, 1, limit) != 1) {
    return std::nullopt;
  }
  char bytes[100];
  auto count = ::recv(fd.get(), bytes, sizeof bytes, 0);
  return count < 0 ? "reset" : std::string{bytes, static_cast<std::size_t>(count)};
}

} // namespace

TEST_CASE("a relay carries bytes both ways and the end of a stream") {
  wire w;
  w.connect();
  put(w.client, "ping");
  CHECK(take(w.server) == "ping");
  put(w.server, "pong");
  CHECK(take(w.client) == "pong");
  w.client.reset();
  CHECK(take(w.server) == "");
}

TEST_CASE("a cut resets what is open and what comes, healing lets connections through again") {
  wire w;
  w.connect();
  w.proxy.cut();
  CHECK(take(w.client) == "reset");
  CHECK(take(w.server) == "reset");
  auto second = connect_to("127.0.0.1", w.proxy.port(), 30s);
  CHECK((!second || take(second) == "reset"));
  w.proxy.heal();
  w.connect();
  put(w.client, "again");
  CHECK(take(w.server) == "again");
}

TEST_CASE("what is lost one way still flows the other way until the connection is reset by healing") {
  wire w;
  w.connect();
  w.proxy.lose(flow::to_server);
  put(w.client, "lost");
  put(w.server, "news");
  CHECK(take(w.client) == "news");
  CHECK_FALSE(take(w.server, 100));
  w.proxy.heal();
  CHECK(take(w.client) == "reset");
  CHECK(take(w.server) == "reset");
}

TEST_CASE("a delay holds bytes back for at least its time, in order") {
  wire w;
  w.connect();
  w.proxy.delay(flow::to_server, 200ms);
  auto sent = std::chrono::steady_clock::now();
  put(w.client, "a");
  put(w.server, "quick");
  CHECK(take(w.client) == "quick");
  CHECK(take(w.server) == "a");
  CHECK(std::chrono::steady_clock::now() - sent >= 200ms);
}

TEST_CASE("who comes while new connections are held waits, who is there goes on") {
  wire w;
  w.connect();
  w.proxy.hold();
  auto late = connect_to("127.0.0.1", w.proxy.port(), 30s);
  REQUIRE(late);
  put(w.client, "still here");
  CHECK(take(w.server) == "still here");
  CHECK(w.proxy.accepted() == 1);
  w.proxy.heal();
  pollfd entry{w.listener.get(), POLLIN, 0};
  CHECK(::poll(&entry, 1, wide) == 1);
}
