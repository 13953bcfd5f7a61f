#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "fake_names.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "tcp_proxy.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr address_book::patience hours{1h, 1h};

} // namespace

TEST_CASE("a session comes back while all names fail, and the next one opens, where the names led last") {
  auto& server = shared_server();
  tcp_proxy proxy{"127.0.0.1", server.port()};
  fake_names names;
  names.resolves("zk1", {"127.0.0.1"});
  zookeeper_factory factory{names.service(), {0ms, 1h}};
  const session_options options{"zk1:" + std::to_string(proxy.port()), 60s, {}};
  port_client c{factory, options};
  const auto session = c.wait_link(link_state::connected).session;

  SUBCASE("the resolver says that they do not exist") {
    names.fails("zk1", "no such name");
  }
  SUBCASE("the resolver says nothing") {
    names.hangs("zk1");
  }
  const auto before = names.asked("zk1");
  proxy.cut();
  c.wait_link(link_state::connecting);
  // The loss made it ask again.
  names.wait_asked("zk1", before);
  proxy.heal();
  CHECK(c.wait_link(link_state::connected, 2).session == session);
  c.close();
  port_client next{factory, options};
  CHECK(next.wait_link(link_state::connected).session != session);
}

TEST_CASE("a resolver that never answers delays a connect and nothing else") {
  fake_names names;
  zookeeper_factory factory{names.service(), hours};
  port_client c{factory, {"zk1:2181,zk2:2181", 4s, {}}, false};
  CHECK(c.read(get("/")).code == rc::connection_loss);
  port_client other{factory, options_for(shared_server())};
  CHECK(other.read(exists("/")).code == rc::ok);
  c.close();
  CHECK(c.links() == std::vector<link_state>{link_state::closed});
}

TEST_CASE("a handle without any address says so as its last event") {
  fake_names names;
  names.fails("zk1", "no such name");
  zookeeper_factory factory{names.service(), hours};
  port_client c{factory, {"zk1:2181", 4s, {}}, false};
  CHECK(c.wait_link(link_state::failed).why.text.find("zk1: no such name") != std::string::npos);
  CHECK(c.links().size() == 1);
}

TEST_CASE("a name that moves is followed before the first connect and after a loss") {
  auto& server = shared_server();
  tcp_proxy proxy{"127.0.0.1", server.port()};
  fake_names names;
  names.resolves("zk", {"127.0.0.99"});
  zookeeper_factory factory{names.service(), hours};
  port_client c{factory, {"zk:" + std::to_string(proxy.port()), 60s, {}}, false};
  names.resolves("zk", {"127.0.0.1"});
  c.wait_link(link_state::connected);
  names.resolves("zk", {"127.0.0.99"});
  proxy.cut();
  c.wait_link(link_state::connecting);
  proxy.heal();
  names.resolves("zk", {"127.0.0.1"});
  c.wait_link(link_state::connected, 2);
}
