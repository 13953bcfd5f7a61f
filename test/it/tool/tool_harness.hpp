#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace djm::test {

/// What a program has said and how it ended; 128 + signal when one has killed it.
struct told {
  int code = -1;
  std::string out;
  std::string err;
};

/// The tool with standard output and error on pipes, at a server.
told run_tool(const std::string& connect, std::vector<std::string> arguments,
              std::vector<std::string> environment = {});

/// The tool on a pseudo-terminal of so many columns: both streams are what the terminal was sent. `typed` is what
/// somebody types; `signal_after` the text after which it gets SIGINT.
told run_on_terminal(const std::string& connect, std::vector<std::string> arguments, unsigned short columns,
                     const std::string& typed = {}, const std::string& signal_after = {},
                     std::vector<std::string> environment = {});

} // namespace djm::test
