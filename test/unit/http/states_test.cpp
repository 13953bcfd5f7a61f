#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include "test/unit/http/http_rig.hpp"

/// What is saved of items, over HTTP.
using namespace djm;
using namespace djm::http;
using namespace djm::http::test;

TEST_CASE("states: read, set and taken away, each under the version that If-Match names") {
  site s;
  s.settings.gate.writes = true;
  const auto path = "/v1/jobs/mail/items/eu/state";
  const auto ask = [&](verb how, const std::string& body, const char* only_if = nullptr,
                       const char* type = "application/octet-stream") {
    auto r = site::ask(how, path, body);
    r.headers.erase(
      std::remove_if(r.headers.begin(), r.headers.end(), [](const auto& h) { return h.first == "Content-Type"; }),
      r.headers.end());
    r.headers.emplace_back("Content-Type", type);
    if (only_if != nullptr) {
      r.headers.emplace_back("If-Match", only_if);
    }
    return s.result_of(r);
  };
  const auto read = std::get<order>(ask(verb::get, "", "\"7\""));
  CHECK(read.what == operation::item_state);
  CHECK(read.job == "mail");
  CHECK(read.item == "eu");
  CHECK_FALSE(read.rev); // it changes nothing
  const std::string odd{"\0\xff not JSON", 11};
  const auto set = std::get<order>(ask(verb::put, odd, "\"7\""));
  CHECK(set.what == operation::set_item_state);
  CHECK(std::string(set.asked.data.begin(), set.asked.data.end()) == odd);
  CHECK(set.rev == 7);
  CHECK(std::get<order>(ask(verb::put, "", "\"0\"")).rev == 0); // nothing was ever saved
  CHECK_FALSE(std::get<order>(ask(verb::put, "{}", "*", "application/json")).rev);
  CHECK(std::get<order>(ask(verb::remove, "")).what == operation::clear_item_state);
  CHECK(std::get<order>(ask(verb::remove, "", "\"3\"")).rev == 3);
  for (const auto* wrong : {"7", "\"-1\"", "\"x\"", "\"\""}) {
    CHECK(std::get<answer>(ask(verb::put, "x", wrong)).status == 400);
  }
  CHECK(std::get<answer>(ask(verb::put, "x", nullptr, "text/plain")).status == 415);
  s.settings.gate.writes = false;
  CHECK(std::get<answer>(ask(verb::put, "x")).status == 403);
  CHECK(std::get<answer>(ask(verb::remove, "")).status == 403);
  CHECK(std::holds_alternative<order>(ask(verb::get, "")));
}

TEST_CASE("states: what is saved says its version, and what was saved meanwhile is 412 for who named one") {
  const http_core core{site{}.settings};
  call c;
  for (const auto& r : routes()) {
    c.to = r.what == operation::item_state ? &r : c.to;
  }
  order_answer found;
  found.json = R"({"version":0})";
  found.tag = tag_of_rev(0);
  const auto a = core.leave(&c, core.concluded(c, found));
  CHECK(a.status == 200);
  CHECK(header_in(a, "ETag") == "\"0\"");
  order_answer conflict;
  conflict.failed = error{errc::conflict, "another version"};
  c.only_if = "\"7\"";
  CHECK(core.concluded(c, conflict).status == 412);
}
