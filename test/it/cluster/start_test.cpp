#include <doctest/doctest.h>

#include <iostream>

#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("30 nodes that start at once all register and share 300 items") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  const auto begin = clock::now();
  std::vector<node> nodes;
  auto code = std::make_shared<counting_job>(numbered("i-", 300));
  for (int i = 0; i < 30; ++i) {
    auto c = quick_config(node_id{"n" + std::to_string(i)}, connect, root);
    c.max_threads = 2;
    nodes.push_back(start_node(c));
    REQUIRE(nodes.back().register_job(counting("work", code, schedule::fixed_delay(1s))));
  }
  CHECK(eventually([&] { return locked_items(nodes) == 300 && all_ready(nodes); }, 15s));
  std::uint64_t conflicts = 0;
  std::uint64_t unknowns = 0;
  for (const auto& n : nodes) {
    auto st = n.status();
    REQUIRE(st);
    CHECK(st->connection.phase == registration_phase::joined);
    conflicts += st->store.conflicts;
    unknowns += st->store.unknowns;
  }
  std::cout << "figure: start: 30 nodes and 300 items after " << since(begin).count() << " ms, " << conflicts
            << " conflicts, " << unknowns << " unknown outcomes\n";
  auto view = nodes[7].cluster();
  REQUIRE(view);
  CHECK(all_locked(*view));
  for (const auto& w : view->workers) {
    CHECK(w.items == 10);
  }
  for (auto& n : nodes) {
    CHECK(n.shutdown());
  }
}
