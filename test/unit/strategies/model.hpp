#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "djm/strategy.hpp"

/// Small problems by name, and plans as sets of names, for tests.
namespace djm::test {

using items = std::vector<item_id>;
/// worker -> job -> items
using assignment = std::map<node_id, std::map<job_id, std::set<item_id>>>;

struct model {
  std::vector<node_id> workers;
  std::map<job_id, items> jobs;
  assignment previous;
  std::string strategy;
};

template <class Id = item_id>
std::vector<Id> numbered(const std::string& prefix, int from, int to) {
  std::vector<Id> result;
  for (int k = from; k <= to; ++k) {
    result.emplace_back(prefix + std::to_string(k));
  }
  return result;
}

inline assignment names_of(const assignment_problem& problem, const std::vector<worker_index>& owner) {
  assignment result;
  for (item_index i = 0; i < owner.size(); ++i) {
    if (owner[i] != no_worker) {
      result[problem.worker(owner[i]).name][problem.job(problem.job_of(i)).name].emplace(problem.item_name(i));
    }
  }
  return result;
}

inline assignment_problem problem_of(const model& x) {
  problem_builder builder{problem_builder::mode::lenient};
  for (const auto& w : x.workers) {
    builder.add_worker(w);
  }
  job_attributes attributes;
  attributes.strategy = x.strategy;
  for (const auto& [job, list] : x.jobs) {
    builder.add_job(job, attributes, list);
  }
  for (const auto& [w, jobs] : x.previous) {
    for (const auto& [job, list] : jobs) {
      for (const auto& item : list) {
        builder.set_previous(w, job, item);
      }
    }
  }
  return builder.build().value();
}

/// (worker, item) pairs of `after` that are not in `before`, first placements included: the count of the oracles.
inline std::size_t new_pairs(const assignment& before, const assignment& after) {
  std::size_t result = 0;
  for (const auto& [w, jobs] : after) {
    for (const auto& [job, list] : jobs) {
      for (const auto& item : list) {
        auto i = before.find(w);
        auto k = i == before.end() ? decltype(i->second.find(job)){} : i->second.find(job);
        if (i == before.end() || k == i->second.end() || k->second.count(item) == 0) {
          ++result;
        }
      }
    }
  }
  return result;
}

} // namespace djm::test
