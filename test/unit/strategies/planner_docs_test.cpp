#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "djm/plan_explain.hpp"
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

TEST_CASE("the explanation in docs/planner.md is what djm plan --explain writes") {
  std::ifstream in{DJM_SOURCE_DIR "/docs/planner.md"};
  REQUIRE(in.good());
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  const auto shown = blocks(text, "text");
  REQUIRE(shown.size() == 1);
  const strategy_registry registry;
  const auto request = tool::read_plan_request(blocks(text, "json").at(2), registry); // the second example
  REQUIRE(request.has_value());
  const auto planned = make_plan(request->problem, registry, request->options).value();
  const auto item = request->problem.find_item("report", "r-1");
  REQUIRE(item.has_value());
  CHECK(to_text(request->problem, explain(request->problem, registry, request->options, planned, *item)) == shown[0]);
}

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
