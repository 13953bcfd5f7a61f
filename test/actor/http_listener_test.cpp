#include <doctest/doctest.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "djm/http.hpp"
#include "test/actor/facade_rig.hpp"
#include "test/support/http_client.hpp"
#include "test/support/temp_dir.hpp"

/// The socket that is there before the node, so that the node can tell where it is.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// What opening it says.
error refusal(http_config c) {
  const auto l = http_listener::open(std::move(c));
  return l ? error{} : l.error();
}

http_config with_public(const std::string& url) {
  http_config c;
  c.public_url = url;
  return c;
}

} // namespace

TEST_CASE("listener: the port is known before anything serves, and a taken one is refused clearly") {
  auto l = http_listener::open({});
  REQUIRE(l);
  CHECK(l->port() > 0);
  CHECK(l->url() == "http://127.0.0.1:" + std::to_string(l->port()));
  CHECK(l->public_url() == l->url());
  http_config same;
  same.port = l->port();
  const auto taken = refusal(same);
  CHECK(taken.code == errc::invalid_state);
  CHECK(mentions(taken.text, {"127.0.0.1", std::to_string(l->port()).c_str(), "in use"}));
  const auto port = l->port();
  {
    const auto other = std::move(*l);
    CHECK(other.port() == port);
    CHECK(l->port() == 0);
    CHECK(l->url().empty());
    CHECK(l->public_url().empty());
  }
  CHECK(http_listener::open(same).has_value()); // it was closed
}

TEST_CASE("listener: what others use is said, or made of address and port, and never guessed") {
  const temp_dir folder;
  const auto file = (folder.path() / "token").string();
  std::ofstream{file} << "0123456789abcdef\n";
  http_config open;
  open.token_file = file;
  open.address = "0.0.0.0";
  const auto any = http_listener::open(open);
  REQUIRE(any);
  CHECK(any->public_url().empty());
  CHECK(any->url() == "http://127.0.0.1:" + std::to_string(any->port()));
  open.public_url = "https://node-1.example";
  CHECK(http_listener::open(open)->public_url() == "https://node-1.example");
  http_config six;
  six.address = "::1";
  if (const auto l = http_listener::open(six)) { // a machine may have no IPv6
    CHECK(l->public_url() == "http://[::1]:" + std::to_string(l->port()));
  }
  CHECK(http_listener::open(with_public("http://n:8080"))->public_url() == "http://n:8080");
}

TEST_CASE("listener: what is no address for others, or breaks another rule, is refused with value and rule") {
  for (const auto& url : {std::string{"n:8080"}, std::string{"javascript:alert(1)"}, std::string{"http://n/x"},
                          "http://" + std::string(294, 'n')}) {
    const auto e = refusal(with_public(url));
    CHECK(e.code == errc::invalid_config);
    CHECK(mentions(e.text, {"http_config::public_url", url.c_str(), "like http://node-1:8080"}));
  }
  http_config c;
  c.address = "0.0.0.0";
  CHECK(mentions(refusal(c).text, {"0.0.0.0", "token_file"}));
  c.address = "localhost";
  CHECK(refusal(c).code == errc::invalid_config);
  c.address = "127.0.0.1";
  c.max_body = 0;
  CHECK(mentions(refusal(c).text, {"max_body", "0"}));
}

TEST_CASE("listener: a node tells its address, with its locks and without, and serves there") {
  run_watch runs;
  auto l = http_listener::open(with_public("http://name-of-node.example:80"));
  REQUIRE(l);
  const auto port = l->port();
  auto o = silent();
  o.http_url = l->public_url();
  auto n = node::start(at_root("one", "/listener/node"), std::move(o));
  REQUIRE(n);
  REQUIRE(n->wait_ready(wide));
  const auto told = [&] { return n->cluster()->workers.at(0).http_url; };
  CHECK(told() == "http://name-of-node.example:80");
  auto server = http_server::start(*n, std::move(*l));
  REQUIRE(server);
  CHECK(server->port() == port);
  CHECK(server->public_url() == "http://name-of-node.example:80");
  CHECK(ask_http(port, "GET", "/live").status == 200);
  // Under the name that it tells, and under no other one.
  const auto asked_as = [&](const std::string& host) {
    http_connection c{port};
    c.send("GET /live HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    return parse_reply(c.read()).status;
  };
  CHECK(asked_as("name-of-node.example") == 200);
  CHECK(asked_as("evil.example") == 403);
  // A lock sets alive/<node> anew, to what it is.
  REQUIRE(n->register_job(*watched("work", {"a"}, runs).build()));
  REQUIRE(eventually([&] { return n->cluster()->workers.at(0).locked == 1; }));
  CHECK(told() == "http://name-of-node.example:80");
  const auto worker = ask_http(port, "GET", "/v1/workers/one");
  CHECK(worker.body.find("\"http_url\":\"http://name-of-node.example:80\"") != std::string::npos);
  CHECK(n->shutdown());
}

TEST_CASE("listener: one that has been taken serves nobody else") {
  auto n = node::start(at_root("one", "/listener/taken"), silent());
  REQUIRE(n);
  auto l = http_listener::open({});
  REQUIRE(l);
  auto server = http_server::start(*n, std::move(*l));
  REQUIRE(server);
  const auto again = http_server::start(*n, std::move(*l));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == errc::invalid_state);
}

TEST_CASE("a node that is to tell what is no address does not start") {
  for (const auto& url : {std::string{"node-1:8080"}, std::string{"file:///x"}, "http://" + std::string(294, 'n')}) {
    auto o = silent();
    o.http_url = url;
    const auto n = node::start(at_root("one", "/listener/refused"), std::move(o));
    REQUIRE_FALSE(n);
    CHECK(n.error().code == errc::invalid_config);
    CHECK(mentions(n.error().text, {"node_options::http_url", "like http://node-1:8080"}));
  }
}

TEST_CASE("http: runs that go on are told with what they hold and how far they are") {
  std::mutex guard;
  std::condition_variable changed;
  bool over = false;
  job_builder slow{"slow"};
  slow.items({"a", "b"}).on_trigger_only().run([&](job_context& ctx) {
    ctx.beat(4, 10, "copying");
    std::unique_lock<std::mutex> lock{guard};
    changed.wait_for(lock, wide, [&] { return over; });
  });
  auto o = silent();
  o.jobs.push_back(slow.build().value());
  auto n = node::start(at_root("one", "/listener/runs"), std::move(o));
  REQUIRE(n);
  REQUIRE(eventually([&] { return n->job("slow")->items.size() == 2; }));
  auto server = http_server::start(*n, http_config{});
  REQUIRE(server);
  REQUIRE(n->trigger_here("slow"));
  const auto get = [&](const char* query) {
    return ask_http(server->port(), "GET", std::string{"/v1/runs"} + query).body;
  };
  CHECK(eventually([&] {
    const auto body = get("?job=slow&item=b");
    return body.find("\"node\":\"one\"") != std::string::npos &&
           body.find("\"items\":[\"a\",\"b\"]") != std::string::npos &&
           body.find("\"done\":4,\"total\":10,\"text\":\"copying\"") != std::string::npos;
  }));
  CHECK(get("?item=other").find("\"under_way\":[]") != std::string::npos);
  {
    std::lock_guard<std::mutex> lock{guard};
    over = true;
  }
  changed.notify_all();
  CHECK(eventually([&] {
    const auto body = get("");
    return body.find("\"under_way\":[]") != std::string::npos &&
           body.find("\"outcome\":\"finished\"") != std::string::npos;
  }));
  server->stop();
  CHECK(n->shutdown());
}
