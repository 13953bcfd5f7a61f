// The file of `djm plan`, and the planner with whatever it describes. Input: the file.
#include "tools/plan/plan_file.hpp"

#include <algorithm>
#include <string>

#include "test/fuzz/fuzz.hpp"

namespace {

/// A few bytes can ask for millions of items; that is what limits are for, but nothing to search.
bool asks_for_much(std::string_view text) {
  std::size_t digits = 0;
  std::size_t longest = 0;
  for (char c : text) {
    digits = c >= '0' && c <= '9' ? digits + 1 : 0;
    longest = std::max(longest, digits);
  }
  return longest > 2 && text.find("count") != text.npos;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace djm;
  using fuzz::require;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  if (asks_for_much(text)) {
    return -1;
  }
  static const strategy_registry registry;
  const auto strict = tool::read_plan_request(text, registry, tool::gone::refused);
  const auto request = tool::read_plan_request(text, registry, tool::gone::allowed);
  if (!request) {
    require(!strict, "the strict reader takes nothing that the other refuses");
    require(request.error().code == errc::invalid_file || request.error().code == errc::unknown_strategy,
            "a refusal is invalid_file or unknown_strategy");
    require(!request.error().text.empty(), "a refusal says why");
    return 0;
  }
  require(strict.has_value() == request->warnings.empty(), "the strict reader refuses what the other warns of");
  auto options = request->options;
  options.effort = std::min<std::uint64_t>(options.effort, 200'000);
  const auto made = make_plan(request->problem, registry, options);
  require(made.has_value(), "there is a plan for every problem that can be read");
  require(made->failures.empty(), "no strategy fails");
  require(check_plan(request->problem, made->owner).has_value(), "the plan keeps the rules");
  const auto twice = make_plan(request->problem, registry, options);
  require(twice && twice->owner == made->owner, "the plan depends on the problem alone");
  require(!tool::plan_to_json(request->problem, *made, -1).empty(), "the plan can be written");
  require(!tool::plan_to_table(request->problem, *made, -1).empty(), "and shown");
  return 0;
}
