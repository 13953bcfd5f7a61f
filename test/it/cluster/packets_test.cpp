#include <doctest/doctest.h>

#include <mutex>

#include "harness.hpp"
#include "zookeeper_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

TEST_CASE("a store that takes small packets only: what is too large is named, cut, and keeps nobody else from work") {
  server_settings small;
  small.packet_limit = 12'000;
  zookeeper_server server{small};
  std::mutex guard;
  std::vector<std::string> told;
  auto n = start_node(quick_config("n0", server.connect_string(), "/packets"), [&](const node_event& e) {
    const auto* p = std::get_if<problem>(&e.what);
    if (p != nullptr && p->component == "store" && p->why.code == errc::too_large) {
      const std::lock_guard lock{guard};
      told.push_back(p->why.text);
    }
  });
  auto big = std::make_shared<counting_job>(numbered(std::string(60, 'x'), 300));
  REQUIRE(n.register_job(counting("big", big, schedule::fixed_delay(100ms))));
  CHECK(eventually([&] { return n.status()->worker.locked == 300; }, 60s));
  CHECK(eventually([&] { return big->runs() > 0; }, 20s));
  {
    const std::lock_guard lock{guard};
    REQUIRE(!told.empty());
    CHECK(told[0].find("/packets/") != std::string::npos);
    CHECK(told[0].find("jute.maxbuffer") != std::string::npos);
  }
  const auto connects = n.status()->store.connects;
  MESSAGE("figure: connects until everything fits: " << connects);
  CHECK(connects < 40);
  // And then there is quiet.
  let_pass(3s);
  CHECK(n.status()->store.connects == connects);
  CHECK(n.shutdown());
}
