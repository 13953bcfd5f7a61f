#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "netns.hpp"
#include "port_client.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"
#include "zookeeper_server.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("a session moves to another server when its own dies") {
  zookeeper_ensemble ensemble{3};
  zookeeper_factory factory;
  port_client c{factory, {ensemble.connect_string(), 30s, {}}};
  auto session = c.wait_link(link_state::connected).session;
  REQUIRE(c.transact({create_op{"/e", "", create_mode::ephemeral}}).code == rc::ok);
  // Whichever it is connected to: one dies, then it has at most one move to make.
  auto victim = ensemble.leader();
  ensemble[victim].kill();
  c.wait_link(link_state::connecting);
  CHECK(c.wait_link(link_state::connected, 2).session == session);
  auto node = c.read(exists("/e"));
  for (int i = 0; i < 1000 && classify(node.code) == rc_class::unknown; ++i) {
    node = c.read(exists("/e"));
  }
  CHECK(node.read.stat.ephemeral_owner == session);
}

TEST_CASE("a follower that is cut from its peers answers reads, but no multi of one check") {
  if (!net_lab::available()) {
    MESSAGE("skipped: needs root, ip and nft");
    return;
  }
  net_lab lab{3};
  std::vector<server_place> places;
  for (std::size_t i = 0; i < lab.size(); ++i) {
    places.push_back({lab.address(i), lab.name(i)});
  }
  // A wide limit, so that the follower does not notice its isolation during the test.
  server_settings settings;
  settings.sync_limit = 60;
  zookeeper_ensemble ensemble{places, settings};
  auto lonely = ensemble.follower();
  zookeeper_factory factory;
  // Two sessions, because reads of one wait behind its own writes.
  port_client reader{factory, {ensemble[lonely].connect_string(), 60s, {}}};
  port_client prober{factory, {ensemble[lonely].connect_string(), 4s, {}}};
  REQUIRE(prober.transact({create_op{"/x", "before"}}).code == rc::ok);
  REQUIRE(prober.transact({check_op{"/x"}}).code == rc::ok);
  lab.isolate(lonely);
  port_client majority{factory, {ensemble[ensemble.leader()].connect_string(), 60s, {}}};
  REQUIRE(majority.transact({set_op{"/x", "after"}}).code == rc::ok);
  auto probe = prober.submit(transaction{{check_op{"/x"}}});
  auto stale = reader.read(get("/x"));
  CHECK(stale.code == rc::ok);
  CHECK(stale.read.data == "before");
  CHECK(classify(prober.wait(probe).code) == rc_class::unknown);
  CHECK(reader.read(get("/x")).read.data == "before");
  lab.heal();
}
