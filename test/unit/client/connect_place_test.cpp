#include <doctest/doctest.h>

#include "model/connect_string.hpp"

using djm::impl::join_paths;
using djm::impl::place_of_store;

namespace {

std::string shown(const std::string& text) {
  const auto place = place_of_store(text);
  return place ? place->servers + " " + place->chroot : djm::to_string(place.error());
}

} // namespace

TEST_CASE("connect strings are taken as ZooKeeper's own tools take them") {
  CHECK(shown("zk1:2181,zk2:2182") == "zk1:2181,zk2:2182 ");
  CHECK(shown("zk1") == "zk1:2181 ");
  CHECK(shown(" zk1 , zk2:77\t,") == "zk1:2181,zk2:77 ");
  CHECK(shown("zk1,,zk2,") == "zk1:2181,zk2:2181 ");
  CHECK(shown("[::1]:99,[fe80::2]") == "[::1]:99,[fe80::2]:2181 ");
  CHECK(shown("::1") == "[::1]:2181 ");
  CHECK(shown("zk1:2181,zk2/prod/jobs") == "zk1:2181,zk2:2181 /prod/jobs");
  CHECK(shown("zk1/prod/") == "zk1:2181 /prod");
  CHECK(shown("zk1/") == "zk1:2181 ");
  CHECK(shown("[::1]/a") == "[::1]:2181 /a");
  CHECK(shown(" embedded ") == "embedded ");
}

TEST_CASE("what no tool could connect to is refused with its part") {
  CHECK(shown("").find("names no server") != std::string::npos);
  CHECK(shown(" , ").find("names no server") != std::string::npos);
  CHECK(shown("/prod").find("names no server") != std::string::npos);
  CHECK(shown("zk1:0").find("no port from 1 to 65535") != std::string::npos);
  CHECK(shown("zk 1:2181").find("no valid host name") != std::string::npos);
  CHECK(shown("zk1/a//b").find("behind the servers is none of the store") != std::string::npos);
  CHECK(shown("zk1/a/../b").find("behind the servers is none of the store") != std::string::npos);
  CHECK(shown("zk1:2181:3").find("IPv6") != std::string::npos);
}

TEST_CASE("a path behind the servers stands before the root") {
  CHECK(join_paths("", "/djm") == "/djm");
  CHECK(join_paths("/prod", "/djm") == "/prod/djm");
  CHECK(join_paths("/prod", "/") == "/prod");
}
