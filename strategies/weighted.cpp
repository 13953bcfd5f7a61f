#include <algorithm>
#include <numeric>

#include "strategies/ledger.hpp"
#include "strategies/murmur3.hpp"
#include "strategies/refusals.hpp"
#include "strategies/stages.hpp"

namespace djm {

namespace {

class weighted {
public:
  weighted(const assignment_problem& problem, const plan_options& options)
    : problem_(problem),
      options_(options),
      books_(problem),
      share_(problem.worker_count()),
      shares_(shares_beside_refusals(problem, 0)) {
    result_.owner.assign(problem.item_count(), no_worker);
    for (item_index i = 0; i < problem.item_count(); ++i) {
      weight_.push_back(problem.job(0).weight_of(i));
    }
  }

  plan run() {
    std::vector<item_index> order(problem_.item_count());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](item_index a, item_index b) { return weight_[a] > weight_[b]; });
    for (auto i : order) {
      if (const auto w = problem_.previous(i); w != no_worker && !problem_.worker(w).draining && may(i, w)) {
        put(i, w);
      }
    }
    for (auto i : order) {
      if (result_.owner[i] == no_worker) {
        place(i);
      }
    }
    while (steps_ < options_.effort && improve()) {
    }
    result_.summary.effort_used = steps_;
    return std::move(result_);
  }

private:
  bool may(item_index i, worker_index w) const { return books_.blocks(0, i, w) == plan_rule::none; }

  /// It refuses some of the job, and has as much of the rest as it is to get.
  bool full(worker_index w) const { return !shares_.empty() && books_.count(0, w) >= shares_[w]; }

  void put(item_index i, worker_index w) {
    result_.owner[i] = w;
    share_[w] += weight_[i];
    books_.put(0, i, w);
  }

  void take(item_index i) {
    const auto w = result_.owner[i];
    share_[w] -= weight_[i];
    books_.take(0, i, w);
    result_.owner[i] = no_worker;
  }

  // Share of the job per weight of the worker.
  double level(worker_index w, std::int64_t more = 0) const {
    return static_cast<double>(share_[w] + more) / static_cast<double>(problem_.worker(w).weight);
  }

  void place(item_index i) {
    auto best = no_worker;
    for (worker_index w = 0; w < problem_.worker_count(); ++w) {
      if (!problem_.worker(w).draining && may(i, w) && (best == no_worker || better(i, w, best))) {
        best = w;
      }
    }
    steps_ += problem_.worker_count();
    best = or_stay(problem_, books_, 0, i, best);
    if (best != no_worker) {
      put(i, best);
    }
  }

  bool better(item_index i, worker_index a, worker_index b) const {
    const auto x = level(a, weight_[i]);
    const auto y = level(b, weight_[i]);
    if (x < y || y < x) {
      return x < y;
    }
    if (books_.load(a) != books_.load(b)) {
      return books_.load(a) < books_.load(b);
    }
    const auto hash = problem_.job(0).hash;
    return pair_rank(hash, problem_.worker(a).hash) > pair_rank(hash, problem_.worker(b).hash);
  }

  // One move or swap from the heaviest share that brings it and another nearer together. False: there is none.
  bool improve() {
    auto heaviest = no_worker;
    for (worker_index w = 0; w < problem_.worker_count(); ++w) {
      if (problem_.worker(w).accepts_new() && share_[w] > 0 && (heaviest == no_worker || level(w) > level(heaviest))) {
        heaviest = w;
      }
    }
    if (heaviest == no_worker) {
      return false;
    }
    const auto top = level(heaviest);
    auto best_item = no_worker;
    auto best_other = no_worker;
    auto best_to = no_worker;
    auto best_top = top;
    for (item_index i = 0; i < problem_.item_count(); ++i) {
      if (result_.owner[i] != heaviest) {
        continue;
      }
      take(i);
      for (worker_index w = 0; w < problem_.worker_count(); ++w) {
        ++steps_;
        if (w == heaviest || problem_.worker(w).draining || full(w) || !may(i, w)) {
          continue;
        }
        const auto worse = std::max(level(heaviest), level(w, weight_[i]));
        if (worse < best_top) {
          best_top = worse;
          best_item = i;
          best_to = w;
          best_other = no_worker;
        }
      }
      put(i, heaviest);
    }
    if (best_item == no_worker && problem_.item_count() <= 2000) {
      find_swap(heaviest, best_top, best_item, best_other, best_to);
    }
    if (best_item == no_worker) {
      return false;
    }
    take(best_item);
    if (best_other != no_worker) {
      take(best_other);
      put(best_other, heaviest);
    }
    put(best_item, best_to);
    return true;
  }

  void find_swap(worker_index heaviest, double& best_top, item_index& best_item, item_index& best_other,
                 worker_index& best_to) {
    for (item_index i = 0; i < problem_.item_count(); ++i) {
      if (result_.owner[i] != heaviest) {
        continue;
      }
      for (item_index k = 0; k < problem_.item_count(); ++k) {
        ++steps_;
        const auto w = result_.owner[k];
        if (w == no_worker || w == heaviest || weight_[k] >= weight_[i] || problem_.worker(w).cordoned) {
          continue;
        }
        const auto worse = std::max(level(heaviest, weight_[k] - weight_[i]), level(w, weight_[i] - weight_[k]));
        if (worse >= best_top) {
          continue;
        }
        take(i);
        take(k);
        const auto legal = may(i, w) && may(k, heaviest);
        put(k, w);
        put(i, heaviest);
        if (!legal) {
          continue;
        }
        best_top = worse;
        best_item = i;
        best_other = k;
        best_to = w;
      }
    }
  }

  const assignment_problem& problem_;
  const plan_options& options_;
  ledger books_;
  std::vector<std::int64_t> share_;
  std::vector<std::uint32_t> shares_; ///< beside refusals; empty: there are none
  std::vector<std::int64_t> weight_;
  std::uint64_t steps_ = 0;
  plan result_;
};

} // namespace

plan weighted_plan(const assignment_problem& problem, const plan_options& options) {
  return weighted{problem, options}.run();
}

} // namespace djm
