#include <algorithm>
#include <fstream>
#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tool_rig.hpp"
#include "tools/djm/help.hpp"

using namespace djm::test;
using djm::tool::commands;

TEST_CASE("tool: alone it shows its commands, and a word that is none is a wrong command line") {
  tool_rig r;
  const auto alone = r.run_bare({});
  CHECK(alone.code == 2);
  CHECK(alone.out.empty());
  CHECK(contains(alone.err, "usage: djm COMMAND"));
  const auto wrong = r.run_bare({"statsu"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err == "djm: there is no command \"statsu\"; see djm help\n");
}

TEST_CASE("tool: help, the manual page and the commands themselves are of one table") {
  tool_rig r;
  const auto help = r.run_bare({"help"});
  const auto man = r.run_bare({"man"});
  CHECK(help.code == 0);
  CHECK(contains(man.out, ".TH DJM 1"));
  std::set<std::string_view> names;
  for (const auto& c : commands()) {
    CAPTURE(std::string{c.name});
    CHECK(names.insert(c.name).second);
    CHECK((c.run != nullptr || c.raw != nullptr));
    CHECK(contains(help.out, std::string{c.name} + " "));
    CHECK(contains(help.out, c.summary));
    CHECK(contains(man.out, ".SS djm " + std::string{c.name}));
    const auto own =
      r.run_bare({"help", std::string{c.name.substr(0, c.name.find(' '))},
                  std::string{c.name.find(' ') == std::string_view::npos ? std::string_view{"-"}
                                                                         : c.name.substr(c.name.find(' ') + 1)}});
    for (const auto& o : djm::tool::options_of(c)) {
      CHECK(contains(own.out, djm::tool::long_name(o.name)));
    }
  }
}

TEST_CASE("tool: a wrong command line names what is wrong, and ends with 2") {
  tool_rig r;
  const auto option = r.run({"status", "--nonsense"});
  CHECK(option.code == 2);
  CHECK(contains(option.err, "--nonsense"));
  CHECK(contains(option.err, "see djm status --help"));
  CHECK(r.run({"node"}).code == 2);
  CHECK(r.run({"status", "-o", "xml"}).code == 2);
  CHECK(r.run({"items", "--limit", "0"}).code == 2);
  CHECK(r.run({"status", "--timeout", "soon"}).code == 2);
  CHECK(r.run({"check", "weather"}).code == 2);
  CHECK(r.run({"disable"}).code == 2);
  CHECK(r.run_bare({"status"}).err ==
        "djm status: name the store with --store or DJM_STORE, such as zk1:2181,zk2:2181\n");
  CHECK(r.run_bare({"status", "--store", "zk1:0"}).code == 2);
  CHECK(r.run_bare({"status", "--store", "embedded", "--root", "djm"}).code == 2);
  CHECK(r.run_bare({"status", "--store", "embedded", "--digest-file", "/nowhere"}).code == 2);
}

TEST_CASE("tool: the environment says what no option says") {
  tool_rig r;
  r.environment = {{"DJM_STORE", "embedded"}, {"DJM_ROOT", "/elsewhere"}};
  const auto elsewhere = r.run_bare({"status"});
  CHECK(elsewhere.code == 1);
  CHECK(elsewhere.err == "djm status: there is no tree of djm at /elsewhere: that node does not exist\n");
  CHECK(r.run_bare({"status", "--root", "/djm"}).code == 0);
  r.environment["DJM_ROOT"] = "";
  CHECK(r.run_bare({"status"}).code == 0);
}

TEST_CASE("tool: a name may begin with a dash behind two of them") {
  tool_rig r;
  CHECK(contains(r.run_bare({"node", "--store", "embedded", "--", "-n"}).err, "there is no node \"-n\""));
}

TEST_CASE("tool: cron next is as it was") {
  tool_rig r;
  const auto next = r.run_bare({"cron", "next", "0 12 * * *", "--from", "2026-01-01T00:00:00Z", "--count", "1"});
  CHECK(next.code == 0);
  CHECK(next.out == "2026-01-01T12:00:00+00:00\n");
  CHECK(r.run_bare({"cron", "next"}).code == 1);
  CHECK(r.run_bare({"cron", "next", "--help"}).code == 1);
  CHECK(r.run_bare({"cron", "next", "nonsense"}).code == 2);
  CHECK(r.run_bare({"cron", "next", "0 0 0 1 1 * 2020", "--from", "2026-01-01T00:00:00Z"}).code == 3);
}

TEST_CASE("tool: plan of a file keeps its codes") {
  tool_rig r;
  CHECK(r.run_bare({"plan"}).code == 1);
  CHECK(r.run_bare({"plan", "/nowhere.json"}).code == 2);
}

TEST_CASE("tool: the version and the scripts come from the tool itself") {
  tool_rig r;
  CHECK(contains(r.run_bare({"--version"}).out, "djm "));
  CHECK(r.run_bare({"completion", "tcsh"}).code == 2);
  CHECK(r.run_bare({"completion", "bash"}).code == 0);
}
