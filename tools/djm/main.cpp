#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "tools/command.hpp"
#include "tools/cron/cron_command.hpp"
#include "tools/plan/plan_command.hpp"

namespace {

using djm::tool::command;

constexpr command commands[] = {
  {"cron next", "EXPR [--zone Z] [--dst RULE] [--from INSTANT] [--count N]", "prints when a cron expression is due",
   djm::tool::cron_next_command},
  {"plan", "FILE.json [OPTION...]", "plans an assignment offline; alone it shows its options", djm::tool::plan_command},
};

/// Whether the arguments begin with the words of the name; takes them off if they do.
bool take_name(std::string_view name, std::vector<std::string>& arguments) {
  std::size_t words = 0;
  for (auto rest = name; !rest.empty(); ++words) {
    const auto word = rest.substr(0, rest.find(' '));
    if (words == arguments.size() || arguments[words] != word) {
      return false;
    }
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  }
  arguments.erase(arguments.begin(), arguments.begin() + static_cast<std::ptrdiff_t>(words));
  return true;
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const auto& c : commands) {
    if (take_name(c.name, arguments)) {
      return c.run(arguments, std::cout, std::cerr);
    }
  }
  std::cerr << "usage: djm COMMAND [ARGUMENT...]\n";
  for (const auto& c : commands) {
    std::cerr << "  djm " << c.name << ' ' << c.arguments << "\n    " << c.summary << '\n';
  }
  return 1;
}
