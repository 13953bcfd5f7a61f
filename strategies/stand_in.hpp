#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "djm/strategy.hpp"

/// Planning without calling strategies of users. A strategy of a user may take as long as it likes, or never come back:
/// it is asked elsewhere, about its jobs alone, and the planner takes up what it has answered.
namespace djm {

/// What one strategy is to decide: its jobs, with what strategies before it gave to each worker as base load.
struct strategy_question {
  std::string strategy;
  std::shared_ptr<const assignment_problem> part;
};

struct strategy_answer {
  /// The question.
  std::shared_ptr<const assignment_problem> part;
  expected<plan> result;
};

/// The latest by name.
using strategy_answers = std::map<std::string, strategy_answer, std::less<>>;

/// Whether two questions are the same to a strategy. The line of those that wait for room is no part of it.
bool same_question(const assignment_problem& a, const assignment_problem& b);

/// `registry` with a stand-in for each strategy that is not built in. It gives the answer that was given to the same
/// question. Where there is none its items keep their owners as far as that is legal (a user's strategy may know rules
/// that djm does not: an item that it has not placed is better off shown as unassigned than placed by somebody else),
/// and the question is added to `open`, which must outlive the result unless it is null.
strategy_registry with_stand_ins(const strategy_registry& registry, const strategy_answers& answers,
                                 std::vector<strategy_question>* open);

/// A plan, and the questions that it has left open.
struct plan_so_far {
  plan planned;
  std::vector<strategy_question> open;
};

/// `make_plan` with stand-ins.
expected<plan_so_far> plan_without_users(const assignment_problem& problem, const strategy_registry& registry,
                                         const strategy_answers& answers, const plan_options& options = {});

/// Calls the strategy: user code. What it throws is contained, and what it returns is checked.
expected<plan> ask_strategy(const strategy_question& question, const strategy_registry& registry,
                            const plan_options& options = {});

} // namespace djm
