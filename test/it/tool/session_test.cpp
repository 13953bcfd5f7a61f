// Makes the terminal session that the guide shows (docs/guide/operating-session.md), and compares. With DJM_RECORD=1 in
// the environment the page is written anew.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <regex>

#include <doctest/doctest.h>

#include "child_process.hpp"
#include "harness.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::test;
using std::chrono::seconds;

namespace {

const char* const page_path = DJM_SOURCE_DIR "/docs/guide/operating-session.md";

/// What is another at each run: numbers of transactions, ages, moments, hosts, processes, lives. The columns of tables
/// are as wide as what stands in them, so blanks are made two.
std::string without_accidents(std::string text) {
  const std::pair<std::regex, std::string> rules[] = {
    {std::regex{R"(epoch \d+)"}, "epoch 4294967338"},
    {std::regex{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"}, "2026-01-31T08:00:00.000Z"},
    {std::regex{R"([A-Za-z0-9_.-]+:\d+(\s+\d+(min|s|h)\S*))"}, "host:4711$1"},
    {std::regex{R"(on host \S+)"}, "on host host"},
    {std::regex{R"(token \d+)"}, "token 4294967401"},
    {std::regex{R"(\b(\d+min)?\d+s\b|\b\d+min\b)"}, "5s"},
    {std::regex{R"(answered in \d+ ms)"}, "answered in 5 ms"},
    {std::regex{R"(client-\S+?")"}, "client-host-4711-1\""},
    {std::regex{R"((europe|asia|africa|america|oceania|north)(\s+\S+\s+\S+\s+)\d+)"}, "$1$2 4294967401"},
    {std::regex{R"((malformed  -\s+)\d+)"}, "$1 4294967401"},
    {std::regex{R"([ ]{2,})"}, "  "},
    {std::regex{R"([ ]+\n)"}, "\n"},
  };
  for (const auto& [what, by] : rules) {
    text = std::regex_replace(text, what, by);
  }
  return text;
}

/// Types commands at a shell prompt, and keeps what comes.
class recorder {
public:
  recorder(std::string connect, std::string root) : connect_(std::move(connect)), root_(std::move(root)) {}

  void say(const std::string& text) { page_ += "\n" + text + "\n\n"; }
  std::string type(const std::string& command) {
    auto shell = start("{ " + command + "; } 2>&1; code=$?; ((code == 0)) || echo \"[exit code $code]\"");
    auto text = shell.read_rest(seconds{120});
    page_ += "```console\n$ " + command + "\n" + without_accidents(text) + "```\n";
    return text;
  }
  /// A command that goes on, what somebody else does meanwhile, and the line that comes of it.
  std::string follow(const std::string& command, const std::string& meanwhile) {
    auto shell = start("exec '" DJM_TOOL "' " + command.substr(4) + " 2>&1");
    auto text = shell.read_line(seconds{60}).value_or("nothing") + "\n";
    (void) start(meanwhile).read_rest(seconds{60});
    text += shell.read_line(seconds{60}).value_or("nothing") + "\n";
    page_ += "```console\n$ " + command + "\n" + without_accidents(text) + "```\n";
    return text;
  }
  const std::string& page() const { return page_; }

private:
  child_process start(const std::string& script) const {
    process_options o;
    o.arguments = {"bash", "-c", "djm() { '" DJM_TOOL "' \"$@\"; }; " + script};
    o.environment = {"DJM_STORE=" + connect_, "DJM_ROOT=" + root_};
    return child_process{o};
  }

  std::string connect_, root_;
  std::string page_;
};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

constexpr const char* opening = "# A session with `djm`\n\nMade by the test `it_tool_session` on a real server, which "
                                "also sees that it stays true; numbers of "
                                "transactions,\nages, moments and hosts are made alike, and columns are moved "
                                "together. Three nodes share the job `mail`; "
                                "`DJM_STORE` and\n`DJM_ROOT` say where.\n";

} // namespace

TEST_CASE("the recorded session of the guide is what the tool says") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  std::vector<node> nodes;
  for (const auto* id : {"node-1", "node-2", "node-3"}) {
    nodes.push_back(start_node(quick_config(node_id{id}, connect, root)));
    auto job = counting(
      "mail",
      std::make_shared<counting_job>(std::vector<item_id>{"africa", "america", "asia", "europe", "north", "oceania"}),
      schedule{});
    // It is planned at once when all are there, so that who has what does not depend on who came first.
    job.spec.enabled = false;
    REQUIRE(nodes.back().register_job(std::move(job)));
    REQUIRE(nodes.back().wait_ready(seconds{60}));
  }
  recorder r{connect, root};
  const auto calm = [&](std::size_t locked) {
    return eventually([&] { return locked_items(nodes) == locked && all_locked(*nodes[0].cluster()); }, seconds{60});
  };

  r.say("Switch a job on:");
  r.type("djm jobs");
  CHECK(contains(r.type("djm enable mail --yes --dry-run"), "would set"));
  r.type("djm enable mail --yes >/dev/null");
  REQUIRE(calm(6));

  r.say("Is it healthy?");
  CHECK(contains(r.type("djm status"), "6 assigned, 6 locked, 0 unassigned"));
  CHECK(contains(r.type("djm check"), "coverage    [OK] all 6 items have an owner"));

  r.say("Switch the job off, and on again:");
  r.type("djm disable mail --yes");
  REQUIRE(eventually([&] { return locked_items(nodes) == 0; }, seconds{60}));
  CHECK(contains(r.type("djm jobs"), "off"));
  r.type("djm enable mail --yes >/dev/null");
  REQUIRE(calm(6));

  r.say("Run it once more, now; then slow it down, look at what is set, and take that back:");
  CHECK(contains(r.type("djm trigger mail --yes --request by-hand"), "record rev"));
  r.type("djm set mail schedule.period 5s --yes");
  CHECK(contains(r.type("djm record mail | grep -E '^(rev|overrides)'"), R"({"schedule":{"period":"5s"}})"));
  r.type("djm unset mail schedule.period --yes >/dev/null");
  CHECK(contains(r.type("djm wait mail"), "is served: 6 items"));

  r.say("Who owns what, and why not somebody else?");
  r.type("djm items mail");
  r.type("djm explain mail europe");

  r.say("Who is new since yesterday?");
  CHECK(contains(r.type("djm nodes --since 24h"), "node-3"));

  r.say("What would happen without `node-3`?");
  r.type("djm plan --live --without node-3");

  r.say("Drain a node for a deployment:");
  CHECK(contains(r.type("djm stoppable node-3"), "yes"));
  CHECK(contains(r.type("djm stoppable node-1 node-2 node-3"), "it is the last node alive"));
  r.type("djm drain node-3 2>/dev/null");
  r.type("djm items --node node-3");
  REQUIRE(calm(6));
  r.type("djm undrain node-3 >/dev/null");
  REQUIRE(eventually([&] { return nodes[0].cluster()->workers[2].items == 2; }, seconds{60}));
  REQUIRE(calm(6));

  r.say("Follow events, while somebody cordons a node:");
  CHECK(contains(r.follow("djm events -f", "djm cordon node-2 >/dev/null"), "worker_marked"));
  r.type("djm uncordon node-2 >/dev/null");

  r.say("Find a lock that is stuck, and repair it (somebody has written nonsense into it):");
  store::zookeeper_factory factory;
  port_client stranger{factory, options_for(shared_server())};
  const store::tree_schema tree{root};
  (void) stranger.transact({store::create_op{tree.locks("old"), {}}});
  (void) stranger.transact({store::create_op{tree.lock("old", "north"), "mine!"}});
  CHECK(contains(r.type("djm locks --stuck"), "malformed"));
  CHECK(contains(r.type("djm doctor -o jsonl >/dev/null; djm repair"), "malformed_lock:locks/old"));
  CHECK(contains(r.type("djm repair --fix malformed_lock:locks/old/north.lock | grep remove"), "remove"));
  CHECK_FALSE(contains(r.type("djm locks --stuck"), "malformed"));

  r.say("And with all nodes gone:");
  nodes.clear();
  CHECK(contains(r.type("djm status"), "nobody"));
  r.type("djm leader");

  auto page = std::regex_replace(opening + r.page(), std::regex{root}, "/djm");
  if (std::getenv("DJM_RECORD") != nullptr) {
    std::ofstream{page_path} << page;
  }
  std::ifstream in{page_path};
  const std::string shown{std::istreambuf_iterator<char>{in}, {}};
  CHECK(shown == page);
}
