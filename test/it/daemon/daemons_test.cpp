#include <cstdio>
#include <map>
#include <set>

#include "shared_server.hpp"
#include "support.hpp"

using namespace djm::test;

TEST_CASE(
  "djmd: three share the slots of a calendar; one is killed, and the others go on with its items, no slot twice") {
  const daemon_rig rig;
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  const auto out = rig.path("out").string();
  std::vector<child_process> nodes;
  for (const std::string id : {"n1", "n2", "n3"}) {
    const auto file =
      rig.write(id + ".toml", id,
                "[node.store]\nconnect = \"" + connect + "\"\nroot = \"" + root +
                  "\"\nsession_timeout = \"4s\"\noperation_deadline = \"1s\"\n"
                  "[job.tick]\nitems = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]\ncron = \"* * * * * *\"\n"
                  "stop_grace = \"1s\"\nprogram = [\"/bin/sh\", \"-c\", \"echo $DJM_ITEM $DJM_SLOT "
                  "$DJM_NODE >> " +
                  out +
                  "\"]\n[job.own]\nevery_node = true\nevery = \"500ms\"\nstop_grace = \"1s\"\n"
                  "program = [\"/bin/sh\", \"-c\", \"echo $DJM_ITEM $DJM_NODE >> " +
                  rig.path("own").string() + "\"]\n");
    nodes.push_back(rig.start({file}, id + ".txt"));
  }
  const auto on = [&] {
    std::map<std::string, std::set<std::string>> items; // by node
    const auto all = lines_of(out);
    for (std::size_t i = all.size() > 30 ? all.size() - 30 : 0; i < all.size(); ++i) {
      std::istringstream in{all[i]};
      std::string item, slot, node;
      in >> item >> slot >> node;
      items[node].insert(item);
    }
    return items;
  };
  REQUIRE(comes_true([&] {
    const auto now = on();
    return now.size() == 3 && lines_of(out).size() > 60;
  }));
  REQUIRE(comes_true([&] {
    const auto all = lines_of(rig.path("own"));
    return std::set<std::string>{all.begin(), all.end()} == std::set<std::string>{"n1 n1", "n2 n2", "n3 n3"};
  }));
  nodes[0].kill();
  const auto killed = std::chrono::steady_clock::now();
  REQUIRE(comes_true([&] {
    const auto now = on();
    std::set<std::string> all;
    for (const auto& [node, items] : now) {
      all.insert(items.begin(), items.end());
    }
    return now.count("n1") == 0 && all.size() == 6;
  }));
  std::printf("figure: after kill -9 of a djmd all items ran on the others within %.1f s (T = 4 s, D = 15 s)\n",
              std::chrono::duration<double>(std::chrono::steady_clock::now() - killed).count());
  for (const auto i : {1u, 2u}) {
    nodes[i].signal(SIGTERM);
  }
  for (const auto i : {1u, 2u}) {
    CHECK(nodes[i].wait(60s) == 0);
  }
  std::set<std::string> seen;
  for (const auto& line : lines_of(out)) {
    const auto slot = line.substr(0, line.rfind(' '));
    CHECK_MESSAGE(seen.insert(slot).second, ("twice: " + line));
  }
}
