// The documents show the keys of the configuration as the code has them.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "djm/node_config.hpp"

using namespace djm;

TEST_CASE("the documented tables of keys are those of the code") {
  const auto lines_of = [](const std::string& path) {
    std::ifstream file{std::string{DJM_SOURCE_DIR} + "/" + path};
    REQUIRE(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      lines.push_back(line);
    }
    return lines;
  };
  const auto default_of = [](const config_key& k) {
    return k.default_value.empty() ? std::string{"required"} : "`" + k.default_value + "`";
  };
  // Each file has one table for each key, the README without the range and the advice. In the guide a row may stand in
  // any of the sections; both name every key once and no other.
  const auto compare = [&](const std::string& path, const std::string& from, const std::string& to, auto row_of) {
    CAPTURE(path);
    std::map<std::string, std::string> rows;
    bool inside = false;
    for (const auto& line : lines_of(path)) {
      inside = (inside || line == from) && line != to;
      const auto end = line.find("` |", 3);
      if (inside && line.rfind("| `", 0) == 0 && end != std::string::npos) {
        CHECK_MESSAGE(rows.emplace(line.substr(3, end - 3), line).second, line);
      }
    }
    for (const auto& k : config_keys()) {
      const auto expected = "| `" + k.name + "` | " + row_of(k) + " |";
      const auto found = rows.find(k.name);
      CHECK_MESSAGE((found != rows.end() && found->second == expected), "this row must be: " << expected);
      rows.erase(k.name);
    }
    for (const auto& [name, line] : rows) {
      FAIL_CHECK("no key of the code: " << line);
    }
  };
  compare("README.md", "## Configuration", "### Credentials",
          [&](const config_key& k) { return default_of(k) + " | " + k.text; });
  compare("docs/guide/configuring.md", "## Keys of `node_config`", "## Keys of `job_spec`", [&](const config_key& k) {
    return default_of(k) + " | " + k.range + " | " + k.text + " | " + k.change_when;
  });
}
