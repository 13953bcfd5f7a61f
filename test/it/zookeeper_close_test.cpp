#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "port_client.hpp"
#include "shared_server.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

session_options here(duration timeout = 60s) {
  return options_for(shared_server(), timeout);
}

// Waits until another session sees the node go.
bool goes(port_client& watcher, const std::string& path) {
  return watcher.read(exists(path, true)).code == rc::no_node || watcher.wait_watch(0).kind == watch_kind::deleted;
}

} // namespace

TEST_CASE("close ends the session at once, long before its timeout") {
  zookeeper_factory factory;
  port_client watcher{factory, here()};
  auto path = fresh_path();
  // Longer than we wait.
  port_client owner{factory, here(120s)};
  REQUIRE(owner.transact({create_op{path, "", create_mode::ephemeral}}).code == rc::ok);
  owner.start_close();
  CHECK(goes(watcher, path));
}

TEST_CASE("close with requests under way tells each at most once, then closed, then nothing") {
  zookeeper_factory factory;
  for (int round = 0; round < 5; ++round) {
    port_client c{factory, here()};
    std::vector<op_id_t> ids;
    for (int i = 0; i < 1000; ++i) {
      ids.push_back(i % 10 == 0 ? c.submit(transaction{{check_op{"/"}}}) : c.submit(get("/")));
    }
    c.close();
    // Harmless, and without an answer.
    c.submit(get("/"));
    auto events = c.events();
    auto* last = std::get_if<raw_link>(&events.back());
    REQUIRE(last != nullptr);
    CHECK(last->state == link_state::closed);
    for (auto id : ids) {
      CHECK(c.completions_of(id) <= 1);
    }
    c.drop();
    CHECK(c.events().size() == events.size());
  }
}

TEST_CASE("close ends the session although requests are under way") {
  zookeeper_factory factory;
  for (int round = 0; round < 5; ++round) {
    port_client watcher{factory, here()};
    port_client c{factory, here(120s)};
    auto path = fresh_path();
    REQUIRE(c.transact({create_op{path, "", create_mode::ephemeral}}).code == rc::ok);
    // Few enough for a busy server to answer them in the time that a close allows.
    for (int i = 0; i < 100; ++i) {
      c.submit(get(path));
    }
    c.close();
    CHECK(goes(watcher, path));
  }
}

TEST_CASE("a port that is dropped says nothing more and leaves its session to expire") {
  zookeeper_factory factory;
  auto& server = shared_server();
  port_client watcher{factory, here()};
  auto path = fresh_path();
  session_id_t session = 0;
  std::size_t told = 0;
  {
    port_client owner{factory, here(120s)};
    session = owner.wait_link(link_state::connected).session;
    REQUIRE(owner.transact({create_op{path, "", create_mode::ephemeral}}).code == rc::ok);
    for (int i = 0; i < 100; ++i) {
      owner.submit(get("/"));
    }
    owner.drop();
    told = owner.events().size();
    // The handle goes on a thread of the factory; a close of another port behind it shows that it is gone.
    port_client other{factory, here()};
    other.close();
    CHECK(owner.events().size() == told);
  }
  auto node = watcher.read(exists(path));
  CHECK(node.code == rc::ok);
  CHECK(node.read.stat.ephemeral_owner == session);
  REQUIRE(server.running());
}

TEST_CASE("a dropped session expires after its timeout") {
  zookeeper_factory factory;
  port_client watcher{factory, here()};
  auto path = fresh_path();
  port_client owner{factory, here(1s)};
  REQUIRE(owner.transact({create_op{path, "", create_mode::ephemeral}}).code == rc::ok);
  owner.drop();
  CHECK(goes(watcher, path));
}

TEST_CASE("a sink may close or drop its own port") {
  zookeeper_factory factory;
  for (bool drop : {false, true}) {
    CAPTURE(drop);
    // Declared before what the callbacks use.
    std::mutex mutex;
    std::condition_variable changed;
    std::unique_ptr<session_port> port;
    int seen = 0;
    bool closed = false, opened = false, acted = false;
    auto result = factory.open(here(), [&](raw_event event) {
      std::unique_lock<std::mutex> lock{mutex};
      changed.wait(lock, [&] { return opened; });
      if (std::holds_alternative<raw_completion>(event)) {
        ++seen;
      }
      if (auto* link = std::get_if<raw_link>(&event); link != nullptr && link->state == link_state::connected) {
        auto* self = port.get();
        for (op_id_t id = 1; id <= 10; ++id) {
          self->submit(id, get("/"));
        }
        if (drop) {
          port.reset();
        } else {
          self->close();
        }
        acted = true;
      } else if (link != nullptr && link->state == link_state::closed) {
        closed = true;
      }
      changed.notify_all();
    });
    REQUIRE(result);
    std::unique_lock<std::mutex> lock{mutex};
    port = std::move(*result);
    opened = true;
    changed.notify_all();
    REQUIRE(changed.wait_for(lock, port_client::wide, [&] { return acted && (drop || closed); }));
    if (drop) {
      CHECK(seen == 0);
    }
  }
}

TEST_CASE("the factory waits for handles that are being closed") {
  std::atomic<bool> closed{false};
  {
    zookeeper_factory factory;
    auto port = factory.open(here(), [&](raw_event event) {
      if (auto* link = std::get_if<raw_link>(&event); link != nullptr && link->state == link_state::closed) {
        closed = true;
      }
    });
    REQUIRE(port);
    (*port)->close();
    (*port)->close();
    port->reset();
  }
  CHECK(closed);
}
