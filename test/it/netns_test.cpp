#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "netns.hpp"
#include "sockets.hpp"

using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t port = 7000;

// A socket belongs to the namespace of the thread that makes it.
socket_fd made_in(const std::string& network_namespace, const std::function<socket_fd()>& make) {
  socket_fd made;
  bool entered = false;
  std::thread{[&] {
    socket_fd ns{::open(("/var/run/netns/" + network_namespace).c_str(), O_RDONLY | O_CLOEXEC)};
    entered = ns && ::setns(ns.get(), CLONE_NEWNET) == 0;
    if (entered) {
      made = make();
    }
  }}.join();
  REQUIRE(entered);
  return made;
}

// Whether a TCP connection from one host to another comes about within a second.
bool reaches(const net_lab& lab, std::size_t from, std::size_t to) {
  auto listener = made_in(lab.name(to), [] {
    socket_fd s{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const int yes = 1;
    ::setsockopt(s.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    const bool listens =
      ::bind(s.get(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0 && ::listen(s.get(), 1) == 0;
    return listens ? std::move(s) : socket_fd{};
  });
  REQUIRE(listener);
  return static_cast<bool>(made_in(lab.name(from), [&] { return connect_to(lab.address(to), port, 1s); }));
}

} // namespace

TEST_CASE("hosts of a lab reach each other unless they are cut, one way or both") {
  if (!net_lab::available()) {
    MESSAGE("skipped: needs root, ip and nft");
    return;
  }
  net_lab lab{3};
  CHECK(reaches(lab, 0, 1));
  lab.cut(0, 1);
  CHECK_FALSE(reaches(lab, 0, 1));
  CHECK_FALSE(reaches(lab, 1, 0));
  CHECK(reaches(lab, 0, 2));
  CHECK(reaches(lab, 2, 1));
  lab.heal();
  CHECK(reaches(lab, 1, 0));
  lab.isolate(2);
  CHECK_FALSE(reaches(lab, 0, 2));
  CHECK_FALSE(reaches(lab, 2, 1));
  CHECK(reaches(lab, 0, 1));
}

TEST_CASE("a blocked host reaches nobody and is reached by nobody, and is healed alone") {
  if (!net_lab::available()) {
    MESSAGE("skipped: needs root, ip and nft");
    return;
  }
  net_lab lab{3};
  lab.block(0);
  lab.cut(1, 2);
  CHECK_FALSE(reaches(lab, 0, 1));
  CHECK_FALSE(reaches(lab, 1, 0));
  lab.unblock(0);
  CHECK(reaches(lab, 0, 1));
  CHECK(reaches(lab, 1, 0));
  CHECK_FALSE(reaches(lab, 1, 2));
  lab.heal_cuts();
  CHECK(reaches(lab, 1, 2));
}
