#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "port_client.hpp"
#include "shared_server.hpp"
#include "tcp_proxy.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

server_settings quick() {
  return {200ms};
}

// Reads until an answer that needs no connection to be the problem.
raw_completion insist(port_client& c, const read_op& op) {
  for (int i = 0; i < 1000; ++i) {
    auto done = c.read(op);
    if (classify(done.code) != rc_class::unknown) {
      return done;
    }
  }
  throw std::runtime_error{"no answer in 1000 attempts"};
}

} // namespace

TEST_CASE("a server that is killed and started again gives the session back") {
  zookeeper_server server{quick()};
  zookeeper_factory factory;
  // A server that starts accepts connections before it serves them, and the client waits for 2/3 of its timeout then.
  tcp_proxy proxy{"127.0.0.1", server.port()};
  port_client c{factory, {proxy.connect_string(), 60s, {}}};
  auto first = c.wait_link(link_state::connected);
  REQUIRE(c.transact({create_op{"/e", "", create_mode::ephemeral}}).code == rc::ok);
  REQUIRE(c.read(exists("/e", true)).read.watched);
  proxy.cut();
  server.kill();
  c.wait_link(link_state::connecting);
  CHECK(classify(c.read(get("/e")).code) == rc_class::unknown);
  server.restart();
  proxy.heal();
  auto second = c.wait_link(link_state::connected, 2);
  CHECK(second.session == first.session);
  CHECK(second.timeout == first.timeout);
  CHECK(insist(c, exists("/e")).read.stat.ephemeral_owner == first.session);
  CHECK(c.links() == std::vector<link_state>{link_state::connected, link_state::connecting, link_state::connected});
  // The watch of before still works.
  REQUIRE(c.transact({remove_op{"/e"}}).code == rc::ok);
  CHECK(c.wait_watch(0).kind == watch_kind::deleted);
}

TEST_CASE("requests to a server that falls silent end as unknown, and a session that it has given up is over") {
  zookeeper_server server{quick()};
  tcp_proxy proxy{"127.0.0.1", server.port()};
  zookeeper_factory factory;
  port_client c{factory, {proxy.connect_string(), 4s, {}}};
  REQUIRE(c.transact({create_op{"/e", "", create_mode::ephemeral}}).code == rc::ok);
  server.pause();
  std::vector<op_id_t> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(c.submit(transaction{{create_op{"/x" + std::to_string(i), ""}}}));
  }
  for (auto id : ids) {
    CHECK(c.wait(id).code == rc::operation_timeout);
  }
  c.wait_link(link_state::connecting);
  // Without the cut it would depend on who is quicker when the server wakes.
  proxy.cut();
  server.resume();
  port_client witness{factory, options_for(server)};
  if (witness.read(exists("/e", true)).code == rc::ok) {
    CHECK(witness.wait_watch(0).kind == watch_kind::deleted);
  }
  proxy.heal();
  c.wait_link(link_state::expired);
  CHECK(c.read(get("/")).code == rc::session_expired);
  CHECK(c.transact({check_op{"/"}, check_op{"/zookeeper"}, check_op{"/e"}}).code == rc::session_expired);
}

TEST_CASE("a short sleep of the server is only a delay") {
  zookeeper_server server{quick()};
  zookeeper_factory factory;
  port_client c{factory, options_for(server, 60s)};
  server.pause();
  auto id = c.submit(transaction{{create_op{"/x", ""}}});
  server.resume();
  CHECK(c.wait(id).code == rc::ok);
  CHECK(c.links().size() == 1);
}

TEST_CASE("close is told while the server is silent") {
  zookeeper_server server{quick()};
  zookeeper_factory factory;
  port_client c{factory, options_for(server, 60s)};
  server.pause();
  c.submit(transaction{{create_op{"/x", ""}}});
  c.close();
  CHECK(c.links().back() == link_state::closed);
}

TEST_CASE("close is told while the server is dead") {
  zookeeper_server server{quick()};
  zookeeper_factory factory;
  port_client c{factory, options_for(server, 60s)};
  server.kill();
  c.wait_link(link_state::connecting);
  c.close();
  CHECK(c.links().back() == link_state::closed);
}

TEST_CASE("a broken connection is told once and mended, and its requests are unknown") {
  auto& server = shared_server();
  tcp_proxy proxy{"127.0.0.1", server.port()};
  zookeeper_factory factory;
  port_client c{factory, {proxy.connect_string(), 60s, {}}};
  auto path = fresh_path();
  REQUIRE(c.transact({create_op{path, ""}}).code == rc::ok);
  for (std::size_t round = 1; round <= 3; ++round) {
    // Applied, but the answer does not come back.
    proxy.lose(flow::to_client);
    auto id = c.submit(transaction{{set_op{path, std::to_string(round)}}});
    port_client other{factory, options_for(server)};
    for (std::size_t n = 0; other.read(get(path, true)).read.data != std::to_string(round); ++n) {
      other.wait_watch(n);
    }
    proxy.cut();
    proxy.heal();
    CHECK(classify(c.wait(id).code) == rc_class::unknown);
    c.wait_link(link_state::connecting, round);
    c.wait_link(link_state::connected, round + 1);
    CHECK(insist(c, get(path)).read.data == std::to_string(round));
  }
  CHECK(c.links().size() == 7);
}

TEST_CASE("a request that never arrives is unknown too") {
  auto& server = shared_server();
  tcp_proxy proxy{"127.0.0.1", server.port()};
  zookeeper_factory factory;
  port_client c{factory, {proxy.connect_string(), 1s, {}}};
  auto path = fresh_path();
  proxy.lose(flow::to_server);
  CHECK(c.transact({create_op{path, ""}}).code == rc::operation_timeout);
  proxy.heal();
  port_client other{factory, options_for(server)};
  CHECK(other.read(get(path)).code == rc::no_node);
}
