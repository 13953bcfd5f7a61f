#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <iostream>

#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

struct seen {
  std::atomic<int> batch{0};
  std::atomic<int> revoked{0};
};

} // namespace

TEST_CASE("a configuration reaches the next runs of three nodes, moves nothing, and an invalid one changes nothing") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  std::vector<node> nodes;
  std::vector<std::shared_ptr<seen>> looks;
  for (int i = 0; i < 3; ++i) {
    auto look = std::make_shared<seen>();
    node_options o;
    o.on_event = [look](const node_event& e) {
      look->revoked += std::holds_alternative<items_revoked>(e.what) ? 1 : 0;
    };
    auto started = node::start(quick_config(node_id{"n" + std::to_string(i)}, connect, root), std::move(o));
    REQUIRE(started);
    nodes.push_back(std::move(*started));
    REQUIRE(nodes.back().register_job(
      job_builder("mail")
        .items(numbered("i-", 30))
        .every(20ms)
        .config(*user_config{}.with("batch", 1))
        .run([look](job_context& ctx) { look->batch = ctx.config().get<int>("batch")->value_or(-1); })));
    looks.push_back(std::move(look));
  }
  const auto all_have = [&](int batch) {
    return std::all_of(looks.begin(), looks.end(), [batch](const auto& x) { return x->batch == batch; });
  };
  REQUIRE(eventually([&] { return locked_items(nodes) == 30 && all_ready(nodes) && all_have(1); }, 30s));
  for (const auto& x : looks) {
    x->revoked = 0;
  }
  std::vector<std::int64_t> took;
  for (int n = 0; n < 5; ++n) {
    const auto begin = clock::now();
    REQUIRE(nodes[static_cast<std::size_t>(n % 3)].configure_job("mail", *user_config{}.with("batch", 100 + n)));
    CHECK(eventually([&] { return all_have(100 + n); }, 30s));
    took.push_back(since(begin).count());
  }
  std::sort(took.begin(), took.end());
  std::cout << "figure: orders: a configuration reaches the runs of three nodes " << took[2]
            << " ms after the order, median of five; slowest " << took[4] << " ms\n";
  CHECK_FALSE(nodes[0].configure_job("mail", *user_config{}.with("batch", 7), 1)); // another revision is expected
  for (const auto& x : looks) {
    CHECK(x->revoked == 0);
  }
  CHECK(all_have(104));
  REQUIRE(nodes[1].remove_job("mail"));
  CHECK(eventually(
    [&] { return std::all_of(nodes.begin(), nodes.end(), [](const node& n) { return !n.job("mail").has_value(); }); },
    30s));
  for (auto& n : nodes) {
    CHECK(n.shutdown());
  }
}
