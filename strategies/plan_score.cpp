#include "strategies/plan_score.hpp"

namespace djm {

namespace {

std::int64_t square(std::int64_t load, std::int64_t weight) {
  const auto x = static_cast<double>(load) / milli;
  return static_cast<std::int64_t>(x * x * 1000 * milli / static_cast<double>(weight));
}

} // namespace

plan_score score_of(const assignment_problem& problem, const std::vector<worker_index>& owner, bool totals) {
  std::array<std::int64_t, 3> unplaced{};
  std::int64_t draining = 0;
  std::int64_t left_cordoned = 0;
  std::int64_t zones = 0;
  std::int64_t jobs = 0;
  std::int64_t all = 0;
  std::int64_t moves = 0;
  std::vector<std::int64_t> total(problem.worker_count());
  for (worker_index w = 0; w < total.size(); ++w) {
    total[w] = problem.base_load(w);
  }
  for (job_index j = 0; j < problem.job_count(); ++j) {
    const auto& job = problem.job(j);
    std::vector<std::int64_t> share(problem.worker_count());
    std::vector<std::int64_t> zone(job.spread_zones ? problem.zone_count() : 0);
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      const auto to = owner[i];
      const auto from = problem.previous(i);
      if (from != no_worker && from != to && problem.eligible(j, from)) {
        ++moves;
        const auto& worker = problem.worker(from);
        if (worker.cordoned && !worker.draining && !job.pin_of(i - problem.first_item(j))) {
          ++left_cordoned;
        }
      }
      if (to == no_worker) {
        ++unplaced[2 - static_cast<std::size_t>(job.priority)];
        continue;
      }
      share[to] += job.weight_of(i - problem.first_item(j));
      draining += problem.worker(to).draining ? 1 : 0;
      if (!zone.empty()) {
        ++zone[problem.worker(to).zone_index];
      }
    }
    for (worker_index w = 0; w < share.size(); ++w) {
      jobs += square(share[w], problem.worker(w).weight);
      total[w] += share[w];
    }
    for (auto n : zone) {
      zones += n * n;
    }
  }
  for (worker_index w = 0; totals && w < total.size(); ++w) {
    all += square(total[w], problem.worker(w).weight);
  }
  return {{{{plan_rule::placement, unplaced[0]},
            {plan_rule::placement, unplaced[1]},
            {plan_rule::placement, unplaced[2]},
            {plan_rule::draining, draining},
            {plan_rule::cordoned, left_cordoned},
            {plan_rule::zone_spread, zones},
            {plan_rule::job_balance, jobs},
            {plan_rule::global_balance, all},
            {plan_rule::fewest_moves, moves}}}};
}

plan_rule first_worse(const plan_score& a, const plan_score& b) {
  for (std::size_t k = 0; k < a.parts.size(); ++k) {
    if (b.parts[k].value > a.parts[k].value) {
      return a.parts[k].rule;
    }
  }
  return plan_rule::tie;
}

} // namespace djm
