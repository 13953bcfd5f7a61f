#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "shared_server.hpp"
#include "store_driver.hpp"
#include "tcp_proxy.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::contract;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

// Nodes of 100 bytes of path, so that the limit on the number of watches is met first, not the one on bytes.
std::string path_of(const std::string& root, int number) {
  auto path = root + "/" + std::to_string(100000 + number);
  return path + std::string(100 - path.size(), 'x');
}

void create_nodes(store_driver& s, const std::string& root, int count) {
  s.must_commit({{create_op{root, ""}}});
  for (int begin = 0; begin < count; begin += 200) {
    transaction txn;
    for (int i = begin; i < begin + 200; ++i) {
      txn.ops.push_back(create_op{path_of(root, i), ""});
    }
    s.must_commit(std::move(txn));
  }
}

} // namespace

TEST_CASE("of 5000 watches asked for 4000 are left, and a broken connection brings all of them back") {
  constexpr int nodes = 5000;
  constexpr int limit = 4000;
  auto& server = shared_server();
  tcp_proxy proxy{"127.0.0.1", server.port()};
  zookeeper_factory factory;
  session_limits limits;
  // What counts here are watches, not how busy the machine is.
  limits.operation_deadline = 30s;
  store_driver s{factory, {proxy.connect_string(), 60s, {}}, limits};
  auto root = fresh_path();
  create_nodes(s, root, nodes);
  int watched = 0;
  // In batches, because the bound on waiting is per answer.
  for (int begin = 0; begin < nodes; begin += 200) {
    std::vector<read_op> reads;
    for (int i = begin; i < begin + 200; ++i) {
      reads.push_back(get(path_of(root, i), true));
    }
    auto batch = s.read(std::move(reads));
    REQUIRE(batch.status == read_status::ok);
    for (auto& result : batch.results) {
      CHECK(result.code == rc::ok);
      watched += result.watched ? 1 : 0;
    }
  }
  CHECK(watched == limit);
  CHECK(s.counters().watches == limit);

  auto session = s.view().id;
  proxy.cut();
  s.wait_announced(session_phase::suspended);
  proxy.heal();
  s.wait_announced(session_phase::connected);
  CHECK(s.view().id == session);
  CHECK(s.view().connects == 2);

  // One change of every node by somebody else: an event for each watch, none for the others.
  store_driver other{factory, options_for(server)};
  for (int begin = 0; begin < nodes; begin += 200) {
    transaction txn;
    for (int i = begin; i < begin + 200; ++i) {
      txn.ops.push_back(set_op{path_of(root, i), "new"});
    }
    other.must_commit(std::move(txn));
  }
  for (int i = 0; i < limit; ++i) {
    s.wait_watch();
  }
  CHECK_FALSE(s.watch_pending());
  CHECK(s.counters().watches == 0);
}

TEST_CASE("a session that the server has expired is followed by a new one, not before") {
  auto& server = shared_server();
  tcp_proxy proxy{"127.0.0.1", server.port()};
  zookeeper_factory factory;
  store_driver s{factory, {proxy.connect_string(), 4s, {}}};
  auto first = s.view();
  auto path = fresh_path();
  s.must_commit({{create_op{path, "", create_mode::ephemeral}}});
  proxy.cut();
  s.wait_announced(session_phase::suspended);
  store_driver witness{factory, options_for(server)};
  if (witness.must_read(exists(path, true)).code == rc::ok) {
    CHECK(witness.wait_watch().kind == watch_kind::deleted);
  }
  CHECK(s.view().number == first.number);
  proxy.heal();
  s.wait_until([&] { return s.view().number > first.number && s.view().phase == session_phase::connected; },
               "a new session");
  CHECK(s.view().id != first.id);
}
