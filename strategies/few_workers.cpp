#include "strategies/few_workers.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "strategies/murmur3.hpp"
#include "strategies/stages.hpp"

namespace djm {

namespace {

class chooser {
public:
  explicit chooser(const assignment_problem& problem)
    : problem_(problem), shared_(share_out_workers(problem)), workers_(problem.worker_count()), load_(workers_) {}

  assignment_problem run(std::vector<job_index> limited) {
    std::stable_sort(limited.begin(), limited.end(),
                     [&](job_index a, job_index b) { return problem_.job(a).priority > problem_.job(b).priority; });
    std::map<job_index, std::vector<std::uint64_t>> rows;
    for (auto j : limited) {
      const auto chosen = choose(j);
      std::vector<std::uint64_t> row(problem_.words());
      for (auto w : chosen) {
        row[w >> 6] |= std::uint64_t{1} << (w & 63);
        load_[w] += static_cast<std::int64_t>(problem_.items_of(j) / chosen.size() + 1);
      }
      rows.emplace(j, std::move(row));
    }
    return problem_.with_eligible(rows);
  }

private:
  struct candidate {
    worker_index worker;
    bool pinned;
    std::uint32_t had;
    std::uint64_t room; ///< items of the job that fit on it when nothing else is there
    std::uint64_t hash;
    bool taken = false;
  };

  /// Who had and who is named by pins, for every worker that may.
  std::vector<candidate> candidates(job_index j) const {
    const auto& job = problem_.job(j);
    std::vector<std::uint32_t> had(workers_);
    std::vector<bool> pinned(workers_);
    for (auto i = problem_.first_item(j); i < problem_.first_item(j + 1); ++i) {
      if (const auto w = problem_.previous(i); w != no_worker) {
        ++had[w];
      }
    }
    for (const auto& [item, w] : job.pinned) {
      if (w != no_worker) {
        pinned[w] = true;
      }
    }
    std::vector<candidate> all;
    for (worker_index w = 0; w < workers_; ++w) {
      if (shared_.eligible(j, w)) {
        all.push_back({w, pinned[w], had[w], room(j, w), pair_rank(job.hash, problem_.worker(w).hash)});
      }
    }
    return all;
  }

  std::uint64_t room(job_index j, worker_index w) const {
    const auto& job = problem_.job(j);
    const auto& worker = problem_.worker(w);
    std::uint64_t most = problem_.items_of(j);
    if (job.max_per_worker != 0) {
      most = std::min<std::uint64_t>(most, job.max_per_worker);
    }
    most = std::min<std::uint64_t>(most, worker.max_items);
    for (const auto& need : job.profile) {
      if (worker.capacity[need.resource] != worker_info::unlimited) {
        most = std::min(most, static_cast<std::uint64_t>(worker.capacity[need.resource] / need.amount));
      }
    }
    return most;
  }

  /// How gladly a worker is chosen, beside what zones say: the least is best.
  auto rank(const candidate& c) const {
    const auto& worker = problem_.worker(c.worker);
    const int kind = c.pinned                             ? 0
                     : c.had > 0 && !worker.draining      ? 1
                     : worker.accepts_new() && c.room > 0 ? 2
                     : worker.draining && c.had > 0       ? 3
                                                          : 4;
    return std::make_tuple(kind, -static_cast<std::int64_t>(c.had), -static_cast<std::int64_t>(c.room), load_[c.worker],
                           ~c.hash, c.worker);
  }

  std::vector<worker_index> choose(job_index j) const {
    auto all = candidates(j);
    const std::size_t most = problem_.job(j).max_workers;
    std::sort(all.begin(), all.end(), [&](const candidate& a, const candidate& b) { return rank(a) < rank(b); });
    if (problem_.job(j).spread_zones) {
      take_by_zone(all, most);
    } else {
      for (std::size_t k = 0; k < std::min(most, all.size()); ++k) {
        all[k].taken = true;
      }
    }
    make_room(all, problem_.items_of(j));
    std::vector<worker_index> chosen;
    for (const auto& c : all) {
      if (c.taken) {
        chosen.push_back(c.worker);
      }
    }
    return chosen;
  }

  /// Each place goes to the best of the zones that have the fewest; pins come before that.
  void take_by_zone(std::vector<candidate>& all, std::size_t most) const {
    std::vector<std::uint32_t> taken(problem_.zone_count());
    const auto zone = [&](const candidate& c) { return problem_.worker(c.worker).zone_index; };
    for (std::size_t n = 0; n < most; ++n) {
      candidate* best = nullptr;
      for (auto& c : all) { // in the order of their ranks
        if (!c.taken && (best == nullptr || (!best->pinned && useful(c) && taken[zone(c)] < taken[zone(*best)]))) {
          best = &c;
        }
      }
      if (best == nullptr) {
        return;
      }
      best->taken = true;
      ++taken[zone(*best)];
    }
  }

  bool useful(const candidate& c) const {
    const auto& worker = problem_.worker(c.worker);
    return c.room > 0 && (worker.accepts_new() || (c.had > 0 && !worker.draining));
  }

  /// While the chosen have no room for all, the smallest of them gives way to the largest of the others.
  void make_room(std::vector<candidate>& all, std::uint64_t items) const {
    std::uint64_t sum = 0;
    for (const auto& c : all) {
      sum += c.taken ? c.room : 0;
    }
    while (sum < items) {
      candidate* smallest = nullptr;
      candidate* largest = nullptr;
      for (auto& c : all) {
        if (c.taken && !c.pinned && (smallest == nullptr || c.room <= smallest->room)) {
          smallest = &c;
        }
        if (!c.taken && problem_.worker(c.worker).accepts_new() && (largest == nullptr || c.room > largest->room)) {
          largest = &c;
        }
      }
      if (smallest == nullptr || largest == nullptr || largest->room <= smallest->room) {
        return;
      }
      smallest->taken = false;
      largest->taken = true;
      sum += largest->room - smallest->room;
    }
  }

  const assignment_problem& problem_;
  const assignment_problem shared_; // what is left of the workers beside jobs to be kept separate
  std::size_t workers_;
  std::vector<std::int64_t> load_; // items of such jobs, about
};

} // namespace

assignment_problem narrow_to_few_workers(const assignment_problem& problem) {
  std::vector<job_index> limited;
  for (job_index j = 0; j < problem.job_count(); ++j) {
    if (problem.job(j).max_workers != 0 && problem.job(j).max_workers < problem.worker_count() &&
        problem.items_of(j) > 0) {
      limited.push_back(j);
    }
  }
  return limited.empty() ? problem : chooser{problem}.run(std::move(limited));
}

} // namespace djm
