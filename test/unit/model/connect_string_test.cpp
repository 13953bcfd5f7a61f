#include "model/connect_string.hpp"

#include <doctest/doctest.h>

using namespace djm;

TEST_CASE("host:port lists are accepted with names, IPv4 and bracketed IPv6") {
  for (const auto* text : {"localhost:2181", "10.0.0.1:1", "a:1,b:2,c:65535", "zoo-1.example.com:2181", "[::1]:2181",
                           "[2001:db8::1]:2181,z:1", "a_b:2181"}) {
    CHECK_MESSAGE(impl::check_connect_string(text), text);
  }
}

TEST_CASE("anything else is refused with the part and the rule") {
  const auto why = [](std::string_view text) {
    const auto result = impl::check_connect_string(text);
    REQUIRE_FALSE_MESSAGE(result, text);
    CHECK(result.error().code == errc::invalid_connect_string);
    CHECK(result.error().text.find("it must be embedded or host:port[,host:port]...") != std::string::npos);
    return result.error().text;
  };
  CHECK(why("").find("a server is empty") != std::string::npos);
  CHECK(why("a:1,").find("a server is empty") != std::string::npos);
  CHECK(why(",a:1").find("a server is empty") != std::string::npos);
  CHECK(why("a").find("server \"a\" has no port;") != std::string::npos);
  CHECK(why("embeded").find("server \"embeded\" has no port;") != std::string::npos);
  CHECK(why("a:1,b").find("server \"b\" has no port;") != std::string::npos);
  CHECK(why("[::1]").find("has no port;") != std::string::npos);
  CHECK(why("a:1/djm").find("carries a path, which belongs into store.root") != std::string::npos);
  for (const auto* text : {"a:0", "a:65536", "a:", "a:x", "a:1 ", "a:-1", "a:+1", "a:99999999999"}) {
    CHECK(why(text).find("has no port from 1 to 65535") != std::string::npos);
  }
  for (const auto* text :
       {":1", " a:1", "a b:1", "a;b:1", "::1:2181", "[]:1", "[a]:1", "[::g]:1", "a\x01:1", "\xC3\xA9:1"}) {
    CHECK(why(text).find("has no valid host name") != std::string::npos);
  }
  CHECK(why(std::string(254, 'a') + ":1").find("has no valid host name") != std::string::npos);
}

TEST_CASE("a port that C libraries would read as octal is refused") {
  const auto result = impl::check_connect_string("a:0777");
  REQUIRE_FALSE(result);
  CHECK(result.error().text.find("has no port from 1 to 65535") != std::string::npos);
  CHECK_FALSE(impl::check_connect_string("a:02181"));
}
