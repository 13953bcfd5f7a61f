#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "child_process.hpp"
#include "djm/client.hpp"
#include "harness.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "test/unit/client/tree_faults.hpp"
#include "tool_harness.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::test;
using json = nlohmann::json;
using std::chrono::seconds;

namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> at(const std::string& root, std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--root", root});
  return arguments;
}

/// One node with a job of two items, by root.
struct one_node {
  one_node()
    : root(fresh_path()), connect(shared_server().connect_string()), n(start_node(quick_config("n1", connect, root))) {
    REQUIRE(n.register_job(
      counting("mail", std::make_shared<counting_job>(std::vector<item_id>{"asia", "europe"}), schedule{})));
    REQUIRE(n.wait_ready(seconds{60}));
    REQUIRE(eventually(
      [&] { return all_locked(*n.cluster()) && !n.cluster()->jobs.empty() && n.cluster()->jobs[0].items.size() == 2; },
      seconds{60}));
  }
  told run(std::vector<std::string> arguments) { return run_tool(connect, at(root, std::move(arguments))); }
  told on_terminal(std::vector<std::string> arguments, unsigned short columns, const std::string& typed = {},
                   const std::string& signal_after = {}, std::vector<std::string> environment = {}) {
    return run_on_terminal(connect, at(root, std::move(arguments)), columns, typed, signal_after,
                           std::move(environment));
  }
  std::string root, connect;
  node n;
};

/// Items of its first job that somebody has locked.
std::ptrdiff_t locked_items_of(const node& n) {
  const auto view = n.cluster();
  if (!view || view->jobs.empty()) {
    return -1;
  }
  const auto& items = view->jobs[0].items;
  return std::count_if(items.begin(), items.end(), [](const item_view& i) { return !i.holder.empty(); });
}

} // namespace

TEST_CASE("tool: a running cluster on pipes, and what it says is that of the node") {
  one_node c;
  const auto s = c.run({"status", "-o", "json"});
  CHECK(s.code == 0);
  CHECK(json::parse(s.out)["leader"] == "n1");
  CHECK(json::parse(s.out)["locked"] == 2);
  CHECK(c.run({"check"}).code == 0);
  CHECK(c.run({"doctor"}).out == "nothing is wrong with the tree\n");
  CHECK(c.run({"explain", "mail", "asia"}).code == 0);
  CHECK_FALSE(contains(c.run({"nodes"}).out, "\x1b"));
}

TEST_CASE("tool: orders reach the cluster") {
  one_node c;
  CHECK(c.run({"disable", "mail", "--yes"}).code == 0);
  CHECK(eventually([&] { return locked_items_of(c.n) == 0; }, seconds{60}));
  CHECK(c.run({"enable", "mail", "--yes"}).code == 0);
  CHECK(eventually([&] { return locked_items_of(c.n) == 2; }, seconds{60}));
  const auto d = c.run({"drain", "n1", "--timeout", "2s"});
  CHECK(d.code == 3); // nobody else can have its items
  CHECK(contains(d.err, "goes on draining"));
  CHECK(c.run({"undrain", "n1"}).code == 0);
}

TEST_CASE("tool: a terminal is asked, coloured, and cut to its width") {
  one_node c;
  const auto no = c.on_terminal({"disable", "mail"}, 80, "n\n");
  CHECK(no.code == 5);
  CHECK(contains(no.out, "Disable job \"mail\"? [y/N]"));
  const auto coloured = c.on_terminal({"nodes"}, 200);
  CHECK(contains(coloured.out, "\x1b[32malive\x1b[0m"));
  const auto plain = c.on_terminal({"nodes"}, 200, {}, {}, {"NO_COLOR=1"});
  CHECK_FALSE(contains(plain.out, "\x1b["));
  const auto narrow = c.on_terminal({"nodes"}, 20, {}, {}, {"NO_COLOR=1"});
  CHECK(contains(narrow.out, "…"));
}

TEST_CASE("tool: Ctrl-C ends a watch and a wait with 130, and takes nothing back") {
  one_node c;
  const auto watch = c.on_terminal({"status", "--watch"}, 80, {}, "next");
  CHECK(watch.code == 130);
  CHECK(contains(watch.out, "djm: interrupted; what was ordered stays ordered"));
  const auto drain = c.on_terminal({"drain", "n1"}, 80, {}, "still has 2 items");
  CHECK(drain.code == 130);
  CHECK(contains(c.run({"nodes"}).out, "draining"));
}

