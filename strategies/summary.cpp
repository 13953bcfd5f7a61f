#include "strategies/summary.hpp"

#include <algorithm>
#include <optional>

#include "strategies/ledger.hpp"

namespace djm {

std::vector<bool> taking_part(const assignment_problem& problem) {
  std::vector<std::uint64_t> eligible(problem.words());
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (std::size_t k = 0; problem.items_of(j) > 0 && k < eligible.size(); ++k) {
      eligible[k] |= problem.eligible_words(j)[k];
    }
  }
  std::vector<bool> result(problem.worker_count());
  for (worker_index w = 0; w < result.size(); ++w) {
    result[w] = ((eligible[w >> 6] >> (w & 63)) & 1) != 0 && problem.worker(w).accepts_new();
  }
  return result;
}

void explain_unassigned(const assignment_problem& problem, plan& x) {
  std::vector<unassigned_item> result;
  std::sort(x.unassigned.begin(), x.unassigned.end(),
            [](const unassigned_item& a, const unassigned_item& b) { return a.item < b.item; });
  std::optional<ledger> books;
  auto given = x.unassigned.begin();
  for (job_index j = 0; j < problem.job_count(); ++j) {
    // Items that are neither pinned nor refused and were nobody's are all in the same position.
    std::optional<plan_rule> common;
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      if (x.owner[i] != no_worker) {
        continue;
      }
      while (given != x.unassigned.end() && given->item < i) {
        ++given;
      }
      if (given != x.unassigned.end() && given->item == i && given->reason != plan_rule::none) {
        result.push_back(std::move(*given));
        continue;
      }
      if (!books) {
        books.emplace(problem);
        for (job_index k = 0; k < problem.job_count(); ++k) {
          for (auto n = problem.first_item(k); n < problem.first_item(k + 1); ++n) {
            if (x.owner[n] != no_worker) {
              books->put(k, n, x.owner[n]);
            }
          }
        }
      }
      const auto alike = problem.previous(i) == no_worker && problem.job(j).is_ordinary(i - problem.first_item(j));
      if (!alike || !common) {
        const auto rule = why_unassigned(problem, *books, j, i);
        if (alike) {
          common = rule;
        }
        result.push_back({i, rule, {}});
      } else {
        result.push_back({i, *common, {}});
      }
    }
  }
  x.unassigned = std::move(result);
}

namespace {

void summarise_resources(const assignment_problem& problem, const std::vector<std::int64_t>& used, plan_summary& s) {
  const auto kinds = problem.resources().size();
  s.resources.assign(kinds, {0, INT64_MAX, 0, 0});
  for (std::uint32_t r = 0; r < kinds; ++r) {
    auto& x = s.resources[r];
    for (worker_index w = 0; w < problem.worker_count(); ++w) {
      const auto& worker = problem.worker(w);
      const auto here = used[w * kinds + r];
      x.used += here;
      if (worker.capacity[r] == worker_info::unlimited) {
        x.capacity.reset();
      } else if (x.capacity) {
        *x.capacity += worker.capacity[r];
      }
      if (worker.accepts_new() && worker.capacity[r] > 0) {
        x.least = std::min(x.least, here);
        x.most = std::max(x.most, here);
      }
    }
    x.least = std::min(x.least, x.most);
  }
}

} // namespace

void summarise(const assignment_problem& problem, plan& x) {
  auto& s = x.summary;
  const auto workers = static_cast<worker_index>(problem.worker_count());
  s.items = problem.item_count();
  s.assigned = 0;
  s.placements = 0;
  s.job_spread_max = 0;
  s.totals.assign(workers, 0);
  s.jobs.clear();
  s.jobs.reserve(problem.job_count());
  x.moves.clear();
  std::vector<std::int64_t> used(workers * problem.resources().size());
  std::vector<std::uint32_t> counts(workers);
  const auto* previous = problem.previous_data();
  for (job_index j = 0; j < problem.job_count(); ++j) {
    std::fill(counts.begin(), counts.end(), 0);
    const auto end = problem.first_item(j + 1);
    for (auto i = problem.first_item(j); i < end; ++i) {
      const auto to = x.owner[i];
      const auto from = previous[i];
      if (to != no_worker) {
        ++counts[to];
      }
      if (from == to) {
        continue;
      }
      if (from != no_worker && problem.eligible(j, from)) {
        x.moves.push_back({i, from, to});
      } else if (to != no_worker) {
        ++s.placements;
      }
    }
    std::uint32_t least = UINT32_MAX;
    std::uint32_t most = 0;
    for (worker_index w = 0; w < workers; ++w) {
      s.totals[w] += counts[w];
      s.assigned += counts[w];
      for (const auto& need : problem.job(j).profile) {
        used[w * problem.resources().size() + need.resource] += need.amount * counts[w];
      }
      // Where few may have items it is between those that have some that they are to be even.
      if (problem.eligible(j, w) && problem.worker(w).accepts_new() &&
          (problem.job(j).max_workers == 0 || counts[w] > 0)) {
        least = std::min(least, counts[w]);
        most = std::max(most, counts[w]);
      }
    }
    if (least > most) {
      least = most;
    }
    s.jobs.push_back({least, most});
    s.job_spread_max = std::max<std::size_t>(s.job_spread_max, most - least);
  }
  s.moves = x.moves.size();
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  const auto part = taking_part(problem);
  for (worker_index w = 0; w < workers; ++w) {
    if (part[w]) {
      least = std::min(least, s.totals[w]);
      most = std::max(most, s.totals[w]);
    }
  }
  s.global_spread = least < most ? most - least : 0;
  s.zones.assign(problem.zone_count(), 0);
  for (worker_index w = 0; w < workers; ++w) {
    s.zones[problem.worker(w).zone_index] += s.totals[w];
  }
  summarise_resources(problem, used, s);
}

} // namespace djm
