#include <doctest/doctest.h>

#include "http/problem.hpp"
#include "test/unit/http/http_rig.hpp"

/// Questions to the code of jobs over HTTP.
using namespace djm;
using namespace djm::http;
using namespace djm::http::test;

namespace {

struct asking {
  site s;
  http_core core;

  asking() : core((s.settings.gate.writes = true, s.settings)) {}

  static request about(const std::string& item, std::string body = "q", const char* type = "application/octet-stream") {
    auto r = site::ask(verb::post, "/v1/jobs/mail/items/" + item + "/ask");
    r.headers.emplace_back("Content-Type", type);
    r.body = std::move(body);
    return r;
  }
  call called(const request& r) const { return std::get<call>(core.arrive(r)); }
  answer refused(const std::string& item, errc code, const std::shared_ptr<const cluster_view>& cluster) const {
    order_answer result;
    result.failed = error{code, "not here"};
    result.cluster = cluster;
    return core.concluded(called(about(item)), result);
  }
  std::shared_ptr<cluster_view> reached_at(std::string url) const {
    auto c = std::make_shared<cluster_view>(*s.from.cluster);
    c->workers[1].http_url = std::move(url);
    c->jobs[0].items[2].holder = "node-2"; // us
    return c;
  }
};

} // namespace

TEST_CASE("ask: the question is passed on as it is, with its time") {
  asking a;
  auto r = asking::about("eu", std::string{"a\0b\xff", 4});
  r.target += "?timeout=250ms";
  const auto o = std::get<order>(a.core.conclude(a.called(r), a.s.from, a.s.events));
  CHECK(o.what == operation::ask);
  CHECK(o.job == "mail");
  CHECK(o.item == "eu");
  CHECK(o.asked.data == std::vector<std::uint8_t>{'a', 0, 'b', 0xff});
  CHECK(o.timeout == std::chrono::milliseconds{250});
  CHECK(a.called(asking::about("eu")).timeout == std::chrono::seconds{10});
  r.target += "&timeout=soon";
  CHECK(std::get<answer>(a.core.arrive(r)).status == 400);
}

TEST_CASE("ask: it is for writers, and only in types that no foreign page can send") {
  asking a;
  CHECK(std::get<answer>(a.core.arrive(asking::about("eu", "q", "text/plain"))).status == 415);
  CHECK(std::holds_alternative<call>(a.core.arrive(asking::about("eu", "{}", "application/json"))));
  CHECK(std::holds_alternative<call>(a.core.arrive(asking::about("eu", "", "text/plain"))));
  a.s.settings.gate.writes = false;
  CHECK(std::get<answer>(http_core{a.s.settings}.arrive(asking::about("eu"))).status == 403);
  CHECK_FALSE(needs_of(a.called(asking::about("eu"))).cluster); // an answer costs no look at the tree
}

TEST_CASE("ask: the answer is what the code says, with who said it and under which token") {
  asking a;
  order_answer result;
  result.said = item_answer{bytes_of("{\"n\":1}"), "node-1", 9'007'199'254'740'993};
  auto x = a.core.concluded(a.called(asking::about("eu")), result);
  CHECK(x.status == 200);
  CHECK(x.type == "application/octet-stream");
  CHECK(x.body == "{\"n\":1}");
  CHECK(header_in(x, "Djm-Node") == "node-1");
  CHECK(header_in(x, "Djm-Token") == "9007199254740993");
  const auto json = a.called(asking::about("eu", "{}", "application/json; charset=utf-8"));
  CHECK(a.core.concluded(json, result).type == "application/json");
  result.said->answer = bytes_of("{");
  CHECK(a.core.concluded(json, result).type == "application/octet-stream"); // it is none
}

TEST_CASE("ask: at the wrong node 421 names who has the item, and where that is reached") {
  asking a;
  const auto x = a.refused("us", errc::not_owner, a.reached_at("http://10.0.0.2:8080/"));
  CHECK(x.status == 421);
  CHECK(x.type == "application/problem+json");
  CHECK(header_in(x, "Location") == "http://10.0.0.2:8080/v1/jobs/mail/items/us/ask");
  const auto body = json_of(x);
  CHECK(body.at("code") == "not_owner");
  CHECK(body.at("owner") == "node-2");
  CHECK(body.at("url") == "http://10.0.0.2:8080");
  CHECK(body.at("node") == "node-1");
  // A job that this node does not have may be at work elsewhere.
  CHECK(a.refused("us", errc::unknown_job, a.reached_at("")).status == 421);
  // Before the owner has the lock it is asked all the same: it is about to.
  CHECK(a.refused("us", errc::not_owner, a.s.from.cluster).status == 421);
}

TEST_CASE("ask: an address that is none goes into no header") {
  asking a;
  for (const auto* url : {"", "node-2:8080", "javascript:alert(1)", "http://a\r\nSet-Cookie: b", "http://a b"}) {
    CAPTURE(url);
    const auto x = a.refused("us", errc::not_owner, a.reached_at(url));
    CHECK(x.status == 421);
    CHECK(header_in(x, "Location").empty());
    CHECK(json_of(x).at("url") == "");
  }
}

TEST_CASE("ask: where nobody can be named it is 404 for what there is not, and 503 for what will be") {
  asking a;
  CHECK(a.refused("nothing", errc::not_owner, a.s.from.cluster).status == 404);
  CHECK(a.refused("eu", errc::not_owner, a.s.from.cluster).status == 503); // this node still has its lock
  CHECK(header_in(a.refused("zz", errc::not_owner, a.s.from.cluster), "Retry-After") == "1");
  CHECK(a.refused("us", errc::not_owner, nullptr).status == 421);
  CHECK(a.refused("us", errc::unknown_job, nullptr).status == 404);
}

TEST_CASE("ask: what the node says otherwise becomes a status") {
  asking a;
  CHECK(a.refused("eu", errc::invalid_state, nullptr).status == 409);
  CHECK(a.refused("eu", errc::timed_out, nullptr).status == 504);
  CHECK(a.refused("eu", errc::backlog_full, nullptr).status == 429);
  CHECK(a.refused("eu", errc::user_code_failed, nullptr).status == 500);
  CHECK(a.refused("eu", errc::too_large, nullptr).status == 413);
  CHECK(a.refused("eu", errc::not_connected, nullptr).status == 503);
  CHECK(a.refused("eu", errc::invalid_config, nullptr).status == 400);
}
