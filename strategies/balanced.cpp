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

// Max - min over the workers that take part, and what no choice of extras can bring it below.
struct spread {
  std::int64_t now = 0;
  std::int64_t least = 0;
};

spread spread_of(const count_model& model) {
  const auto& problem = model.problem();
  const auto loads = model.loads();
  auto floor = loads;
  auto ceiling = loads;
  for (std::size_t g = 0; g < model.groups().size(); ++g) {
    each_bit_of_row(model.extra.row(g), model.extra.words(), [&](worker_index w) { --floor[w]; });
    for (std::size_t k = 0; k < model.open.words(); ++k)
      each_bit(model.open.row(g)[k] & ~model.extra.row(g)[k], k * 64, [&](worker_index w) { ++ceiling[w]; });
  }
  std::int64_t top = INT64_MIN;
  std::int64_t bottom = INT64_MAX;
  std::int64_t top_floor = INT64_MIN;
  std::int64_t bottom_ceiling = INT64_MAX;
  for (worker_index w = 0; w < loads.size(); ++w)
    if (problem.worker(w).accepts_new()) {
      top = std::max(top, loads[w]);
      bottom = std::min(bottom, loads[w]);
      top_floor = std::max(top_floor, floor[w]);
      bottom_ceiling = std::min(bottom_ceiling, ceiling[w]);
    }
  if (top < bottom)
    return {};
  return {top - bottom, std::max<std::int64_t>(top_floor - bottom_ceiling, 0)};
}

// Where workers weigh the same, totals that differ by one at most cannot be more even.
bool weights_differ(const assignment_problem& problem) {
  for (worker_index w = 1; w < problem.worker_count(); ++w)
    if (problem.worker(w).weight != problem.worker(0).weight)
      return true;
  return false;
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
    const auto before = spread_of(model);
    const auto felt = tolerance(problem, options);
    if ((before.now > 1 || weights_differ(problem)) && (felt == 0 || before.now - before.least > felt)) {
      const auto fine = model.extra;
      const auto found = balance_totals(model, options.effort);
      result.summary.effort_used = found.effort;
      result.summary.effort_exhausted = !found.exact;
      exact = found.exact;
      if (felt > 0 && before.now - spread_of(model).now <= felt)
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
