#include "strategies/stay_put.hpp"

#include <map>
#include <set>

namespace djm {

namespace {

void stay_put(const assignment_problem& problem, job_index j, std::vector<worker_index>& owner) {
  const auto first = problem.first_item(j);
  const auto had = [&](item_index i) {
    const auto w = problem.previous(i);
    return w != no_worker && problem.eligible(j, w) ? w : no_worker;
  };
  std::map<worker_index, std::set<item_index>> came; // to the worker, from elsewhere or from nowhere
  std::set<item_index> left;                         // a worker for another one
  for (auto i = first; i < problem.first_item(j + 1); ++i) {
    if (owner[i] == no_worker || owner[i] == had(i) || !problem.job(j).is_ordinary(i - first)) {
      continue;
    }
    came[owner[i]].insert(i);
    if (had(i) != no_worker) {
      left.insert(i);
    }
  }
  for (auto i : left) {
    const auto home = had(i);
    const auto to = owner[i];
    auto& there = came[home];
    if (to == home || there.empty()) {
      continue; // home already, because it took a place that another one left
    }
    const auto other = *there.begin();
    there.erase(there.begin());
    came[to].erase(i);
    owner[i] = home;
    owner[other] = to;
    if (had(other) != to) {
      came[to].insert(other);
    }
  }
}

} // namespace

void stay_put(const assignment_problem& problem, plan& x) {
  for (job_index j = 0; j < problem.job_count(); ++j) {
    if (problem.job(j).item_weights.empty()) {
      stay_put(problem, j, x.owner);
    }
  }
}

} // namespace djm
