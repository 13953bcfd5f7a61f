#include "strategies/balanced.hpp"

#include "strategies/greedy.hpp"

namespace djm {

expected<plan> balanced_strategy::assign(const assignment_problem& problem, const plan_options&) const {
  return greedy_plan(problem, true);
}

expected<plan> evenly_spread_strategy::assign(const assignment_problem& problem, const plan_options&) const {
  return greedy_plan(problem, false);
}

} // namespace djm
