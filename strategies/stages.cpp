#include "strategies/stages.hpp"

#include <algorithm>
#include <numeric>

#include "strategies/ledger.hpp"
#include "strategies/murmur3.hpp"

namespace djm {

namespace {

// How many jobs stand one upon the other below this one by colocation.
std::vector<std::uint32_t> depths(const assignment_problem& problem) {
  std::vector<std::uint32_t> result(problem.job_count());
  // There is no cycle, so this settles after as many rounds as the longest chain.
  for (auto changed = true; changed;) {
    changed = false;
    for (job_index j = 0; j < problem.job_count(); ++j) {
      for (auto other : problem.job(j).colocate_with) {
        if (result[j] <= result[other]) {
          result[j] = result[other] + 1;
          changed = true;
        }
      }
    }
  }
  return result;
}

bool has(const assignment_problem& problem, bool (*f)(const job_info&)) {
  for (job_index j = 0; j < problem.job_count(); ++j) {
    if (f(problem.job(j))) {
      return true;
    }
  }
  return false;
}

bool weighs(const job_info& job) {
  return !job.item_weights.empty();
}

bool has_affinity(const job_info& job) {
  return !job.colocate_with.empty() || !job.separate_from.empty() || job.one_worker;
}

class stager {
public:
  stager(const assignment_problem& problem, const plan_options& options, bool totals)
    : problem_(problem), options_(options), totals_(totals) {
    result_.owner.assign(problem.item_count(), no_worker);
  }

  plan run() {
    const auto depth = depths(problem_);
    const auto deepest = depth.empty() ? 0 : *std::max_element(depth.begin(), depth.end());
    shared_ = share_out_workers(problem_);
    for (std::uint32_t d = 0; d <= deepest; ++d) {
      std::vector<job_index> rest;
      for (auto special : {true, false}) {
        for (job_index j = 0; j < problem_.job_count(); ++j) {
          if (depth[j] != d || special != (weighs(problem_.job(j)) || problem_.job(j).one_worker)) {
            continue;
          }
          if (special) {
            stage({j});
          } else {
            rest.push_back(j);
          }
        }
      }
      if (!rest.empty()) {
        stage(rest);
      }
    }
    fill();
    return std::move(result_);
  }

private:
  void stage(const std::vector<job_index>& jobs) {
    auto part = shared_->restricted_to(jobs, result_.owner);
    if (jobs.size() == 1 && part.job(0).one_worker) {
      part = part.with_eligible(0, row_of_one(part));
    }
    part = part.without_affinity();
    const auto planned =
      jobs.size() == 1 && weighs(part.job(0)) ? weighted_plan(part, options_) : count_plan(part, options_, totals_);
    item_index from = 0;
    for (auto j : jobs) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        result_.owner[i] = planned.owner[from++];
      }
    }
    result_.summary.effort_used += planned.summary.effort_used;
    result_.summary.effort_exhausted |= planned.summary.effort_exhausted;
  }

  // The worker that can take all items of the only job: who has most of them, then who has least to do.
  std::vector<std::uint64_t> row_of_one(const assignment_problem& part) const {
    std::vector<std::uint32_t> had(part.worker_count());
    for (item_index i = 0; i < part.item_count(); ++i) {
      if (part.previous(i) != no_worker) {
        ++had[part.previous(i)];
      }
    }
    auto best = no_worker;
    for (worker_index w = 0; w < part.worker_count(); ++w) {
      ledger books{part};
      auto fits = !part.worker(w).draining || had[w] == part.item_count();
      for (item_index i = 0; fits && i < part.item_count(); ++i) {
        fits = books.blocks(0, i, w) == plan_rule::none;
        books.put(0, i, w);
      }
      if (!fits) {
        continue;
      }
      if (best == no_worker || had[w] > had[best] ||
          (had[w] == had[best] && (part.base_load(w) < part.base_load(best) ||
                                   (part.base_load(w) == part.base_load(best) && rank(part, w) > rank(part, best))))) {
        best = w;
      }
    }
    std::vector<std::uint64_t> row(part.words());
    if (best != no_worker) {
      row[best >> 6] |= std::uint64_t{1} << (best & 63);
    }
    return row;
  }

  static std::uint64_t rank(const assignment_problem& part, worker_index w) {
    return pair_rank(part.job(0).hash, part.worker(w).hash);
  }

  void fill() {
    std::vector<item_index> waiting;
    for (item_index i = 0; i < result_.owner.size(); ++i) {
      if (result_.owner[i] == no_worker) {
        waiting.push_back(i);
      }
    }
    if (waiting.empty()) {
      return;
    }
    ledger books{problem_};
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        if (result_.owner[i] != no_worker) {
          books.put(j, i, result_.owner[i]);
        }
      }
    }
    std::stable_sort(waiting.begin(), waiting.end(), [&](item_index a, item_index b) {
      return problem_.job(problem_.job_of(a)).priority > problem_.job(problem_.job_of(b)).priority;
    });
    for (auto i : waiting) {
      const auto j = problem_.job_of(i);
      if (problem_.job(j).one_worker) {
        continue; // all or nothing
      }
      auto best = no_worker;
      for (worker_index w = 0; w < problem_.worker_count(); ++w) {
        if (!problem_.worker(w).draining && books.blocks(j, i, w) == plan_rule::none &&
            (best == no_worker || books.count(j, w) < books.count(j, best) ||
             (books.count(j, w) == books.count(j, best) && books.load(w) < books.load(best)))) {
          best = w;
        }
      }
      best = or_stay(problem_, books, j, i, best);
      if (best == no_worker) {
        continue;
      }
      result_.owner[i] = best;
      books.put(j, i, best);
    }
  }

  const assignment_problem& problem_;
  const plan_options& options_;
  bool totals_;
  std::optional<assignment_problem> shared_;
  plan result_;
};

} // namespace

plan staged_plan(const assignment_problem& problem, const plan_options& options, bool totals) {
  if (problem.unconstrained() || (!has(problem, weighs) && !has(problem, has_affinity))) {
    return count_plan(problem, options, totals);
  }
  return stager{problem, options, totals}.run();
}

} // namespace djm
