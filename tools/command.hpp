#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

/// The commands of the tool `djm`.
namespace djm::tool {

/// One command. To add one: a function in a folder of its own below tools, and a row in `commands` (djm_main.cpp).
struct command {
  /// "plan", or words with one blank between them: "cron next".
  std::string_view name;
  /// What stands behind the name on a command line, for the list of commands.
  std::string_view arguments;
  /// One line that says what it does.
  std::string_view summary;
  /// Gets what stands behind the name; what it returns is the exit code. A wrong command line is 1.
  int (*run)(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);
};

} // namespace djm::tool
