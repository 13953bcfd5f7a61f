#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <random>
#include <stdexcept>

#include "djm/http.hpp"
#include "http/server/bridge.hpp"
#include "test/actor/facade_rig.hpp"
#include "test/support/http_client.hpp"

/// A node over HTTP: real sockets on loopback. What the routes answer in detail is tested without them.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A node with one job, and its server.
struct served {
  run_watch runs;
  std::optional<node> n;
  std::optional<http_server> server;

  explicit served(const std::string& root, http_config config = {}, http_options options = {}) {
    auto started = node::start(at_root("one", root), silent());
    REQUIRE(started);
    n.emplace(std::move(*started));
    REQUIRE(n->register_job(*watched("work", {"a", "b"}, runs).build()));
    auto s = http_server::start(*n, std::move(config), std::move(options));
    REQUIRE_MESSAGE(s, to_string(s.error()));
    server.emplace(std::move(*s));
  }
  http_reply get(std::string_view target, const std::vector<std::string>& headers = {}) const {
    return ask_http(server->port(), "GET", target, {}, headers);
  }
  bool eventually_ok(std::string_view target) const {
    return eventually([&] { return get(target).status == 200; });
  }
};

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("http: the job model of a node that works, with its content type, and three exact counters") {
  served s{"/http/model"};
  REQUIRE(s.eventually_ok("/ready"));
  const auto before = s.server->status();
  const auto model = s.get("/");
  CHECK(model.status == 200);
  CHECK(model.header("Content-Type") == "application/json");
  CHECK(holds(model.body, "\"work\""));
  CHECK(s.get("/nothing").status == 404);
  CHECK(s.get("/live").status == 200);
  const auto after = s.server->status();
  CHECK(after.incoming - before.incoming == 3);
  CHECK(after.successful - before.successful == 2);
  CHECK(after.failed - before.failed == 1);
  CHECK(holds(s.get("/metrics").body, "djm_http_requests_failed_total{djmNodeId=\"one\"} "));
  const auto page = s.get("/", {"Accept: text/html"});
  CHECK(page.status == 200);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(holds(page.header("Content-Security-Policy"), "default-src 'none'"));
}

TEST_CASE("http: 404 as long as there is no job model") {
  auto config = at_root("lonely", "/http/none");
  config.store.connect = "127.0.0.1:1"; // nobody listens there
  auto n = node::start(config, silent());
  REQUIRE(n);
  auto server = http_server::start(*n, {});
  REQUIRE(server);
  const auto model = ask_http(server->port(), "GET", "/");
  CHECK(model.status == 404);
  CHECK(holds(model.body, "urn:djm:not_ready"));
  CHECK(ask_http(server->port(), "GET", "/live").status == 200);
  CHECK(ask_http(server->port(), "GET", "/ready").status == 503);
  CHECK(ask_http(server->port(), "GET", "/v1/cluster").status >= 503);
}

TEST_CASE("http: starts and stops twice, and says clearly why it cannot start") {
  served s{"/http/twice"};
  const auto port = s.server->port();
  CHECK(s.server->url() == "http://127.0.0.1:" + std::to_string(port));
  http_config same;
  same.port = port;
  const auto taken = http_server::start(*s.n, same);
  REQUIRE_FALSE(taken);
  CHECK(mentions(taken.error().text, {"127.0.0.1", std::to_string(port).c_str(), "in use"}));
  s.server->stop();
  s.server->stop();
  CHECK(ask_http(port, "GET", "/live").status == 0);
  auto again = http_server::start(*s.n, same);
  REQUIRE(again);
  CHECK(ask_http(port, "GET", "/live").status == 200);

  http_config open;
  open.address = "0.0.0.0";
  CHECK(mentions(http_server::start(*s.n, open).error().text, {"0.0.0.0", "token_file"}));
  http_config bad;
  bad.address = "localhost";
  CHECK(http_server::start(*s.n, bad).error().code == errc::invalid_config);
  bad.address = "127.0.0.1";
  bad.max_connections = 0;
  CHECK(mentions(http_server::start(*s.n, bad).error().text, {"max_connections", "0"}));
  bad.max_connections = 1;
  bad.token_file = "/nowhere/token";
  CHECK(mentions(http_server::start(*s.n, bad).error().text, {"/nowhere/token"}));
}

