// The file of `djm plan`, and the planner with whatever it describes. Input: the file.
#include "tools/plan/plan_file.hpp"

#include <algorithm>
#include <string>

#include "model/json_parse.hpp"
#include "test/fuzz/fuzz.hpp"

namespace {

/// A few bytes can ask for millions of items; that is what limits are for, but nothing to search.
bool asks_for_much(std::string_view text) {
  const auto file = djm::impl::parse_json(text);
  if (!file || !file->is_object() || !file->contains("jobs")) {
    return false;
  }
  for (const auto& job : (*file)["jobs"]) {
    if (job.is_object() && job.contains("items") && job["items"].is_object()) {
      const auto count = job["items"].find("count");
      if (count != job["items"].end() && count->is_number() && *count > 99) {
        return true;
      }
    }
  }
  return false;
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
    require(fuzz::is_one_line(request.error().text), "a refusal is one line");
    require(request.error().text.size() < 4000, "a refusal is short, however long the text");
    return 0;
  }
  for (const auto& warning : request->warnings) {
    require(fuzz::is_one_line(warning), "a warning is one line");
    require(warning.size() < 4000, "a warning is short, however long the text");
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
  const auto written = impl::parse_json(tool::plan_to_json(request->problem, *made, -1));
  require(written && !(*written)["summary"].contains("elapsed_us"), "the plan can be written");
  require((*written)["unassigned"].size() == made->unassigned.size(), "with what nobody has");
  const auto timed = impl::parse_json(tool::plan_to_json(request->problem, *made, 5));
  require(timed && (*timed)["summary"]["elapsed_us"] == 5, "and how long it took");
  const auto table = tool::plan_to_table(request->problem, *made, -1);
  require(tool::plan_to_table(request->problem, *made, 5) == table + "planned in 5 us\n", "and shown");
  return 0;
}
