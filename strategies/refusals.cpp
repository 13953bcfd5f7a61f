#include "strategies/refusals.hpp"

#include <algorithm>

#include "strategies/ledger.hpp"

namespace djm {

std::vector<std::uint32_t> shares_beside_refusals(const assignment_problem& problem, job_index j) {
  const auto& job = problem.job(j);
  if (job.refused.empty()) {
    return {};
  }
  const auto workers = problem.worker_count();
  std::vector<std::uint32_t> refuses(workers);
  std::vector<std::uint32_t> has(workers);
  for (const auto& [item, w] : job.refused) {
    ++refuses[w];
  }
  for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
    if (problem.previous(i) != no_worker) {
      ++has[problem.previous(i)];
    }
  }
  std::int64_t weights = 0;
  for (worker_index w = 0; w < workers; ++w) {
    weights += problem.eligible(j, w) && problem.worker(w).accepts_new() ? problem.worker(w).weight : 0;
  }
  std::vector<std::uint32_t> result(workers, UINT32_MAX);
  for (worker_index w = 0; w < workers; ++w) {
    if (refuses[w] == 0) {
      continue;
    }
    const auto items = static_cast<std::int64_t>(problem.items_of(j));
    const auto share = weights > 0 ? (items * problem.worker(w).weight + weights - 1) / weights : items;
    result[w] = std::max(has[w], static_cast<std::uint32_t>(std::max<std::int64_t>(share - refuses[w], 0)));
  }
  return result;
}

void place_left_out(const assignment_problem& problem, std::vector<worker_index>& owner,
                    bool (*concerns)(const job_info&)) {
  std::vector<item_index> left_out;
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (auto i = problem.first_item(j); concerns(problem.job(j)) && i < problem.first_item(j + 1); ++i) {
      if (owner[i] == no_worker) {
        left_out.push_back(i);
      }
    }
  }
  if (left_out.empty()) {
    return;
  }
  ledger books{problem};
  for (job_index j = 0; j < problem.job_count(); ++j) {
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      if (owner[i] != no_worker) {
        books.put(j, i, owner[i]);
      }
    }
  }
  std::stable_sort(left_out.begin(), left_out.end(), [&](item_index a, item_index b) {
    return problem.job(problem.job_of(a)).priority > problem.job(problem.job_of(b)).priority;
  });
  for (auto i : left_out) {
    const auto j = problem.job_of(i);
    auto best = no_worker;
    for (worker_index w = 0; w < problem.worker_count(); ++w) {
      if (!problem.worker(w).draining && books.blocks(j, i, w) == plan_rule::none &&
          (best == no_worker || books.count(j, w) < books.count(j, best) ||
           (books.count(j, w) == books.count(j, best) && books.load(w) < books.load(best)))) {
        best = w;
      }
    }
    best = or_stay(problem, books, j, i, best);
    if (best != no_worker) {
      owner[i] = best;
      books.put(j, i, best);
    }
  }
}

} // namespace djm
