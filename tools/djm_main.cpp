#include <iostream>
#include <string>
#include <vector>

#include "tools/plan/plan_command.hpp"

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments.front() == "plan") {
    arguments.erase(arguments.begin());
    return djm::tool::plan_command(arguments, std::cout, std::cerr);
  }
  std::cerr << "usage: djm plan FILE.json ...\n"
               "  Plans an assignment offline; `djm plan` alone shows its options.\n";
  return 1;
}
