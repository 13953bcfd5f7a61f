#include "strategies/balanced.hpp"

#include <algorithm>
#include <optional>

#include "strategies/count_model.hpp"
#include "strategies/global_balance.hpp"
#include "strategies/greedy.hpp"
#include "strategies/make_room.hpp"
#include "strategies/refine.hpp"
#include "strategies/refusals.hpp"
#include "strategies/serve_in_line.hpp"
#include "strategies/stages.hpp"
#include "strategies/summary.hpp"

namespace djm {

namespace {

// Max - min over the workers that take part, and what no choice of extras can bring it below.
struct spread {
  std::int64_t now = 0;
  std::int64_t least = 0;
};

template <class F>
void each_taking_part(const assignment_problem& problem, F&& f) {
  const auto part = taking_part(problem);
  for (worker_index w = 0; w < part.size(); ++w) {
    if (part[w]) {
      f(w);
    }
  }
}

spread spread_of(const count_model& model) {
  const auto loads = model.loads();
  auto top = INT64_MIN;
  auto bottom = INT64_MAX;
  each_taking_part(model.problem(), [&](worker_index w) {
    top = std::max(top, loads[w]);
    bottom = std::min(bottom, loads[w]);
  });
  if (top <= bottom) {
    return {};
  }
  if (top - bottom == 1) {
    return {1, 0};
  }
  auto floor = loads;
  auto ceiling = loads;
  for (std::size_t g = 0; g < model.groups().size(); ++g) {
    each_bit_of_row(model.extra.row(g), model.extra.words(), [&](worker_index w) { --floor[w]; });
    for (std::size_t k = 0; k < model.open.words(); ++k) {
      each_bit(model.open.row(g)[k] & ~model.extra.row(g)[k], k * 64, [&](worker_index w) { ++ceiling[w]; });
    }
  }
  auto top_floor = INT64_MIN;
  auto bottom_ceiling = INT64_MAX;
  each_taking_part(model.problem(), [&](worker_index w) {
    top_floor = std::max(top_floor, floor[w]);
    bottom_ceiling = std::min(bottom_ceiling, ceiling[w]);
  });
  return {top - bottom, std::max<std::int64_t>(top_floor - bottom_ceiling, 0)};
}

// Where those that take part weigh the same, totals that differ by one at most cannot be more even.
bool weights_differ(const assignment_problem& problem) {
  std::optional<std::int64_t> common;
  bool differ = false;
  each_taking_part(problem, [&](worker_index w) {
    const std::int64_t weight = problem.worker(w).weight;
    differ = differ || (common && *common != weight);
    common = weight;
  });
  return differ;
}

// Whether every worker that takes part may have every item. The others have no say in how even the rest is: a worker
// that offers nothing, or is on its way out, changes nothing for them.
bool alike(const assignment_problem& problem, const std::vector<bool>& part) {
  if (problem.fully_eligible()) {
    return true;
  }
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (worker_index w = 0; problem.items_of(j) > 0 && w < part.size(); ++w) {
      if (part[w] && !problem.eligible(j, w)) {
        return false;
      }
    }
  }
  return true;
}

// The spread that nobody feels, by the options.
std::int64_t tolerance(const assignment_problem& problem, const plan_options& options) {
  if (options.global_tolerance == 0 || problem.worker_count() == 0) {
    return 0;
  }
  const auto part = taking_part(problem);
  if (alike(problem, part)) {
    return 0;
  }
  const auto workers = static_cast<std::size_t>(std::count(part.begin(), part.end(), true));
  const auto mean = static_cast<std::int64_t>(problem.item_count() / std::max<std::size_t>(workers, 1));
  return std::max<std::int64_t>(1, mean * options.global_tolerance / 1000);
}

// Which zones get the odd items of a job is decided before workers are; up to this many pairs of job and worker the
// choice is improved afterwards, beyond it stays.
constexpr std::size_t zone_limit = 20000;

bool spreads_over_zones(const assignment_problem& problem) {
  for (job_index j = 0; j < problem.job_count(); ++j) {
    if (problem.job(j).spread_zones) {
      return true;
    }
  }
  return false;
}

// Quotas of zones are divided before anybody stays on a draining worker, which may leave items out that could stay.
bool leaves_out(const count_model& model) {
  for (job_index j = 0; j < model.problem().job_count(); ++j) {
    std::uint64_t placed = 0;
    for (worker_index w = 0; w < model.workers(); ++w) {
      placed += model.count(j, w);
    }
    if (placed < model.placeable(j)) {
      return true;
    }
  }
  return false;
}

bool keeps_room(const count_model& model, const std::vector<std::uint32_t>& room) {
  const auto& problem = model.problem();
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    if (room[w] == worker_info::unlimited_items) {
      continue;
    }
    std::uint64_t items = problem.base_items(w);
    for (job_index j = 0; j < problem.job_count(); ++j) {
      items += model.count(j, w);
    }
    if (items > room[w]) {
      return false;
    }
  }
  return true;
}

bool keeps_capacity(const count_model& model) {
  const auto& problem = model.problem();
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    for (std::uint32_t r = 0; r < problem.resources().size(); ++r) {
      if (problem.worker(w).capacity[r] == worker_info::unlimited) {
        continue;
      }
      auto used = problem.base_used(w, r);
      for (job_index j = 0; j < problem.job_count(); ++j) {
        for (const auto& need : problem.job(j).profile) {
          if (need.resource == r) {
            used += need.amount * model.count(j, w);
          }
        }
      }
      if (used > problem.worker(w).capacity[r]) {
        return false;
      }
    }
  }
  return true;
}

} // namespace

plan count_plan(const assignment_problem& problem, const plan_options& options, bool totals) {
  plan result;
  count_model model{problem};
  model.choose_extras();
  const auto room = room_for_items(problem);
  auto exact = true;
  if (totals) {
    const auto before = spread_of(model);
    const auto felt = tolerance(problem, options);
    if ((before.now > 1 || weights_differ(problem)) && (felt == 0 || before.now - before.least > felt)) {
      const auto fine = model.extra;
      const auto found = balance_totals(model, room, options.effort);
      result.summary.effort_used = found.effort;
      exact = found.exact;
      if (felt > 0 && before.now - spread_of(model).now <= felt) {
        model.extra = fine;
      }
    }
  }
  auto moves = model.moves();
  model.settle();
  const auto zones = spreads_over_zones(problem);
  const auto fits = keeps_room(model, room) && !(zones && leaves_out(model));
  if (!fits || (totals && zones && problem.job_count() * problem.worker_count() <= zone_limit)) {
    const auto found = refine_counts(model, room, options.effort, fits);
    result.summary.effort_used += found.effort;
    exact = found.exact;
    moves = model.moves();
  }
  result.summary.effort_exhausted = !exact;
  if (!keeps_capacity(model)) {
    auto legal = greedy_plan(problem, totals);
    legal.summary.effort_used = result.summary.effort_used;
    return legal;
  }
  if (exact) {
    result.summary.moves_lower_bound = moves;
  }
  model.deal(result.owner);
  place_left_out(problem, result.owner, [](const job_info& j) { return !j.refused.empty(); });
  return result;
}

expected<plan> balanced_strategy::assign(const assignment_problem& problem, const plan_options& options) const {
  auto result = staged_plan(problem, options, true);
  serve_in_line(problem, result);
  make_room(problem, options, result);
  return result;
}

expected<plan> evenly_spread_strategy::assign(const assignment_problem& problem, const plan_options& options) const {
  auto result = staged_plan(problem, options, false);
  serve_in_line(problem, result);
  make_room(problem, options, result);
  return result;
}

} // namespace djm
