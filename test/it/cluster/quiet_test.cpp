#include <doctest/doctest.h>

#include <iostream>

#include "djm/item_state.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE(
  "a calm cluster of 5 nodes and 200 items, with roles, orders and saved state, writes no znode while it runs") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  std::vector<node> nodes;
  std::vector<std::shared_ptr<counting_job>> code;
  for (int i = 0; i < 5; ++i) {
    auto config = quick_config(node_id{"n" + std::to_string(i)}, connect, root);
    config.role = i % 2 == 0 ? node_role::both : node_role::worker;
    nodes.push_back(start_node(std::move(config)));
    code.push_back(std::make_shared<counting_job>(numbered("i-", 200)));
    REQUIRE(nodes.back().register_job(counting("work", code.back(), schedule::fixed_rate(50ms))));
  }
  REQUIRE(eventually([&] { return locked_items(nodes) == 200 && all_ready(nodes); }, 30s));
  // What operators have ordered stands in the record, and is followed without a word.
  REQUIRE(nodes[1].configure_job("work", *user_config{}.with("batch", 5)));
  REQUIRE(nodes[3].update_job("work", *user_config::parse(R"({"schedule": {"period": "40ms"}})")));
  REQUIRE(nodes[2].set_item_state("work", "i-7", bytes_of("kept")));
  auto view = nodes[0].cluster();
  REQUIRE(view);
  REQUIRE(all_locked(*view));
  for (const auto& w : view->workers) {
    CHECK(w.items == 40);
  }
  // The last readings of the tree that follow a change end within a debounce.
  let_pass(1s);

  const auto before = snapshot(connect, root);
  std::vector<std::uint64_t> runs_before;
  std::uint64_t probes_before = 0;
  std::uint64_t reads_before = 0;
  std::uint64_t commits_before = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    runs_before.push_back(code[i]->runs());
    auto st = nodes[i].status();
    probes_before += st->store.probes;
    reads_before += st->store.reads;
    commits_before += st->store.commits;
  }
  const auto begin = clock::now();
  let_pass(10s);
  const auto span = since(begin);
  std::uint64_t probes = 0;
  std::uint64_t reads = 0;
  std::uint64_t commits = 0;
  std::uint64_t runs = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    runs += code[i]->runs() - runs_before[i];
    auto st = nodes[i].status();
    probes += st->store.probes;
    reads += st->store.reads;
    commits += st->store.commits;
  }
  const auto after = snapshot(connect, root);

  CHECK(before.size() == after.size());
  for (const auto& known : before) {
    const auto& path = known.first;
    const auto& stat = known.second;
    auto x = after.find(path);
    REQUIRE_MESSAGE(x != after.end(), path);
    CHECK_MESSAGE(x->second.mzxid == stat.mzxid, path);
    CHECK_MESSAGE(x->second.cversion == stat.cversion, path);
    CHECK_MESSAGE(x->second.version == stat.version, path);
  }
  const auto due = static_cast<std::uint64_t>(span.count()) / 40 * nodes.size();
  std::cout << "figure: quiet: " << runs << " of " << due << " due runs, "
            << static_cast<double>(probes - probes_before) * 1000 / static_cast<double>(span.count())
            << " probes per second, " << commits - commits_before << " other transactions, " << reads - reads_before
            << " reads (the leader's sweeps of 200 locks)\n";
  CHECK(commits == commits_before);
  // A sweep reads every lock once, a few at a time; the period of these nodes is 5 s.
  CHECK(reads - reads_before <= 3 * (200 + 20));
  CHECK(runs >= due * 95 / 100);
  for (auto& n : nodes) {
    CHECK(n.shutdown());
  }
}
