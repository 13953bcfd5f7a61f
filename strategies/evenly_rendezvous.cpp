#include <algorithm>
#include <string>
#include <vector>

#include "strategies/hash_strategies.hpp"
#include "strategies/ledger.hpp"
#include "strategies/murmur3.hpp"

namespace djm {

namespace {

// Which workers are full for one job, by the rule of the caps.
class caps {
public:
  caps(std::size_t items, std::size_t workers)
    : lo_(items / workers),
      hi_(lo_ + (items % workers != 0 ? 1 : 0)),
      want_(items % workers == 0 ? workers : items % workers) {}

  bool open(std::size_t count) const { return count < (reached_ < want_ ? hi_ : lo_); }

  void added(std::size_t count) {
    if (count == hi_ && reached_ < want_) {
      ++reached_;
    }
  }

private:
  std::size_t lo_;
  std::size_t hi_;
  std::size_t want_;
  std::size_t reached_ = 0;
};

} // namespace

expected<plan> evenly_rendezvous_strategy::assign(const assignment_problem& problem, const plan_options&) const {
  plan result;
  result.owner.assign(problem.item_count(), no_worker);
  ledger books{problem};
  for (job_index j = 0; j < problem.job_count(); ++j) {
    const auto& job = problem.job(j);
    std::vector<worker_index> able;
    for (worker_index w = 0; w < problem.worker_count(); ++w) {
      if (problem.eligible(j, w) && !problem.worker(w).draining) {
        able.push_back(w);
      }
    }
    std::vector<item_index> order;
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](item_index a, item_index b) {
      return job.items->name(a - problem.first_item(j)) < job.items->name(b - problem.first_item(j));
    });
    std::vector<std::size_t> counts(problem.worker_count());
    caps limit{order.size(), std::max<std::size_t>(able.size(), 1)};
    for (auto i : order) {
      std::string prefix{job.name};
      prefix += ':';
      prefix += job.items->name(i - problem.first_item(j));
      const murmur3_prefix hash{prefix};
      auto best = no_worker;
      std::int64_t best_weight = 0;
      // A worker over its cap is only taken when the rules leave no other.
      for (auto within_caps : {true, false}) {
        for (auto w : able) {
          if ((within_caps && !limit.open(counts[w])) || books.blocks(j, i, w) != plan_rule::none) {
            continue;
          }
          const auto weight = static_cast<std::int64_t>(hash(problem.worker(w).name));
          if (best == no_worker || weight > best_weight) {
            best = w;
            best_weight = weight;
          }
        }
        if (best != no_worker) {
          break;
        }
      }
      best = or_stay(problem, books, j, i, best);
      if (best == no_worker) {
        continue;
      }
      result.owner[i] = best;
      books.put(j, i, best);
      limit.added(++counts[best]);
    }
  }
  return result;
}

} // namespace djm
