#include <fstream>

#include <doctest/doctest.h>

#include "child_process.hpp"
#include "temp_dir.hpp"
#include "tools/djm/command_table.hpp"
#include "tools/djm/completion.hpp"

using namespace djm::tool;
using djm::test::child_process;
using djm::test::process_options;
using djm::test::temp_dir;
using std::chrono::seconds;

namespace {

/// What bash offers behind these words, one line.
std::string offered(const std::string& words) {
  temp_dir folder;
  const auto script = (folder.path() / "djm.bash").string();
  std::ofstream{script} << completion_of("bash");
  process_options o;
  o.arguments = {"bash", "-c",
                 "source " + script + "; COMP_WORDS=(" + words +
                   "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _djm; echo \"${COMPREPLY[*]}\""};
  child_process bash{o};
  const auto line = bash.read_line(seconds{30});
  return line ? *line : "nothing";
}

} // namespace

TEST_CASE("completion: bash completes commands, their options and fixed words") {
  CHECK(offered("djm sta") == "status state");
  CHECK(offered("djm items --un") == "--unassigned");
  CHECK(offered("djm status -o j") == "json jsonl");
  CHECK(offered("djm check lea") == "leader");
  CHECK(offered("djm cron ne") == "next");
  CHECK(offered("djm events --type worker_jo") == "worker_joined");
  CHECK(offered("djm completion z") == "zsh");
  CHECK(offered("djm help dra") == "drain");
  CHECK(offered("djm drain --timeout ''") == "");
}

TEST_CASE("completion: every command and option is in every script") {
  for (const auto* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_of(shell);
    for (const auto& c : commands()) {
      CHECK(script.find(std::string{c.name.substr(0, c.name.find(' '))}) != std::string::npos);
      for (const auto& o : options_of(c)) {
        const auto name = std::string{long_name(o.name)};
        CAPTURE(name);
        CHECK(script.find(std::string{shell} == "fish" ? "-l " + name.substr(2) + " " : name) != std::string::npos);
      }
    }
  }
  CHECK(completion_of("tcsh").empty());
}