TEST_CASE("http: events come as a stream, from where the client was") {
  served s{"/http/events"};
  REQUIRE(s.eventually_ok("/ready"));
  http_connection c{s.server->port()};
  REQUIRE(c.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"));
  CHECK(holds(c.read("retry: 2000\n\n"), "text/event-stream"));
  CHECK(eventually([&] { return s.server->status().followers == 1; }));
  REQUIRE(s.n->disable_job("work"));
  const auto text = c.read("items_");
  const auto begin = text.find("id: ");
  REQUIRE(begin != std::string::npos);
  const auto id = text.substr(begin + 4, text.find('\n', begin) - begin - 4);
  REQUIRE(s.n->enable_job("work"));
  http_connection later{s.server->port()};
  later.send("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: " + id +
             "\r\n\r\n");
  const auto rest = later.read("event: ");
  CHECK_FALSE(holds(rest, "id: " + id + "\n"));
  CHECK(holds(s.get("/v1/events").body, "\"id\":\"" + id + "\""));
  s.server->stop(); // while both follow
  c.read();
  CHECK(c.has_ended());
  later.read();
  CHECK(later.has_ended());
}

TEST_CASE("http: as many clients follow as are allowed") {
  http_config config;
  config.max_followers = 1;
  config.heartbeat = 1s;
  served s{"/http/crowd", config};
  const std::string ask = "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n";
  http_connection first{s.server->port()};
  first.send(ask);
  first.read("retry");
  http_connection second{s.server->port()};
  second.send(ask);
  CHECK(parse_reply(second.read("too_many_followers")).status == 503);
  CHECK(holds(first.read(": still here"), ": still here"));
}

TEST_CASE("http: nothing is changed unless it is allowed, and whoever does is told of") {
  served reader{"/http/reader"};
  REQUIRE(reader.eventually_ok("/ready"));
  CHECK(ask_http(reader.server->port(), "PATCH", "/v1/cluster", R"({"all_disabled":true})").status == 403);
  CHECK(reader.n->cluster()->all_disabled == false);

  std::mutex guard;
  std::vector<http_write> heard;
  http_config config;
  config.allow_writes = true;
  http_options options;
  options.on_write = [&](const http_write& w) {
    std::lock_guard<std::mutex> lock{guard};
    heard.push_back(w);
  };
  served s{"/http/writer", config, options};
  REQUIRE(s.eventually_ok("/ready"));
  const auto port = s.server->port();
  const auto tag = s.get("/v1/workers/one").header("ETag");
  CHECK(ask_http(port, "PATCH", "/v1/workers/one", R"({"cordoned":true})", {"If-Match: " + tag}).status == 204);
  CHECK(s.n->cluster()->workers.at(0).cordoned);
  CHECK(ask_http(port, "PATCH", "/v1/workers/one", R"({"cordoned":true})", {"If-Match: " + tag}).status == 412);
  CHECK(ask_http(port, "PATCH", "/v1/jobs/work", R"({"enabled":false})").status == 204);
  CHECK_FALSE(s.n->cluster()->jobs.at(0).enabled);
  CHECK(ask_http(port, "PATCH", "/v1/jobs/none", R"({"enabled":false})").status == 404);
  CHECK(ask_http(port, "POST", "/v1/jobs/work/trigger").status == 200);
  const auto configured = ask_http(port, "PUT", "/v1/jobs/work/config", R"({"batch":5})");
  CHECK(configured.body.find("{\"rev\":") == 0);
  CHECK(ask_http(port, "PUT", "/v1/jobs/work/config", R"({"batch":6})", {"If-Match: \"1\""}).status == 412);
  CHECK(ask_http(port, "PATCH", "/v1/jobs/work/record", R"({"overrides":{"stop_grace":"1s"}})").status == 200);
  CHECK(ask_http(port, "PATCH", "/v1/jobs/work/record", R"({"overrides":{"colour":"red"}})").status == 400);
  CHECK(ask_http(port, "PATCH", "/v1/jobs/work/record", R"({"paused":true})").status == 200);
  CHECK(ask_http(port, "POST", "/v1/jobs/work/trigger", R"({"everywhere":true})").status == 409);
  CHECK(ask_http(port, "PATCH", "/v1/jobs/work/record", R"({"paused":false})").status == 200);
  CHECK(ask_http(port, "POST", "/v1/jobs/work/trigger", R"({"everywhere":true})").status == 200);
  CHECK(s.get("/v1/runs?job=work&limit=1").status == 200);
  CHECK(ask_http(port, "PATCH", "/v1/cluster", R"({"all_disabled":true})", {"Origin: http://evil.example"}).status ==
        403);
  CHECK_FALSE(s.n->cluster()->all_disabled);
  std::lock_guard<std::mutex> lock{guard};
  REQUIRE(heard.size() >= 5);
  CHECK(heard[0].what == "mark_worker");
  CHECK(heard[0].target == "one");
  CHECK(heard[0].who == "from 127.0.0.1");
  CHECK(heard[1].status == 412);
}

TEST_CASE(
  "http: a question is for the code of the job where its item is held, and elsewhere it is said where that is") {
  run_watch runs;
  std::vector<node> nodes;
  std::vector<http_server> servers;
  const auto def =
    watched("work", {"a", "b"}, runs).on_ask([](ask_context& ctx) -> expected<bytes> { return ctx.question(); });
  for (const auto& id : to_ids<node_id>({"one", "two"})) {
    auto n = node::start(at_root(id, "/http/ask"), silent());
    REQUIRE(n);
    REQUIRE(n->register_job(def));
    http_config writer;
    writer.allow_writes = true;
    auto s = http_server::start(*n, writer);
    REQUIRE(s);
    nodes.push_back(std::move(*n));
    servers.push_back(std::move(*s));
  }
  const auto ask = [&](std::size_t node, const char* item) {
    return ask_http(servers[node].port(), "POST", std::string{"/v1/jobs/work/items/"} + item + "/ask?timeout=5s",
                    R"({"how":"far"})");
  };
  const auto settled = [&] {
    const auto first = ask(0, "a").status, second = ask(1, "a").status;
    return first + second == 200 + 421 && ask(0, "b").status == second;
  };
  REQUIRE(eventually(settled));
  const std::size_t holder = ask(0, "a").status == 200 ? 0 : 1;
  const auto yes = ask(holder, "a");
  CHECK(yes.body == R"({"how":"far"})");
  CHECK(yes.header("Content-Type") == "application/json");
  CHECK(yes.header("Djm-Node") == (holder == 0 ? "one" : "two"));
  CHECK(std::stoll(yes.header("Djm-Token")) > 0);
  const auto no = ask(1 - holder, "a");
  CHECK(no.header("Content-Type") == "application/problem+json");
  CHECK(holds(no.body, holder == 0 ? R"("owner":"one")" : R"("owner":"two")"));
  CHECK(ask(0, "z").status == 404);
  for (auto& s : servers) {
    s.stop();
  }
  for (auto& n : nodes) {
    CHECK(n.shutdown());
  }
}

TEST_CASE("http: with a token nobody reads without it") {
  const std::string path = "http_test_token";
  std::ofstream{path} << "0123456789abcdef\n";
  http_config config;
  config.token_file = path;
  served s{"/http/token", config};
  std::remove(path.c_str());
  CHECK(s.get("/v1/status").status == 401);
  CHECK(s.get("/v1/status", {"Authorization: Bearer 0123456789abcdef"}).status == 200);
  CHECK(s.get("/live").status == 200);
}

TEST_CASE("http: answers when the node has ended, and outlives it") {
  served s{"/http/ended"};
  REQUIRE(s.eventually_ok("/ready"));
  REQUIRE(s.n->shutdown());
  CHECK(eventually([&] { return s.get("/live").status == 503; }));
  CHECK(s.get("/v1/status").status == 503);
  s.n.reset();
  CHECK(s.get("/v1/cluster").status == 503);
  s.server.reset();
}

TEST_CASE("http: requests that somebody has mutilated end no node") {
  served s{"/http/hostile"};
  REQUIRE(s.eventually_ok("/ready"));
  const std::vector<std::string> seeds = {
    "GET /v1/items?limit=10&q=a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: a-1\r\n\r\n",
    "POST /v1/stoppable HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
    R"({"nodes":["one"]})",
    "PATCH /v1/workers/one HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nIf-None-Match: *\r\n\r\n"};
  // As many as a minute of nothing else would bear are run by: DJM_HTTP_REQUESTS=1000000.
  const char* wanted = std::getenv("DJM_HTTP_REQUESTS");
  const int requests = wanted == nullptr ? 3000 : std::atoi(wanted);
  std::mt19937 chance{20'261'129};
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(chance()) % n; };
  for (int done = 0; done < requests;) {
    http_connection c{s.server->port()};
    REQUIRE(c.is_open());
    std::string text;
    for (std::size_t n = 1 + below(20); n > 0; --n, ++done) {
      auto one = seeds[below(seeds.size())];
      for (std::size_t changes = below(4); changes > 0; --changes) {
        const auto at = below(one.size());
        switch (below(4)) {
        case 0: one[at] = static_cast<char>(chance()); break;
        case 1: one.erase(at, 1 + below(8)); break;
        case 2: one.insert(at, std::string(1 + below(300), static_cast<char>(chance()))); break;
        default: one.insert(at, one.substr(below(one.size()), below(40))); break;
        }
        if (one.empty()) {
          break;
        }
      }
      text += one;
    }
    (void) c.send(text);
    c.end_of_sending();
    (void) c.read({}, 20ms);
  }
  CHECK(s.get("/live").status == 200);
  CHECK(eventually([&] { return s.server->status().followers == 0 || s.get("/ready").status == 200; }));
  const auto st = s.server->status();
  std::printf("figure: http: %d mutilated requests, %llu of them came through to be answered, %llu with an error\n",
              requests, static_cast<unsigned long long>(st.incoming), static_cast<unsigned long long>(st.failed));
  CHECK(st.incoming > 100);
}

