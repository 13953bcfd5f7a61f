#include <algorithm>

#include "strategies/murmur3.hpp"
#include "strategies/stages.hpp"

namespace djm {

namespace {

class sharing {
public:
  explicit sharing(const assignment_problem& problem)
    : problem_(problem),
      workers_(problem.worker_count()),
      served_(problem.job_count() * workers_),
      granted_(problem.job_count()) {}

  assignment_problem run() {
    for (job_index j = 0; j < problem_.job_count(); ++j) {
      if (!problem_.job(j).separate_from.empty() && problem_.items_of(j) > 0) {
        jobs_.push_back(j);
      }
    }
    if (jobs_.empty()) {
      return problem_;
    }
    keep();
    hand_out();
    help_the_landless();
    auto result = problem_;
    for (auto j : jobs_) {
      std::vector<std::uint64_t> row(problem_.words());
      for (worker_index w = 0; w < workers_; ++w) {
        if (serves(j, w)) {
          row[w >> 6] |= std::uint64_t{1} << (w & 63);
        }
      }
      result = result.with_eligible(j, row);
    }
    return result;
  }

private:
  bool serves(job_index j, worker_index w) const { return served_[j * workers_ + w] != 0; }

  bool excluded(job_index j, worker_index w) const {
    for (auto other : problem_.job(j).separate_from) {
      if (serves(other, w)) {
        return true;
      }
    }
    return false;
  }

  void grant(job_index j, worker_index w) {
    served_[j * workers_ + w] = 1;
    ++granted_[j];
  }

  // Needs that only this worker can meet come first, then whoever has most items there.
  void keep() {
    std::vector<std::uint32_t> had(served_.size());
    std::vector<char> pinned(served_.size());
    for (auto j : jobs_) {
      for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
        if (const auto w = problem_.previous(i); w != no_worker) {
          ++had[j * workers_ + w];
        }
      }
      for (const auto& [item, w] : problem_.job(j).pinned) {
        if (w != no_worker) {
          pinned[j * workers_ + w] = 1;
        }
      }
    }
    for (worker_index w = 0; w < workers_; ++w) {
      auto order = jobs_;
      std::stable_sort(order.begin(), order.end(), [&](job_index a, job_index b) {
        const auto x = a * workers_ + w;
        const auto y = b * workers_ + w;
        if (pinned[x] != pinned[y]) {
          return pinned[x] > pinned[y];
        }
        if (problem_.job(a).priority != problem_.job(b).priority) {
          return problem_.job(a).priority > problem_.job(b).priority;
        }
        return had[x] > had[y];
      });
      for (auto j : order) {
        if ((pinned[j * workers_ + w] != 0 || had[j * workers_ + w] > 0) && problem_.eligible(j, w) &&
            !excluded(j, w)) {
          grant(j, w);
        }
      }
    }
  }

  // Fewest workers for its items first.
  bool poorer(job_index a, job_index b, worker_index w) const {
    const auto x = granted_[a] * problem_.items_of(b);
    const auto y = granted_[b] * problem_.items_of(a);
    if (x != y) {
      return x < y;
    }
    const auto hash = problem_.worker(w).hash;
    return pair_rank(problem_.job(a).hash, hash) > pair_rank(problem_.job(b).hash, hash);
  }

  void hand_out() {
    for (worker_index w = 0; w < workers_; ++w) {
      if (!problem_.worker(w).accepts_new()) {
        continue;
      }
      auto order = jobs_;
      std::sort(order.begin(), order.end(), [&](job_index a, job_index b) { return poorer(a, b, w); });
      for (auto j : order) {
        if (!serves(j, w) && problem_.eligible(j, w) && !excluded(j, w)) {
          grant(j, w);
        }
      }
    }
  }

  // A job without any worker takes one whose other jobs can all do without it.
  void help_the_landless() {
    auto order = jobs_;
    std::stable_sort(order.begin(), order.end(),
                     [&](job_index a, job_index b) { return problem_.job(a).priority > problem_.job(b).priority; });
    for (auto j : order) {
      if (granted_[j] > 0) {
        continue;
      }
      auto best = no_worker;
      std::uint32_t best_spare = 0;
      for (worker_index w = 0; w < workers_; ++w) {
        if (!problem_.eligible(j, w) || !problem_.worker(w).accepts_new()) {
          continue;
        }
        auto spare = UINT32_MAX; // workers the poorest of them would still have
        for (auto other : problem_.job(j).separate_from) {
          if (serves(other, w)) {
            spare = std::min(spare, granted_[other] - 1);
          }
        }
        if (spare > best_spare) {
          best = w;
          best_spare = spare;
        }
      }
      if (best == no_worker) {
        continue;
      }
      for (auto other : problem_.job(j).separate_from) {
        if (serves(other, best)) {
          served_[other * workers_ + best] = 0;
          --granted_[other];
        }
      }
      grant(j, best);
    }
  }

  const assignment_problem& problem_;
  std::size_t workers_;
  std::vector<char> served_;
  std::vector<std::uint32_t> granted_;
  std::vector<job_index> jobs_;
};

} // namespace

assignment_problem share_out_workers(const assignment_problem& problem) {
  return sharing{problem}.run();
}

} // namespace djm
