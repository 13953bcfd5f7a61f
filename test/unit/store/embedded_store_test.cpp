#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "zkstore/embedded/embedded_store.hpp"

using namespace djm;
using namespace djm::store;

namespace {

constexpr auto wide = std::chrono::seconds{30};

/// Collects what a sink is told.
struct box {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t completions = 0;
  std::vector<link_state> links;
  session_id_t session = 0;

  void put(const raw_event& event) {
    const std::lock_guard guard{mutex};
    if (auto* link = std::get_if<raw_link>(&event)) {
      links.push_back(link->state);
      session = link->session;
    } else if (std::holds_alternative<raw_completion>(event)) {
      ++completions;
    }
    changed.notify_all();
  }
  template <class F>
  bool wait(F&& f) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, wide, f);
  }
  bool wait_link(link_state state) {
    return wait([&] { return !links.empty() && links.back() == state; });
  }
};

session_options options() {
  session_options o;
  o.session_timeout = std::chrono::milliseconds{500};
  return o;
}

raw_request check_root() {
  transaction txn;
  txn.ops.emplace_back(check_op{"/", any_version});
  return txn;
}

} // namespace

TEST_CASE("embedded store: the sink is never called from within a call of the port") {
  embedded_store store;
  auto b = std::make_shared<box>();
  const auto caller = std::this_thread::get_id();
  std::thread::id teller;
  auto port = *store.open(options(), [&, b](raw_event event) {
    teller = std::this_thread::get_id();
    b->put(event);
  });
  REQUIRE(b->wait_link(link_state::connected));
  port->submit(1, check_root());
  REQUIRE(b->wait([&] { return b->completions == 1; }));
  port->close();
  REQUIRE(b->wait_link(link_state::closed));
  const bool other_thread = teller != caller;
  CHECK(other_thread);
}

TEST_CASE("embedded store: a destroyed port is silent, from wherever it is destroyed") {
  embedded_store store;
  for (int round = 0; round < 50; ++round) {
    auto b = std::make_shared<box>();
    auto alive = std::make_shared<std::atomic<bool>>(true);
    bool late = false;
    auto port = *store.open(options(), [&late, b, alive](raw_event event) {
      if (!*alive) {
        late = true;
      }
      b->put(event);
    });
    if (round % 2 == 0) {
      REQUIRE(b->wait_link(link_state::connected));
    }
    for (op_id_t id = 1; id <= 100; ++id) {
      port->submit(id, check_root());
    }
    port.reset();
    *alive = false;
    CHECK_FALSE(late);
  }
}

TEST_CASE("embedded store: a port may be destroyed from within its own sink") {
  embedded_store store;
  auto b = std::make_shared<box>();
  auto holder = std::make_shared<std::unique_ptr<session_port>>();
  std::mutex ready;
  {
    const std::lock_guard guard{ready};
    *holder = std::move(*store.open(options(), [&ready, b, holder](raw_event event) {
      const std::lock_guard inner{ready};
      holder->reset();
      b->put(event);
    }));
  }
  CHECK(b->wait([&] { return b->links.size() == 1; }));
}

TEST_CASE("embedded store: ports may outlive the store and are silent then") {
  auto store = std::make_unique<embedded_store>();
  auto b = std::make_shared<box>();
  auto port = *store->open(options(), [b](raw_event event) { b->put(event); });
  REQUIRE(b->wait_link(link_state::connected));
  store.reset();
  const auto told = b->links.size();
  port->submit(1, check_root());
  port->close();
  CHECK(b->links.size() == told);
  CHECK(b->completions == 0);
  port.reset();
}

TEST_CASE("embedded store: many threads with many sessions each get every answer once") {
  embedded_store store;
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<box>> boxes;
  for (int t = 0; t < 4; ++t) {
    boxes.push_back(std::make_shared<box>());
  }
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&store, b = boxes[t]] {
      for (int round = 0; round < 10; ++round) {
        {
          const std::lock_guard guard{b->mutex};
          b->links.clear();
          b->completions = 0;
        }
        auto port = *store.open(options(), [b](raw_event event) { b->put(event); });
        if (!b->wait_link(link_state::connected)) {
          return;
        }
        for (op_id_t id = 1; id <= 50; ++id) {
          port->submit(id, check_root());
        }
        if (!b->wait([&] { return b->completions == 50; })) {
          return;
        }
        port->close();
        if (!b->wait_link(link_state::closed)) {
          return;
        }
      }
    });
  }
  for (auto& t : threads) {
    t.join();
  }
  for (const auto& b : boxes) {
    CHECK(b->completions == 50);
    REQUIRE_FALSE(b->links.empty());
    CHECK(b->links.back() == link_state::closed);
  }
  CHECK(store.sessions() == 0);
}

TEST_CASE("embedded store: a dropped session ends by itself after its timeout, a closed one at once") {
  embedded_store store;
  auto b = std::make_shared<box>();
  auto port = *store.open(options(), [b](raw_event event) { b->put(event); });
  REQUIRE(b->wait_link(link_state::connected));
  auto watch = std::make_shared<box>();
  auto watcher = *store.open(options(), [watch](raw_event event) { watch->put(event); });
  REQUIRE(watch->wait_link(link_state::connected));
  CHECK(store.sessions() == 2);
  const auto dropped = std::chrono::steady_clock::now();
  port.reset();
  CHECK(store.sessions() == 2);
  while (store.sessions() == 2 && std::chrono::steady_clock::now() - dropped < wide) {
    std::this_thread::yield();
  }
  CHECK(store.sessions() == 1);
  watcher->close();
  REQUIRE(watch->wait_link(link_state::closed));
  CHECK(store.sessions() == 0);
}
