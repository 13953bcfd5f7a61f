#include "actors/manager/planning/plan_report.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace djm {

namespace {

/// Items without an owner that the status names.
constexpr std::size_t most_listed = 1000;

std::vector<pending_item> list_unassigned(const assignment_problem& problem, const plan& p) {
  std::vector<pending_item> listed;
  for (const auto& u : p.unassigned) {
    if (listed.size() == most_listed) {
      break;
    }
    listed.push_back({problem.job(problem.job_of(u.item)).name, item_id{problem.item_name(u.item)},
                      u.text.empty() ? describe(u.reason) : u.text, u.reason});
  }
  return listed;
}

plan_status figures_of(const assignment_problem& problem, const plan_summary& sum, duration elapsed) {
  plan_status x;
  x.workers = problem.worker_count();
  x.items = sum.items;
  x.assigned = sum.assigned;
  x.moves = sum.moves;
  x.placements = sum.placements;
  x.moves_deferred = sum.moves_deferred;
  if (sum.moves_lower_bound) {
    x.moves_lower_bound = *sum.moves_lower_bound;
  }
  x.job_spread_max = sum.job_spread_max;
  x.global_spread = sum.global_spread;
  if (!sum.totals.empty()) {
    const auto [least, most] = std::minmax_element(sum.totals.begin(), sum.totals.end());
    x.totals = {*least, *most};
  }
  for (job_index j = 0; j < sum.jobs.size(); ++j) {
    x.jobs[problem.job(j).name] = {sum.jobs[j].least, sum.jobs[j].most};
  }
  for (std::size_t r = 0; r < sum.resources.size(); ++r) {
    const auto& y = sum.resources[r];
    x.resources[problem.resources()[r]] = {y.used, y.least, y.most, y.capacity};
  }
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    const auto& worker = problem.worker(w);
    x.zones[worker.zone] = sum.zones[worker.zone_index];
  }
  x.elapsed = elapsed;
  x.effort_exhausted = sum.effort_exhausted;
  return x;
}

} // namespace

plan_report describe_plan(const assignment_problem& problem, const plan& p, duration elapsed) {
  const auto& sum = p.summary;
  return {fmt::format("{} of {} items on {} workers, {} moves, {} placements, job spread {}, global spread {}",
                      sum.assigned, sum.items, problem.worker_count(), sum.moves, sum.placements, sum.job_spread_max,
                      sum.global_spread),
          figures_of(problem, sum, elapsed), list_unassigned(problem, p), p.unassigned.size()};
}

} // namespace djm