TEST_CASE("tool: SIGTERM ends what goes on with 143") {
  one_node c;
  process_options o;
  o.arguments = {"bash", "-c",
                 "exec " + std::string{DJM_TOOL} + " events -f --root " + c.root + " --store " + c.connect + " 2>&1"};
  child_process tool{o};
  REQUIRE(tool.read_line(seconds{60}) == "watching the tree; Ctrl-C ends it");
  tool.signal(SIGTERM);
  CHECK(tool.wait(seconds{60}) == 143);
}

TEST_CASE("tool: while the server comes and goes every command ends in time, with a code that is true") {
  zookeeper_server server;
  const auto root = fresh_path();
  auto n = start_node(quick_config("n1", server.connect_string(), root));
  REQUIRE(n.register_job(counting("mail", std::make_shared<counting_job>(std::vector<item_id>{"asia"}), schedule{})));
  REQUIRE(n.wait_ready(seconds{60}));
  std::atomic<bool> over{false};
  std::thread trouble{[&] {
    for (int round = 0; !over; ++round) {
      server.pause();
      let_pass(milliseconds{200 + 150 * (round % 5)});
      server.resume();
      let_pass(milliseconds{150 + 100 * (round % 4)});
    }
  }};
  int answered = 0;
  for (int round = 0; round < 8; ++round) {
    for (const auto& command : std::vector<std::vector<std::string>>{
           {"status"}, {"items"}, {"doctor"}, {"check"}, {"cordon", "n1"}, {"uncordon", "n1"}}) {
      auto arguments = at(root, command);
      arguments.insert(arguments.end(), {"--timeout", "1s"});
      const auto begin = clock::now();
      const auto t = run_tool(server.connect_string(), arguments);
      CAPTURE(command[0]);
      CAPTURE(t.err);
      CHECK((t.code == 0 || t.code == 3 || t.code == 4 || t.code == 5 || t.code == 6));
      CHECK(since(begin) < seconds{30});
      // What is said to be done is done, and what could not be found out says why in one line.
      CHECK((t.code != 4 || std::count(t.err.begin(), t.err.end(), '\n') == 1));
      answered += t.code == 0 ? 1 : 0;
    }
  }
  over = true;
  trouble.join();
  std::printf("figure: of 48 commands of 1 s at a server that stands still half of the time %d were answered\n",
              answered);
  CHECK(eventually(
    [&] {
      return run_tool(server.connect_string(), at(root, {"uncordon", "n1"})).code == 0;
    },
    seconds{60}));
  CHECK_FALSE(n.cluster()->workers[0].cordoned);
}

TEST_CASE("tool: a reader that has gone is said, and no crash") {
  one_node c;
  process_options o;
  o.arguments = {"bash", "-c",
                 std::string{DJM_TOOL} + " tree --root " + c.root + " --store " + c.connect +
                   " 2>&3 | true; echo ${PIPESTATUS[0]}"};
  o.arguments[2] = "exec 3>&1; " + o.arguments[2];
  child_process bash{o};
  const auto text = bash.read_rest(seconds{60});
  // It may have written all before the reader was gone.
  CHECK((contains(text, "standard output is closed") || text == "0\n"));
  CHECK_FALSE(contains(text, "141"));
}

TEST_CASE("tool: read-only accounts, wrong digests and wrong roots are each told") {
  one_node c;
  store::zookeeper_factory factory;
  auto options = options_for(shared_server());
  options.digest = "owner:secret";
  const auto root = fresh_path();
  auto config = quick_config("n1", c.connect, root);
  config.store.digest = "owner:secret";
  auto guarded = start_node(config);
  REQUIRE(guarded.wait_ready(seconds{60}));
  const auto blind = run_tool(c.connect, at(root, {"status"}));
  CHECK(blind.code == 5);
  CHECK(contains(blind.err, "does not let this account read"));
  CHECK(std::count(blind.err.begin(), blind.err.end(), '\n') == 1);
  const auto nowhere = run_tool(c.connect, at("/nowhere", {"status"}));
  CHECK(nowhere.code == 1);
  CHECK(contains(nowhere.err, "there is no tree of djm at /nowhere"));
}

