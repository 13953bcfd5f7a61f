#include <doctest/doctest.h>

#include <string>

#include "zkstore/zookeeper/connect_string.hpp"

using namespace djm;
using namespace djm::store;

TEST_CASE("connect strings that name servers are accepted") {
  for (std::string text : {"127.0.0.1:2181", "a:1,b:65535", "zk.example.org:2181/djm", "a:1/", "a:1/x/y", "[::1]:2181",
                           "::1:2181"}) {
    CAPTURE(text);
    CHECK(check_connect_string(text));
  }
}

TEST_CASE("connect strings that do not are refused with the string and the part") {
  struct bad {
    std::string text, part;
  };
  for (auto& [text, part] : {bad{"", "\"\" names no server"}, bad{"localhost", "\"localhost\" has no port"},
                             bad{"a:1,b", "\"b\" has no port"}, bad{"a:1,", "\"\" names no server"},
                             bad{",a:1", "\"\" names no server"}, bad{":2181", "\":2181\" has no host"},
                             bad{"a:", "\"a:\" has a port"}, bad{"a:0", "\"a:0\" has a port"},
                             bad{"a:65536", "\"a:65536\" has a port"}, bad{"a:99999999999", "has a port"},
                             bad{"a:1x", "\"a:1x\" has a port"}, bad{"a:-1", "\"a:-1\" has a port"},
                             bad{"a:1 ,b:1", "white space"}, bad{"a:1//x", "\"//x\" is not a path"},
                             bad{"a:1/x/", "\"/x/\" is not a path"}, bad{"a:1/../x", "\"/../x\" is not a path"},
                             bad{"/x", "\"\" names no server"}}) {
    CAPTURE(text);
    auto result = check_connect_string(text);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == errc::invalid_connect_string);
    CHECK(result.error().text.find("\"" + text + "\"") != std::string::npos);
    CHECK(result.error().text.find(part) != std::string::npos);
  }
}
