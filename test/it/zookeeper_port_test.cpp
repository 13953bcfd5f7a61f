#include <doctest/doctest.h>

#include <chrono>
#include <string>

#include "port_client.hpp"
#include "session_killer.hpp"
#include "shared_server.hpp"
#include "sockets.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

zookeeper_factory& factory() {
  static zookeeper_factory instance;
  return instance;
}

session_options here() {
  return options_for(shared_server());
}

} // namespace

TEST_CASE("connected tells the session and the timeout that the server grants") {
  auto& server = shared_server();
  port_client modest{factory(), options_for(server, 3s)};
  auto link = modest.wait_link(link_state::connected);
  CHECK(link.session != 0);
  CHECK(link.timeout == 3s);
  // Below two ticks and above the maximum the server has its own mind.
  port_client hasty{factory(), options_for(server, 10ms)};
  CHECK(hasty.wait_link(link_state::connected).timeout == 400ms);
  port_client idle{factory(), options_for(server, 3600s)};
  CHECK(idle.wait_link(link_state::connected).timeout == 120s);
  CHECK(link.session != idle.wait_link(link_state::connected).session);
}

TEST_CASE("a transaction of all kinds is applied as one and told operation by operation") {
  port_client c{factory(), here()};
  auto root = fresh_path();
  REQUIRE(c.transact({create_op{root, "r"}, create_op{root + "/gone", ""}}).code == rc::ok);
  auto done = c.transact({check_op{root, 0}, create_op{root + "/plain", std::string{"a\0b", 3}},
                          create_op{root + "/mine", "", create_mode::ephemeral},
                          create_op{root + "/n-", "1", create_mode::persistent_sequential},
                          create_op{root + "/n-", "2", create_mode::ephemeral_sequential}, set_op{root, "new", 0},
                          remove_op{root + "/gone"}});
  REQUIRE(done.code == rc::ok);
  REQUIRE(done.results.size() == 7);
  for (auto& result : done.results) {
    CHECK(result.code == rc::ok);
  }
  CHECK(done.results[0].path.empty());
  CHECK(done.results[1].path == root + "/plain");
  CHECK(done.results[2].path == root + "/mine");
  // The sequence counts changes of the parent's children: four so far.
  CHECK(done.results[3].path < done.results[4].path);
  CHECK(done.results[3].path.size() == (root + "/n-").size() + 10);
  CHECK(done.results[5].stat.version == 1);
  auto plain = c.read(get(root + "/plain"));
  CHECK(plain.code == rc::ok);
  CHECK(plain.read.data == std::string{"a\0b", 3});
  CHECK(plain.read.stat.czxid == done.results[5].stat.mzxid);
  CHECK(plain.read.stat.ephemeral_owner == 0);
  auto mine = c.read(exists(root + "/mine"));
  CHECK(mine.read.stat.ephemeral_owner == c.wait_link(link_state::connected).session);
  auto names = c.read(children(root));
  CHECK(names.read.children == std::vector<std::string>{"mine", done.results[3].path.substr(root.size() + 1),
                                                        done.results[4].path.substr(root.size() + 1), "plain"});
  CHECK(names.read.stat.num_children == 4);
}

TEST_CASE("a transaction that fails changes nothing and names the operation") {
  port_client c{factory(), here()};
  auto root = fresh_path();
  REQUIRE(c.transact({create_op{root, ""}}).code == rc::ok);
  auto done = c.transact({create_op{root + "/a", ""}, check_op{root, 7}, create_op{root + "/b", ""}});
  CHECK(done.code == rc::bad_version);
  REQUIRE(done.results.size() == 3);
  CHECK(done.results[0].code == rc::ok);
  CHECK(done.results[1].code == rc::bad_version);
  CHECK(done.results[2].code == rc::rolled_back);
  CHECK(c.read(children(root)).read.children.empty());
  CHECK(c.transact({set_op{root + "/none", ""}}).code == rc::no_node);
  CHECK(c.transact({create_op{root, ""}}).code == rc::node_exists);
  CHECK(c.transact({create_op{root + "/x", ""}, remove_op{root}}).code == rc::not_empty);
  CHECK(c.transact({create_op{root + "/e", "", create_mode::ephemeral}, create_op{root + "/e/x", ""}}).code ==
        rc::no_children_for_ephemerals);
}

TEST_CASE("a transaction of nothing succeeds") {
  port_client c{factory(), here()};
  auto done = c.transact({});
  CHECK(done.code == rc::ok);
  CHECK(done.results.empty());
}

TEST_CASE("a path that is none is answered, not sent") {
  port_client c{factory(), here()};
  for (std::string path : {"", "x", "/x/", "//", "/a//b", "/./a"}) {
    CAPTURE(path);
    CHECK(c.read(get(path)).code == rc::bad_arguments);
    CHECK(c.transact({check_op{"/"}, create_op{path, ""}}).code == rc::bad_arguments);
  }
  std::string cut{"/zookeeper\0x", 12};
  CHECK(c.read(exists(cut)).code == rc::bad_arguments);
  CHECK(c.transact({check_op{cut}}).code == rc::bad_arguments);
  CHECK(c.read(exists("/")).code == rc::ok);
}

