#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "harness.hpp"
#include "zookeeper_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Two nodes that share a job, and what they report.
struct pair_of_nodes {
  pair_of_nodes() {
    for (const auto& id : to_ids<node_id>({"n0", "n1"})) {
      nodes.push_back(start_node(quick_config(id, server.connect_string(), "/restore"), [this](const node_event& e) {
        const auto* p = std::get_if<problem>(&e.what);
        if (p != nullptr && p->why.code == errc::store_went_back) {
          const std::lock_guard lock{guard};
          told[e.node] += p->why.text + "\n";
        }
      }));
      REQUIRE(nodes.back().register_job(
        counting("j", std::make_shared<counting_job>(numbered("i", 6)), schedule::fixed_delay(200ms))));
    }
    settled();
  }

  void settled() const {
    REQUIRE(eventually([&] { return all_ready(nodes) && locked_items(nodes) == 6; }, 60s));
  }
  std::vector<std::string> lives() const {
    std::vector<std::string> result;
    for (const auto& n : nodes) {
      result.push_back(n.status()->connection.incarnation);
    }
    return result;
  }
  /// Of those that were told: one may come so late that the new history is longer already than what it has seen.
  void check_new_lives(const std::vector<std::string>& before) {
    const auto now = lives();
    const std::lock_guard lock{guard};
    CHECK(!told.empty());
    for (std::size_t i = 0; i < 2; ++i) {
      if (told.count("n" + std::to_string(i)) == 0) {
        continue;
      }
      CHECK(now[i] != before[i]);
      const auto& text = told["n" + std::to_string(i)];
      CHECK(text.find("the store has older data than we have seen") != std::string::npos);
      CHECK(std::count(text.begin(), text.end(), '\n') == 1);
    }
  }

  zookeeper_server server;
  std::mutex guard;
  std::map<std::string, std::string> told;
  std::vector<node> nodes;
};

} // namespace

TEST_CASE("a store that lost its data is worked with again, in a new life of each node and after all runs have ended") {
  pair_of_nodes c;
  const auto before = c.lives();
  c.server.wipe();
  c.server.restart();
  const auto begin = clock::now();
  c.settled();
  MESSAGE("figure: until all items are locked in an empty store: " << since(begin).count() << " ms");
  c.check_new_lives(before);
  for (auto& n : c.nodes) {
    CHECK(n.shutdown());
  }
}

TEST_CASE("a store that is put back to an older copy is worked with again") {
  pair_of_nodes c;
  c.server.keep_copy();
  c.server.restart();
  c.settled();
  const auto before = c.lives();
  // What the copy does not have.
  for (auto& n : c.nodes) {
    REQUIRE(n.register_job(
      counting("later", std::make_shared<counting_job>(numbered("k", 4)), schedule::fixed_delay(200ms))));
  }
  REQUIRE(eventually([&] { return locked_items(c.nodes) == 10; }, 60s));
  c.server.go_back();
  c.server.restart();
  REQUIRE(eventually([&] { return all_ready(c.nodes) && locked_items(c.nodes) == 10; }, 60s));
  c.check_new_lives(before);
  for (auto& n : c.nodes) {
    CHECK(n.shutdown());
  }
}
