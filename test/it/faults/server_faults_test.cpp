#include "scenario.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// What must hold while one of three servers is in trouble: every item starts again and again, and within the bound
/// after the cause and after the healing.
template <class Harm, class Heal>
void server_case(const std::string& fault, bool leads, milliseconds lasts, Harm harm, Heal heal) {
  auto& w = fault_world::instance();
  fault_cluster c;
  c.start();
  const auto server = leads ? w.leader() : w.follower();
  const auto at = c.edge();
  harm(w, server);
  // Whoever was connected there finds another server, or does without one for as long as its lease.
  auto after = c.running_since(at, 60s);
  let_pass(lasts - milliseconds{(boot_us() - at) / 1000});
  const auto again = c.running_since(boot_us() - 1000, 60s);
  CHECK(again >= 0);
  CHECK(again <= c.bound().count());
  c.edge();
  heal(w, server);
  w.await_servers();
  c.edge();
  report(fault, after, c);
  check_bound(after, c);
  conclude(c);
}

void kill_server_case(bool leads) {
  server_case(
    std::string{"kill -9 of a "} + (leads ? "leading" : "following") + " server", leads, 5s,
    [](fault_world& w, std::size_t s) { w.kill_server(s); }, [](fault_world& w, std::size_t s) { w.start_server(s); });
}

void pause_server_case(bool leads) {
  server_case(
    std::string{"SIGSTOP of a "} + (leads ? "leading" : "following") + " server", leads, 5s,
    [](fault_world& w, std::size_t s) { w.pause_server(s); },
    [](fault_world& w, std::size_t s) { w.resume_server(s); });
}

} // namespace

TEST_CASE("kill -9 of a server that follows: everything goes on") {
  kill_server_case(false);
}

TEST_CASE("kill -9 of the server that leads: everything goes on") {
  kill_server_case(true);
}

TEST_CASE("a server that follows is frozen: everything goes on") {
  pause_server_case(false);
}

TEST_CASE("the server that leads is frozen: everything goes on") {
  pause_server_case(true);
}

TEST_CASE("a minority server is cut off: everything goes on") {
  server_case(
    "cut of a following server", false, 5s, [](fault_world& w, std::size_t s) { w.cut_server(s); },
    [](fault_world& w, std::size_t s) { w.heal_server(s); });
}

TEST_CASE("the server that leads is cut off: everything goes on") {
  server_case(
    "cut of a leading server", true, 5s, [](fault_world& w, std::size_t s) { w.cut_server(s); },
    [](fault_world& w, std::size_t s) { w.heal_server(s); });
}

TEST_CASE("a follower is cut from its peers while its clients stay connected: everything goes on") {
  if (!fault_world::instance().has_namespaces()) {
    MESSAGE("skipped: needs root, ip and nft");
    return;
  }
  server_case(
    "following server cut from its peers", false, 5s, [](fault_world& w, std::size_t s) { w.cut_server_from_peers(s); },
    [](fault_world& w, std::size_t s) { w.heal_server(s); });
}