TEST_CASE("the event of a watch comes before the response that shows its change, once") {
  port_client c{factory(), here()};
  auto root = fresh_path();
  REQUIRE(c.transact({create_op{root, ""}}).code == rc::ok);
  CHECK(c.read(get(root, true)).read.watched);
  CHECK(c.read(exists(root, true)).read.watched);
  CHECK(c.read(get(root, true)).read.watched);
  auto set = c.submit(transaction{{set_op{root, "x"}}});
  REQUIRE(c.wait(set).code == rc::ok);
  auto events = c.events();
  REQUIRE(events.size() >= 2);
  CHECK(std::get<raw_completion>(events.back()).id == set);
  auto* watch = std::get_if<raw_watch>(&events[events.size() - 2]);
  REQUIRE(watch != nullptr);
  CHECK(watch->event.kind == watch_kind::changed);
  CHECK(watch->event.path == root);
  REQUIRE(c.transact({set_op{root, "y"}}).code == rc::ok);
  CHECK(c.watches().size() == 1);
}

TEST_CASE("each kind of change is told as such") {
  port_client c{factory(), here()};
  auto root = fresh_path();
  CHECK(c.read(exists(root, true)).read.watched);
  REQUIRE(c.transact({create_op{root, ""}}).code == rc::ok);
  CHECK(c.wait_watch(0).kind == watch_kind::created);
  CHECK(c.read(children(root, true)).read.watched);
  REQUIRE(c.transact({create_op{root + "/x", ""}}).code == rc::ok);
  CHECK(c.wait_watch(1).kind == watch_kind::children);
  REQUIRE(c.transact({remove_op{root + "/x"}}).code == rc::ok);
  CHECK(c.read(children(root, true)).read.watched);
  CHECK(c.read(get(root, true)).read.watched);
  REQUIRE(c.transact({remove_op{root}}).code == rc::ok);
  CHECK(c.wait_watch(2).kind == watch_kind::deleted);
  CHECK(c.watches().size() == 3);
}

TEST_CASE("an absent node is watched by exists alone") {
  port_client c{factory(), here()};
  auto path = fresh_path();
  auto data = c.read(get(path, true));
  CHECK(data.code == rc::no_node);
  CHECK_FALSE(data.read.watched);
  auto names = c.read(children(path, true));
  CHECK(names.code == rc::no_node);
  CHECK_FALSE(names.read.watched);
  REQUIRE(c.transact({create_op{path, ""}, set_op{path, "x"}, create_op{path + "/c", ""}}).code == rc::ok);
  CHECK(c.watches().empty());
}

TEST_CASE("with a digest, nodes belong to their creator") {
  auto options = here();
  options.digest = "ada:secret";
  port_client ada{factory(), options};
  port_client stranger{factory(), here()};
  auto root = fresh_path();
  REQUIRE(ada.transact({create_op{root, "private"}}).code == rc::ok);
  CHECK(ada.read(get(root)).read.data == "private");
  CHECK(stranger.read(get(root)).code == rc::no_auth);
  CHECK(stranger.transact({set_op{root, "x"}}).code == rc::no_auth);
  CHECK(stranger.transact({create_op{root + "/x", ""}}).code == rc::no_auth);
  port_client again{factory(), options};
  CHECK(again.transact({set_op{root, "again"}}).code == rc::ok);
}

TEST_CASE("an expired session answers what is asked of it, then tells the end") {
  port_client c{factory(), here()};
  auto session = c.wait_link(link_state::connected).session;
  kill_session("127.0.0.1", shared_server().port(), session);
  c.wait_link(link_state::expired);
  CHECK(c.read(get("/")).code == rc::session_expired);
  CHECK(c.transact({check_op{"/"}}).code == rc::session_expired);
  c.close();
  auto links = c.links();
  REQUIRE(links.size() >= 3);
  CHECK(links.back() == link_state::closed);
  CHECK(links[links.size() - 2] == link_state::expired);
}

TEST_CASE("open refuses what can never work and says why") {
  auto refuse = [](const session_options& options) {
    auto port = factory().open(options, [](raw_event) {});
    REQUIRE_FALSE(port);
    return port.error();
  };
  auto form = refuse({"localhost", 10s, {}});
  CHECK(form.code == errc::invalid_connect_string);
  CHECK(form.text.find("\"localhost\"") != std::string::npos);
  CHECK(refuse({"127.0.0.1:2181", 0s, {}}).code == errc::invalid_config);
  CHECK(refuse({"127.0.0.1:2181", -1s, {}}).code == errc::invalid_config);
  auto secret = refuse({"127.0.0.1:2181", 10s, "hunter2"});
  CHECK(secret.code == errc::invalid_config);
  CHECK(secret.text.find("hunter2") == std::string::npos);
}

TEST_CASE("a name that the system's resolver does not know is told with its reason") {
  port_client c{factory(), {"no-such-host.invalid:2181", 10s, {}}, false};
  const auto why = c.wait_link(link_state::failed).why;
  CHECK(why.code == errc::not_connected);
  CHECK(why.text.find("\"no-such-host.invalid:2181\"") != std::string::npos);
}

TEST_CASE("a server that is down is waited for in silence") {
  port_client c{factory(), {"127.0.0.1:" + std::to_string(free_port()), 2s, {}}, false};
  CHECK(c.read(get("/")).code == rc::connection_loss);
  CHECK(c.links().empty());
  c.close();
  CHECK(c.links() == std::vector<link_state>{link_state::closed});
}
