#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "child_process.hpp"
#include "netns.hpp"

using namespace djm::test;
using namespace std::chrono_literals;

namespace {

// Whether a TCP connection from one host to another comes about within a second.
bool reaches(const net_lab& lab, std::size_t from, std::size_t to) {
  const std::string listen = "import socket; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); "
                             "s.bind(('', 7000)); s.listen(); print('ready', flush=True); s.accept()";
  child_process server{{{"python3", "-c", listen}, {}, {}, lab.name(to), {}}};
  REQUIRE(server.read_line(30s) == "ready");
  const std::string connect = "import socket; socket.create_connection(('" + lab.address(to) + "', 7000), 1)";
  child_process client{{{"python3", "-c", connect}, {}, {}, lab.name(from), "/dev/null"}};
  return client.wait(30s) == 0;
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