TEST_CASE("tool: a store that does not answer ends with 4 within the time-out") {
  zookeeper_server server;
  const auto root = fresh_path();
  auto n = start_node(quick_config("n1", server.connect_string(), root));
  REQUIRE(n.wait_ready(seconds{60}));
  REQUIRE(n.shutdown());
  server.pause();
  for (const auto& command : std::vector<std::vector<std::string>>{
         {"status"}, {"items"}, {"locks"}, {"doctor"}, {"plan", "--live"}, {"cordon", "n1"}, {"drain", "n1"}}) {
    auto arguments = at(root, command);
    arguments.insert(arguments.end(), {"--timeout", "1s"});
    const auto begin = clock::now();
    const auto t = run_tool(server.connect_string(), arguments);
    CAPTURE(command[0]);
    CHECK(t.code == 4);
    CHECK(std::count(t.err.begin(), t.err.end(), '\n') == 1);
    CHECK(since(begin) < seconds{20});
  }
  server.resume();
  CHECK(eventually([&] { return run_tool(server.connect_string(), at(root, {"status"})).code == 0; }, seconds{60}));
}

TEST_CASE("tool: with all nodes dead everything that is in the tree is told") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  {
    auto n = start_node(quick_config("n1", connect, root));
    REQUIRE(n.register_job(counting("mail", std::make_shared<counting_job>(std::vector<item_id>{"asia"}), schedule{})));
    REQUIRE(n.wait_ready(seconds{60}));
    REQUIRE(n.shutdown());
  }
  for (const auto& command : std::vector<std::vector<std::string>>{
         {"status"}, {"items"}, {"locks"}, {"plan", "--live"}, {"doctor"}, {"nodes"}, {"jobs"}, {"tree"}}) {
    CAPTURE(command[0]);
    CHECK(run_tool(connect, at(root, command)).code == 0);
  }
  CHECK(run_tool(connect, at(root, {"explain", "mail", "asia"})).code == 3);
}

TEST_CASE("client: registers nothing, and sees a chroot as part of the root") {
  one_node c;
  const auto before = snapshot(c.connect, c.root);
  client_options o;
  const auto slash = c.root.rfind('/');
  o.store.connect = " " + c.connect + " ," + (slash > 0 ? c.root.substr(0, slash) : "/");
  o.store.root = c.root.substr(slash);
  {
    auto client = djm::client::open(o);
    REQUIRE(client);
    REQUIRE(client->get_cluster());
    REQUIRE(client->examine());
    REQUIRE(client->get_locks());
  }
  const auto after = snapshot(c.connect, c.root);
  REQUIRE(before.size() == after.size());
  for (const auto& [path, stat] : before) {
    CHECK(after.at(path).mzxid == stat.mzxid);
    CHECK(after.at(path).pzxid == stat.pzxid);
  }
}

TEST_CASE("doctor: every fault is found in the tree of a server, and mended where it can be") {
  store::zookeeper_factory factory;
  port_client stranger{factory, options_for(shared_server())};
  for (const auto& fault : tree_faults()) {
    one_node c;
    const std::function<void(const std::string&, const std::string&)> put = [&](const std::string& path,
                                                                                const std::string& data) {
      if (stranger.read(store::exists(path)).code == store::rc::ok) {
        (void) stranger.transact({store::set_op{path, data}});
        return;
      }
      const auto above = path.substr(0, path.rfind('/'));
      if (stranger.read(store::exists(above)).code != store::rc::ok) {
        put(above, {});
      }
      (void) stranger.transact({store::create_op{path, data}});
    };
    const std::function<void(const std::string&)> erase = [&](const std::string& path) {
      for (const auto& child : stranger.read(store::children(path)).read.children) {
        erase(path + "/" + child);
      }
      (void) stranger.transact({store::remove_op{path}});
    };
    // Nobody is there to mend it by himself; what stands there instead is the tree that the faults speak of.
    REQUIRE(c.n.shutdown());
    put(c.root + "/work-pool/j", store::encode(store::pool_payload{}));
    put(c.root + "/work-pool/j/a", {});
    put(c.root + "/work-pool/j/b", {});
    put(c.root + "/workers/n1/assigned/j/a", {});
    store::alive_payload life;
    life.incarnation = "i1";
    (void) stranger.transact(
      {store::create_op{c.root + "/alive/n1", store::encode(life), store::create_mode::ephemeral}});
    fault.make({put, erase}, c.root);
    const auto id = to_string(fault.rule) + ":" + fault.path;
    CAPTURE(id);
    CHECK(contains(c.run({"doctor", "-o", "json"}).out, "\"" + id + "\""));
    if (fault.mended) {
      CHECK(c.run({"repair", "--fix", id}).code == 0);
      CHECK_FALSE(contains(c.run({"doctor", "-o", "json"}).out, "\"" + id + "\""));
    }
  }
}
