#include "strategies/greedy.hpp"

#include <algorithm>
#include <numeric>

#include "strategies/ledger.hpp"
#include "strategies/murmur3.hpp"
#include "strategies/refusals.hpp"

namespace djm {

namespace {

class greedy {
public:
  explicit greedy(const assignment_problem& problem) : problem_(problem), books_(problem) {
    owner_.assign(problem.item_count(), no_worker);
  }

  void run(bool even_out_totals) {
    std::vector<job_index> order(problem_.job_count());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](job_index a, job_index b) { return problem_.job(a).priority > problem_.job(b).priority; });
    for (auto j : order) {
      keep(j);
    }
    list_kept();
    for (auto j : order) {
      place(j); // what it pushes out is of lower priority, and has its turn later
    }
    for (auto j : order) {
      even_out(j);
    }
    if (even_out_totals) {
      for (auto j : order) {
        shift_totals(j);
      }
    }
  }

  plan result() { return {std::move(owner_), {}, {}, {}, {}}; }

private:
  void put(job_index j, item_index i, worker_index w) {
    owner_[i] = w;
    books_.put(j, i, w);
  }

  void take(job_index j, item_index i) {
    books_.take(j, i, owner_[i]);
    owner_[i] = no_worker;
  }

  void keep(job_index j) {
    for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
      const auto w = problem_.previous(i);
      if (w != no_worker && !problem_.worker(w).draining && books_.blocks(j, i, w) == plan_rule::none) {
        put(j, i, w);
      }
    }
  }

  // Least of the job, then least in total for its weight, then the pair's rank.
  bool better(job_index j, worker_index a, worker_index b) const {
    if (books_.count(j, a) != books_.count(j, b)) {
      return books_.count(j, a) < books_.count(j, b);
    }
    const auto la = static_cast<double>(books_.load(a)) / static_cast<double>(problem_.worker(a).weight);
    const auto lb = static_cast<double>(books_.load(b)) / static_cast<double>(problem_.worker(b).weight);
    if (la < lb || lb < la) {
      return la < lb;
    }
    const auto hash = problem_.job(j).hash;
    return pair_rank(hash, problem_.worker(a).hash) > pair_rank(hash, problem_.worker(b).hash);
  }

  void place(job_index j) {
    for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
      if (owner_[i] != no_worker) {
        continue;
      }
      auto best = no_worker;
      for (worker_index w = 0; w < problem_.worker_count(); ++w) {
        if (!problem_.worker(w).draining && books_.blocks(j, i, w) == plan_rule::none &&
            (best == no_worker || better(j, w, best))) {
          best = w;
        }
      }
      best = or_stay(problem_, books_, j, i, best);
      best = best == no_worker ? push_out(j, i) : best;
      if (best != no_worker) {
        put(j, i, best);
      }
    }
  }

  job_priority priority_of(item_index i) const { return problem_.job(problem_.job_of(i)).priority; }

  /// What has kept its place and is neither pinned nor of the highest priority, the lowest first.
  void list_kept() {
    hopeless_.assign(problem_.job_count() * problem_.worker_count(), false);
    kept_.resize(problem_.worker_count());
    for (item_index i = 0; i < owner_.size(); ++i) {
      const auto j = problem_.job_of(i);
      const bool pinned = problem_.job(j).pin_of(i - problem_.first_item(j)) != nullptr;
      if (owner_[i] != no_worker && !pinned && priority_of(i) != job_priority::high) {
        kept_[owner_[i]].push_back(i);
      }
    }
    for (auto& items : kept_) {
      std::stable_sort(items.begin(), items.end(),
                       [this](item_index a, item_index b) { return priority_of(a) < priority_of(b); });
    }
  }

  /// The worker on which the fewest items of lower priority have the room that this one needs: they lose it.
  /// `no_worker`: there is none.
  worker_index push_out(job_index j, item_index i) {
    auto best = no_worker;
    std::vector<item_index> least;
    for (worker_index w = 0; w < problem_.worker_count(); ++w) {
      if (problem_.worker(w).accepts_new() && problem_.eligible(j, w) && !is_hopeless(j, w)) {
        auto out = in_the_way(j, i, w);
        if (!out.empty() && (best == no_worker || out.size() < least.size())) {
          best = w;
          least = std::move(out);
        }
      }
    }
    for (const auto k : least) {
      take(problem_.job_of(k), k);
      kept_[best].erase(std::find(kept_[best].begin(), kept_[best].end(), k));
    }
    return best;
  }

  bool is_hopeless(job_index j, worker_index w) const { return hopeless_[j * problem_.worker_count() + w]; }

  /// Those that were kept and without which it fits, the lowest first, none in vain; empty: if all of lower priority
  /// went, that would not do, and where that is so for every item of the job no other one looks again.
  std::vector<item_index> in_the_way(job_index j, item_index i, worker_index w) {
    std::vector<item_index> out;
    bool fits = false;
    bool room = false;
    for (const auto k : kept_[w]) {
      if (fits || priority_of(k) >= problem_.job(j).priority) {
        break;
      }
      books_.take(problem_.job_of(k), k, w);
      out.push_back(k);
      room = room || books_.blocks_any(j, w) == plan_rule::none;
      fits = books_.blocks(j, i, w) == plan_rule::none;
    }
    hopeless_[j * problem_.worker_count() + w] = !room;
    std::vector<item_index> needed;
    for (auto k = out.rbegin(); k != out.rend(); ++k) {
      books_.put(problem_.job_of(*k), *k, w);
      if (fits && books_.blocks(j, i, w) != plan_rule::none) {
        books_.take(problem_.job_of(*k), *k, w);
        needed.push_back(*k);
      }
    }
    for (const auto k : needed) {
      books_.put(problem_.job_of(k), k, w);
    }
    return needed;
  }

  // Moves one item at a time while it brings two counts of the job nearer to each other.
  void even_out(job_index j) {
    const auto shares = shares_beside_refusals(problem_, j);
    for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
      const auto from = owner_[i];
      if (from == no_worker || problem_.worker(from).cordoned) {
        continue;
      }
      take(j, i);
      auto best = from;
      for (worker_index w = 0; w < problem_.worker_count(); ++w) {
        if (w != from && books_.count(j, w) < books_.count(j, from) && problem_.worker(w).accepts_new() &&
            (shares.empty() || books_.count(j, w) < shares[w]) && books_.blocks(j, i, w) == plan_rule::none &&
            (best == from || better(j, w, best))) {
          best = w;
        }
      }
      put(j, i, best);
    }
  }

  // The same for totals, where the job's own balance stays as it is.
  void shift_totals(job_index j) {
    const auto shares = shares_beside_refusals(problem_, j);
    for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
      const auto from = owner_[i];
      if (from == no_worker || problem_.worker(from).cordoned) {
        continue;
      }
      take(j, i);
      auto best = from;
      for (worker_index w = 0; w < problem_.worker_count(); ++w) {
        if (w != from && books_.count(j, w) <= books_.count(j, from) && books_.load(w) + milli <= books_.load(from) &&
            problem_.worker(w).accepts_new() && (shares.empty() || books_.count(j, w) < shares[w]) &&
            books_.blocks(j, i, w) == plan_rule::none && (best == from || books_.load(w) < books_.load(best))) {
          best = w;
        }
      }
      put(j, i, best);
    }
  }

  const assignment_problem& problem_;
  ledger books_;
  std::vector<worker_index> owner_;
  std::vector<std::vector<item_index>> kept_; ///< by worker
  std::vector<bool> hopeless_;                ///< by job and worker: pushing out helps no item of it
};

} // namespace

plan greedy_plan(const assignment_problem& problem, bool even_out_totals) {
  greedy x{problem};
  x.run(even_out_totals);
  return x.result();
}

} // namespace djm
