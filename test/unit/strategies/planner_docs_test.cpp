#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/plan/plan_file.hpp"

using namespace djm;

namespace {

/// The fenced blocks of one language, in order.
std::vector<std::string> blocks(const std::string& text, const std::string& language) {
  std::vector<std::string> result;
  std::istringstream in{text};
  std::string line;
  bool inside = false;
  while (std::getline(in, line)) {
    if (!inside && line == "```" + language) {
      inside = true;
      result.emplace_back();
    } else if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      result.back() += line + "\n";
    }
  }
  return result;
}

} // namespace

TEST_CASE("the worked examples of docs/planner.md are what djm plan writes") {
  std::ifstream in{DJM_SOURCE_DIR "/docs/planner.md"};
  REQUIRE(in.good());
  const auto found = blocks({std::istreambuf_iterator<char>{in}, {}}, "json");
  REQUIRE(found.size() == 6); // three files, each followed by its plan
  const strategy_registry registry;
  for (std::size_t k = 0; k < found.size(); k += 2) {
    CAPTURE(k);
    const auto request = tool::read_plan_request(found[k], registry);
    REQUIRE_MESSAGE(request.has_value(), request.error().text);
    CHECK(request->warnings.empty());
    const auto planned = make_plan(request->problem, registry, request->options);
    REQUIRE(planned.has_value());
    CHECK(tool::plan_to_json(request->problem, *planned, -1) == found[k + 1]);
  }
}
