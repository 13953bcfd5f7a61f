#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "djm/strategy.hpp"

/// The file that `djm plan` reads; its format is described in docs/planner.md.
namespace djm::tool {

struct plan_request {
  assignment_problem problem;
  plan_options options;
  /// What is odd but harmless, each with its JSON pointer.
  std::vector<std::string> warnings;
};

/// A worker in `previous` that is not listed counts as gone, an item there that its job does not list as deleted.
enum class gone { allowed, refused };

/// Reads a problem. Error `invalid_file` (or `unknown_strategy`): "<JSON pointer>: <value>: <rule>". Never throws
/// anything but `bad_alloc`.
expected<plan_request> read_plan_request(std::string_view text, const strategy_registry& registry,
                                         gone previous = gone::allowed);

/// The plan as JSON, lists sorted by name. `elapsed_us` is left out when negative.
std::string plan_to_json(const assignment_problem& problem, const plan& x, std::int64_t elapsed_us);

/// The plan as a table for people.
std::string plan_to_table(const assignment_problem& problem, const plan& x, std::int64_t elapsed_us);

} // namespace djm::tool
