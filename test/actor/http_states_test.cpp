#include <doctest/doctest.h>

#include <mutex>
#include <string>
#include <vector>

#include "test/actor/served_node.hpp"

/// What is saved of items, over HTTP: real sockets on loopback.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

bool state_says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("http: what is saved of an item is read, set and taken away, each under the version that was seen") {
  std::mutex guard;
  std::vector<http_write> heard;
  http_config config;
  config.allow_writes = true;
  http_options options;
  options.on_write = [&](const http_write& w) {
    std::lock_guard<std::mutex> lock{guard};
    heard.push_back(w);
  };
  served s{"/http/state", config, options};
  REQUIRE(s.eventually_ok("/ready"));
  const auto path = "/v1/jobs/work/items/a/state";
  const auto tell = [&](std::string_view verb, std::string_view body, const std::string& only_if = {}) {
    return ask_http(s.server->port(), verb, path, body,
                    only_if.empty() ? std::vector<std::string>{} : std::vector<std::string>{"If-Match: " + only_if});
  };
  const auto none = s.get(path);
  CHECK(none.status == 200);
  CHECK(none.header("ETag") == "\"0\"");
  CHECK(state_says(none.body, R"("state":null)"));
  const auto set = tell("PUT", R"({"from":7})", "\"0\"");
  CHECK(set.status == 200);
  CHECK(s.n->item_state("work", "a")->state == bytes_of(R"({"from":7})"));
  const auto seen = s.get(path).header("ETag");
  CHECK(seen != "\"0\"");
  CHECK(tell("PUT", "{}", "\"0\"").status == 412);
  CHECK(tell("DELETE", "", "\"0\"").status == 412);
  CHECK(tell("DELETE", "", seen).status == 200);
  CHECK_FALSE(s.n->item_state("work", "a")->state);
  CHECK(tell("PUT", std::string((64u << 10) + 1, ' ')).status == 413);
  CHECK(s.get("/v1/jobs/none/items/a/state").status == 404);
  CHECK(state_says(s.get("/metrics").body, R"(outcome="not_owner"} 0)"));
  served reader{"/http/state-reader"};
  REQUIRE(reader.eventually_ok("/ready"));
  CHECK(ask_http(reader.server->port(), "PUT", path, "{}").status == 403);
  CHECK(reader.get(path).status == 200);
  std::lock_guard<std::mutex> lock{guard};
  REQUIRE(heard.size() >= 1);
  CHECK(heard[0].what == "set_item_state");
  CHECK(heard[0].target == "work");
  CHECK(heard[0].body.empty()); // that is the job's own
}
