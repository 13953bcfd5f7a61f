#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>

#include "test/actor/served_node.hpp"

/// A node whose clients over HTTP are broken, or mean it harm.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("http: requests that somebody has mutilated end no node") {
  served s{"/http/hostile"};
  REQUIRE(s.eventually_ok("/ready"));
  const std::vector<std::string> seeds = {
    "GET /v1/items?limit=10&q=a HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nLast-Event-ID: a-1\r\n\r\n",
    std::string{
      "POST /v1/stoppable HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"
      R"({"nodes":["one"]})"},
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
