#include <string>

#include "strategies/hash_strategies.hpp"
#include "strategies/ledger.hpp"
#include "strategies/murmur3.hpp"

namespace djm {

namespace {

std::string prefix_of(std::string_view job, std::string_view item) {
  std::string result;
  result.reserve(job.size() + 1 + item.size());
  result += job;
  result += ':';
  result += item;
  return result;
}

} // namespace

std::int64_t rendezvous_weight(std::string_view job, std::string_view item, std::string_view worker) {
  return static_cast<std::int64_t>(murmur3_prefix{prefix_of(job, item)}(worker));
}

expected<plan> rendezvous_strategy::assign(const assignment_problem& problem, const plan_options&) const {
  plan result;
  result.owner.assign(problem.item_count(), no_worker);
  const auto workers = static_cast<worker_index>(problem.worker_count());
  ledger books{problem};
  for (job_index j = 0; j < problem.job_count(); ++j) {
    const auto& job = problem.job(j);
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      const murmur3_prefix hash{prefix_of(job.name, job.items->name(i - problem.first_item(j)))};
      // Workers are numbered by name, so keeping the first of equal weights is the rule for ties.
      auto best = no_worker;
      std::int64_t best_weight = 0;
      for (worker_index w = 0; w < workers; ++w) {
        if (problem.unconstrained() ? !problem.eligible(j, w)
                                    : problem.worker(w).draining || books.blocks(j, i, w) != plan_rule::none) {
          continue;
        }
        const auto weight = static_cast<std::int64_t>(hash(problem.worker(w).name));
        if (best == no_worker || weight > best_weight) {
          best = w;
          best_weight = weight;
        }
      }
      best = or_stay(problem, books, j, i, best);
      result.owner[i] = best;
      if (best != no_worker && !problem.unconstrained()) {
        books.put(j, i, best);
      }
    }
  }
  return result;
}

} // namespace djm
