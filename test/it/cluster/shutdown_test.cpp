#include <doctest/doctest.h>

#include "harness.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "zkstore/tree_schema.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("a shutdown leaves no thread and no znode but the pools, and is quick when runs are") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  const auto threads = thread_count();
  {
    auto n = start_node(quick_config("n0", connect, root));
    REQUIRE(
      n.register_job(counting("work", std::make_shared<counting_job>(numbered("i-", 20)), schedule::fixed_rate(50ms))));
    REQUIRE(eventually([&] { return n.status()->ready && n.status()->worker.locked == 20; }, 20s));
    const auto begin = clock::now();
    CHECK(n.shutdown());
    CHECK(since(begin) <= 1s);
  }
  CHECK(eventually([&] { return thread_count() <= threads; }, 10s));
  store::tree_schema tree{root};
  auto left = snapshot(connect, root);
  CHECK(left.count(tree.alive("n0")) == 0);
  CHECK(left[tree.latches()].num_children == 0);
  for (const auto& [path, stat] : left) {
    const bool lock = path.size() > 5 && path.compare(path.size() - 5, 5, ".lock") == 0;
    CHECK_MESSAGE(!lock, path);
    CHECK_MESSAGE(stat.ephemeral_owner == 0, path);
  }
  CHECK(left.count(tree.pool("work", "i-7")) == 1);
}

TEST_CASE("200 starts and stops leave threads and descriptors flat") {
  const auto cycle = [](int i) {
    auto c = quick_config("n", "embedded", "/cycle");
    auto n = start_node(c);
    REQUIRE(
      n.register_job(counting("work", std::make_shared<counting_job>(numbered("i-", 3)), schedule::fixed_delay(10ms))));
    if (i % 4 == 0) {
      REQUIRE(n.wait_ready(10s));
    }
    CHECK(n.shutdown(i % 3 == 0));
  };
  for (int i = 0; i < 5; ++i) {
    cycle(i);
  }
  const auto threads = thread_count();
  const auto descriptors = descriptor_count();
  for (int i = 0; i < 200; ++i) {
    cycle(i);
  }
  CHECK(eventually([&] { return thread_count() <= threads; }, 10s));
  CHECK(descriptor_count() <= descriptors);
}