TEST_CASE("http: a thousand connections that do nothing are no more than the limit, and others are served after them") {
  http_config config;
  config.max_connections = 50;
  config.idle_timeout = 1s;
  served s{"/http/idle", config};
  std::vector<std::unique_ptr<http_connection>> idle;
  for (int i = 0; i < 300; ++i) {
    idle.push_back(std::make_unique<http_connection>(s.server->port()));
  }
  CHECK(s.server->status().connections <= 50);
  CHECK(s.eventually_ok("/live")); // when those have been closed
}

TEST_CASE("http: who has sent all is answered, and who says in the middle of a request that no more comes is let go") {
  http_config config;
  config.idle_timeout = 10min; // nobody is let go by that
  served s{"/http/half_closed", config};
  const auto closed_after = [&](const char* sent) {
    http_connection c{s.server->port()};
    REQUIRE(c.send(sent));
    c.end_of_sending();
    auto heard = c.read();
    CHECK(c.has_ended());
    return heard;
  };
  for (const char* whole : {"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n",
                            "GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"}) {
    CHECK(closed_after(whole).find("HTTP/1.1 200") == 0);
  }
  const std::string order = "POST /v1/stoppable HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  for (const auto& part : {std::string{"GET /li"}, std::string{"GET /live HTTP/1.1\r\nHost: localhost\r\n"},
                           order + "Content-Length: 40\r\n\r\n", order + "Content-Length: 40\r\n\r\n{\"nod",
                           order + "Transfer-Encoding: chunked\r\n\r\n"}) {
    CHECK(closed_after(part.c_str()).empty());
  }
}

