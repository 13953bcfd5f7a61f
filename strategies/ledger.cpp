#include "strategies/ledger.hpp"

#include <algorithm>

namespace djm {

ledger::ledger(const assignment_problem& problem)
  : problem_(problem),
    workers_(problem.worker_count()),
    kinds_(problem.resources().size()),
    counts_(workers_ * problem.job_count()),
    items_(workers_),
    loads_(workers_),
    used_(workers_ * kinds_),
    placed_(problem.job_count()),
    holders_(problem.job_count()) {
  for (worker_index w = 0; w < workers_; ++w) {
    items_[w] = problem.base_items(w);
    loads_[w] = problem.base_load(w);
    for (std::uint32_t r = 0; r < kinds_; ++r) {
      used_[w * kinds_ + r] = problem.base_used(w, r);
    }
  }
}

plan_rule ledger::eligibility_rule(job_index j, worker_index w) const {
  if (!problem_.offered(j, w)) {
    return plan_rule::not_offered;
  }
  const auto& labels = problem_.worker(w).labels;
  for (const auto& label : problem_.job(j).required_labels) {
    if (!std::binary_search(labels.begin(), labels.end(), label)) {
      return plan_rule::missing_label;
    }
  }
  return plan_rule::separated; // a job planned apart from this problem is in the way
}

plan_rule ledger::blocks_any(job_index j, worker_index w) const {
  if (!problem_.eligible(j, w)) {
    return eligibility_rule(j, w);
  }
  const auto& job = problem_.job(j);
  for (auto other : job.separate_from) {
    if (count(other, w) > 0) {
      return plan_rule::separated;
    }
  }
  if (job.one_worker && placed_[j] != count(j, w)) {
    return plan_rule::one_worker;
  }
  if (job.max_per_worker != 0 && count(j, w) >= job.max_per_worker) {
    return plan_rule::max_per_worker;
  }
  const auto& worker = problem_.worker(w);
  if (items_[w] >= worker.max_items) {
    return plan_rule::max_items;
  }
  for (const auto& need : job.profile) {
    if (worker.capacity[need.resource] != worker_info::unlimited &&
        used_[w * kinds_ + need.resource] + need.amount > worker.capacity[need.resource]) {
      return plan_rule::capacity;
    }
  }
  // Last: who is told this could take the item otherwise.
  if (job.max_workers != 0 && count(j, w) == 0 && holders_[j] >= job.max_workers) {
    return plan_rule::max_workers;
  }
  return plan_rule::none;
}

plan_rule ledger::blocks(job_index j, item_index i, worker_index w) const {
  if (!problem_.eligible(j, w)) {
    return eligibility_rule(j, w);
  }
  const auto& job = problem_.job(j);
  if (!job.pinned.empty()) {
    if (auto pin = job.pin_of(i - problem_.first_item(j))) {
      if (*pin == no_worker) {
        return plan_rule::pinned_worker_missing;
      }
      if (*pin != w) {
        return plan_rule::pinned_elsewhere;
      }
    }
  }
  if (job.refuses(i - problem_.first_item(j), w)) {
    return plan_rule::refused;
  }
  if (problem_.previous(i) != w) {
    if (problem_.worker(w).draining) {
      return plan_rule::draining;
    }
    if (problem_.worker(w).cordoned) {
      return plan_rule::cordoned;
    }
  }
  return blocks_any(j, w);
}

void ledger::put(job_index j, item_index i, worker_index w) {
  const auto& job = problem_.job(j);
  holders_[j] += counts_[j * workers_ + w]++ == 0 ? 1 : 0;
  ++items_[w];
  ++placed_[j];
  loads_[w] += job.item_weights.empty() ? milli : job.weight_of(i - problem_.first_item(j));
  for (const auto& need : job.profile) {
    used_[w * kinds_ + need.resource] += need.amount;
  }
}

void ledger::take(job_index j, item_index i, worker_index w) {
  const auto& job = problem_.job(j);
  holders_[j] -= --counts_[j * workers_ + w] == 0 ? 1 : 0;
  --items_[w];
  --placed_[j];
  loads_[w] -= job.item_weights.empty() ? milli : job.weight_of(i - problem_.first_item(j));
  for (const auto& need : job.profile) {
    used_[w * kinds_ + need.resource] -= need.amount;
  }
}

plan_rule why_unassigned(const assignment_problem& problem, const ledger& books, job_index j, item_index i) {
  auto result = problem.worker_count() == 0 ? plan_rule::no_workers : plan_rule::not_offered;
  if (auto pin = problem.job(j).pin_of(i - problem.first_item(j))) {
    const auto rule = *pin == no_worker ? plan_rule::pinned_worker_missing : books.blocks(j, i, *pin);
    return rule == plan_rule::none ? plan_rule::strategy : rule;
  }
  bool refused = false;
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    const auto rule = books.blocks(j, i, w);
    if (rule == plan_rule::none) {
      return plan_rule::strategy;
    }
    refused = refused || rule == plan_rule::refused;
    result = rule == plan_rule::refused ? result : std::max(result, rule);
  }
  // Where others are merely full, room is what would help.
  return refused && result < plan_rule::max_per_worker ? plan_rule::refused : result;
}

worker_index or_stay(const assignment_problem& problem, const ledger& books, job_index j, item_index i,
                     worker_index chosen) {
  const auto previous = problem.previous(i);
  if (chosen != no_worker || previous == no_worker || books.blocks(j, i, previous) != plan_rule::none) {
    return chosen;
  }
  return previous;
}

} // namespace djm
