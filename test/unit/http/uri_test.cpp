#include "http/uri.hpp"

#include <doctest/doctest.h>

/// Targets of requests, and cursors.
using namespace djm::http;

TEST_CASE("uri: a target is taken apart and decoded") {
  const auto u = parse_target("/v1/jobs/a%2Fb/items?q=x+y%20z&empty=&flag#no");
  REQUIRE(u);
  CHECK(u->path == std::vector<std::string>{"v1", "jobs", "a/b", "items"});
  REQUIRE(u->query.size() == 3);
  CHECK(u->query[0] == std::pair<std::string, std::string>{"q", "x y z"});
  CHECK(u->query[2] == std::pair<std::string, std::string>{"flag", ""});
  CHECK(parse_target("/")->path.empty());
  CHECK(parse_target("/?a=1")->path.empty());
}

TEST_CASE("uri: what is no path is none") {
  for (const auto* bad : {"", "*", "http://host/x", "/%", "/%4", "/%zz", "/a?%", "/%00"}) {
    INFO(bad);
    CHECK_FALSE(parse_target(bad));
  }
  CHECK_FALSE(parse_target(std::string(100, '/')));
}

TEST_CASE("uri: any text survives base64url, and each has one form") {
  std::string text;
  for (int i = 0; i < 300; ++i) {
    CHECK(from_base64url(base64url(text)) == text);
    text += static_cast<char>(i * 37);
  }
  CHECK_FALSE(from_base64url("A"));
  CHECK_FALSE(from_base64url("AB"));
  CHECK(from_base64url("AA") == std::string(1, '\0'));
  CHECK_FALSE(from_base64url("A+=="));
}
