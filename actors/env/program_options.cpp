#include <cstdlib>

#include "djm/options.hpp"

/// What of `djm::options` reads the environment of the process.
namespace djm {

expected<parsed_options> options::parse(int argc, const char* const* argv) const {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    arguments.emplace_back(argv[i]);
  }
  return parse(arguments, [](const std::string& name) -> const char* { return std::getenv(name.c_str()); });
}

} // namespace djm
