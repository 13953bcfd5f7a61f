#include "strategies/balanced.hpp"

#include <algorithm>

#include "strategies/count_model.hpp"
#include "strategies/global_balance.hpp"
#include "strategies/greedy.hpp"

namespace djm {

namespace {

// Whether counts per job and worker are all there is to decide: no rule ties different jobs together.
bool counts_suffice(const assignment_problem& problem) {
  if (problem.unconstrained())
    return true;
  for (worker_index w = 0; w < problem.worker_count(); ++w)
    if (problem.worker(w).max_items != worker_info::unlimited_items)
      return false;
  for (job_index j = 0; j < problem.job_count(); ++j) {
    const auto& job = problem.job(j);
    if (job.one_worker || !job.colocate_with.empty() || !job.separate_from.empty() || !job.item_weights.empty() ||
        !job.profile.empty())
      return false;
  }
  return true;
}

std::int64_t spread(const count_model& model) {
  const auto loads = model.loads();
  std::int64_t least = INT64_MAX;
  std::int64_t most = INT64_MIN;
  for (worker_index w = 0; w < loads.size(); ++w)
    if (model.problem().worker(w).accepts_new()) {
      least = std::min(least, loads[w]);
      most = std::max(most, loads[w]);
    }
  return least < most ? most - least : 0;
}

// The spread that nobody feels, by the options.
std::int64_t tolerance(const assignment_problem& problem, const plan_options& options) {
  if (problem.fully_eligible() || options.global_tolerance == 0 || problem.worker_count() == 0)
    return 0;
  const auto mean = static_cast<std::int64_t>(problem.item_count() / problem.worker_count());
  return std::max<std::int64_t>(1, mean * options.global_tolerance / 1000);
}

plan count_plan(const assignment_problem& problem, const plan_options& options, bool totals) {
  plan result;
  count_model model{problem};
  model.choose_extras();
  auto exact = true;
  if (totals) {
    const auto before = spread(model);
    const auto felt = tolerance(problem, options);
    if (before > std::max<std::int64_t>(felt, 1)) {
      const auto fine = model.extra;
      const auto found = balance_totals(model, options.effort);
      result.summary.effort_used = found.effort;
      result.summary.effort_exhausted = !found.exact;
      exact = found.exact;
      if (felt > 0 && before - spread(model) <= felt)
        model.extra = fine;
    }
  }
  if (exact)
    result.summary.moves_lower_bound = model.moves();
  model.settle();
  model.deal(result.owner);
  return result;
}

} // namespace

expected<plan> balanced_strategy::assign(const assignment_problem& problem, const plan_options& options) const {
  if (!counts_suffice(problem))
    return greedy_plan(problem, true);
  return count_plan(problem, options, true);
}

expected<plan> evenly_spread_strategy::assign(const assignment_problem& problem, const plan_options& options) const {
  if (!counts_suffice(problem))
    return greedy_plan(problem, false);
  return count_plan(problem, options, false);
}

} // namespace djm
