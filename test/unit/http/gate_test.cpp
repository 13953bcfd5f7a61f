#include "http/gate.hpp"

#include <doctest/doctest.h>

#include "test/unit/http/http_rig.hpp"

/// Who is let through, for every route of the table.
using namespace djm;
using namespace djm::http;
using namespace djm::http::test;

namespace {

/// A path of the route, with names in place.
std::string path_of(const route& r) {
  std::string path = r.path;
  for (const auto& [name, value] : {std::pair<std::string, std::string>{"{job}", "mail"},
                                    {"{item}", "eu"},
                                    {"{worker}", "node-2"},
                                    {"{file}", "app.js"}}) {
    if (const auto at = path.find(name); at != std::string::npos) {
      path.replace(at, name.size(), value);
    }
  }
  return path;
}

request ask_for(const route& r) {
  return site::ask(r.how, path_of(r), r.body == nullptr ? "" : r.body);
}

std::string code_of(const answer& a) {
  return a.type == "application/problem+json" ? json_of(a).at("code").get<std::string>() : "";
}

} // namespace

TEST_CASE("gate: a host that this server is not is refused on every route") {
  site s;
  for (const auto& r : routes()) {
    INFO(std::string{r.path});
    auto x = ask_for(r);
    x.headers[0].second = "evil.example";
    CHECK(code_of(s.answer_to(x)) == "host_not_allowed");
    x.headers.erase(x.headers.begin());
    CHECK(s.answer_to(x).status == 403);
  }
}

TEST_CASE("gate: without permission nothing changes anything, whatever the route") {
  site s;
  std::size_t writers = 0;
  for (const auto& r : routes()) {
    INFO(std::string{r.path});
    const auto x = s.result_of(ask_for(r));
    const bool writes = r.who == access::writer;
    writers += writes ? 1 : 0;
    if (writes) {
      CHECK(code_of(std::get<answer>(x)) == "read_only");
    } else if (const auto* o = std::get_if<order>(&x)) {
      CHECK((o->what == operation::explain || o->what == operation::runs || o->what == operation::item_state));
    }
  }
  CHECK(writers == 10);
  s.settings.gate.writes = true;
  for (const auto& r : routes()) {
    if (r.who == access::writer) {
      CHECK(std::holds_alternative<order>(s.result_of(ask_for(r))));
    }
  }
}

TEST_CASE("gate: a page of another origin changes nothing") {
  site s;
  s.settings.gate.writes = true;
  const auto* target = "/v1/workers/node-2";
  const auto* body = R"({"draining":true})";
  for (const auto& header : header_list{{"Origin", "http://evil.example"},
                                        {"Origin", "null"},
                                        {"Origin", "http://localhost:9999"},
                                        {"Sec-Fetch-Site", "cross-site"},
                                        {"Sec-Fetch-Site", "same-site"}}) {
    auto x = site::ask(verb::patch, target, body);
    x.headers.push_back(header);
    INFO(header.second);
    CHECK(code_of(s.answer_to(x)) == "foreign_origin");
  }
  auto own = site::ask(verb::patch, target, body);
  own.headers.emplace_back("Origin", "http://localhost:8080");
  own.headers.emplace_back("Sec-Fetch-Site", "same-origin");
  CHECK(std::holds_alternative<order>(s.result_of(own)));
  auto form = site::ask(verb::patch, target, body);
  form.headers.back().second = "text/plain";
  CHECK(s.answer_to(form).status == 415);
}

TEST_CASE("gate: with a token only the page and yes or no are open") {
  site s;
  s.settings.gate.token = "0123456789abcdef";
  s.settings.config_json = "{}";
  s.settings.has_client = true;
  s.settings.gate.writes = true;
  for (const auto& r : routes()) {
    INFO(std::string{r.path});
    auto x = ask_for(r);
    if (r.what == operation::console) {
      x.headers[1].second = "text/html";
    }
    const auto without = s.result_of(x);
    const bool refused = std::holds_alternative<answer>(without) && std::get<answer>(without).status == 401;
    CHECK(refused == (r.who != access::open));
    x.headers.emplace_back("Authorization", "Bearer 0123456789abcdeX");
    const auto wrong = s.result_of(x);
    CHECK((std::holds_alternative<answer>(wrong) && std::get<answer>(wrong).status == 401) == refused);
    x.headers.back().second = "bearer 0123456789abcdef";
    const auto right = s.result_of(x);
    CHECK((std::holds_alternative<order>(right) || std::get<answer>(right).status < 400));
    x.headers.back() = {"Cookie", "a=b; djm_token=0123456789abcdef"};
    const auto cookie = s.result_of(x);
    CHECK((std::holds_alternative<order>(cookie) || std::get<answer>(cookie).status < 400));
  }
  CHECK(s.get("/").status == 401); // the job model is not open
  auto login = site::ask(verb::post, "/v1/session");
  login.headers.emplace_back("Authorization", "Bearer 0123456789abcdef");
  const auto a = s.answer_to(login);
  CHECK(a.status == 204);
  CHECK(header_in(a, "Set-Cookie") == "djm_token=0123456789abcdef; Path=/; HttpOnly; SameSite=Strict");
}

TEST_CASE("gate: secrets are compared as wholes") {
  CHECK(same_secret("abc", "abc"));
  for (const auto* bad : {"", "ab", "abcabc", "abd", "abcd"}) {
    CHECK_FALSE(same_secret(bad, "abc"));
  }
  CHECK_FALSE(same_secret("", ""));
  CHECK(host_without_port("LOCALHOST:80") == "localhost");
  CHECK(host_without_port("[::1]:80") == "[::1]");
  CHECK(host_without_port("[::1]") == "[::1]");
  CHECK(host_without_port("") == "");
}