TEST_CASE("http: a body or a head that is too large, half a request, and what is none") {
  served s{"/http/large"};
  const auto port = s.server->port();
  const std::string body = R"({"nodes":[")" + std::string(100'000, 'x') + R"("]})";
  CHECK(ask_http(port, "POST", "/v1/stoppable", body).status == 413);
  CHECK(ask_http(port, "GET", "/live", {}, {"X: " + std::string(100'000, 'x')}).status >= 400);
  http_connection half{port};
  half.send("GET /v1/status HTT");
  http_connection none{port};
  none.send("\x16\x03\x01\x02nonsense\r\n\r\n");
  CHECK(s.get("/live").status == 200);
}

TEST_CASE("http: what asks the node is built anew when it has crashed, and hears the events again") {
  run_watch runs;
  auto started = node::start(at_root("one", "/http/crash"), silent());
  REQUIRE(started);
  auto& n = *started;
  std::atomic<bool> crash{true};
  std::atomic<int> heard{0}, lost{0};
  http::bridge to{[&](const node_event&) {
                    ++heard;
                    if (crash.exchange(false)) {
                      throw std::runtime_error("on purpose");
                    }
                  },
                  [&] { ++lost; }};
  REQUIRE(n.with_actor(
    [&](caf::actor_system& system, const caf::actor& actor) { to.start(system, caf::actor_cast<node_actor>(actor)); }));
  REQUIRE(eventually([&] { return lost == 1; }));
  const auto is_answered = [&] {
    std::atomic<int> said{0}; // 1: with the status
    to.fetch({true, false, true}, [&](const http::material& m) { said = m.status ? 1 : 2; });
    return eventually([&] { return said != 0; }) && said == 1;
  };
  CHECK(eventually(is_answered));
  CHECK(to.rebuilt() == 1);
  const int before = heard;
  REQUIRE(n.register_job(*watched("work", {"a"}, runs).build()));
  CHECK(eventually([&] { return heard > before; }));
  to.stop();
  CHECK_FALSE(is_answered());
  CHECK(lost == 1);
}
