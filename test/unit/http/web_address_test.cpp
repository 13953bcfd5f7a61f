#include "model/web_address.hpp"

#include <doctest/doctest.h>

#include <string>

/// The one rule for addresses that nodes tell, and that others follow.
using djm::impl::parse_web_address;

TEST_CASE("web addresses: a scheme, a host and at most a port") {
  const auto x = parse_web_address("http://node-1.example_a:8080");
  REQUIRE(x);
  CHECK(x.scheme == "http");
  CHECK(x.host == "node-1.example_a");
  CHECK(x.port == "8080");
  const auto v6 = parse_web_address("https://[fd00::7]:1");
  REQUIRE(v6);
  CHECK(v6.host == "[fd00::7]");
  CHECK(v6.port == "1");
  CHECK(parse_web_address("https://[::]").port.empty());
  CHECK(parse_web_address("http://127.0.0.1:65535"));
  CHECK(parse_web_address("http://" + std::string(293, 'a')));
}

TEST_CASE("web addresses: whatever else stands there is none") {
  const std::string none[] = {
    "",
    "http://",
    "http:///",
    "http://n/",
    "http://n/path",
    "http://n?q",
    "http://n#x",
    "http://user@n",
    "http://user:secret@n:80",
    "http://n:",
    "http://n:0",
    "http://n:65536",
    "http://n:8080x",
    "http://n:000080",
    "http://n:80:80",
    "http://-n",
    "http://.n",
    "http://n n",
    "http://n\n",
    " http://n",
    "http://[::1",
    "http://::1",
    "http://[]",
    "http://[::1]x:80",
    "http://[::1]:",
    "http://[gg::1]",
    "HTTP://n",
    "https:/n",
    "n:8080",
    "//n",
    "ftp://n",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "javascript://n",
    "data:text/html,x",
    std::string("http://n\0.evil", 14),
    "http://n\xc3\xa4",
    "http://" + std::string(294, 'a'),
  };
  for (const auto& text : none) {
    INFO(text);
    CHECK_FALSE(parse_web_address(text));
  }
}
