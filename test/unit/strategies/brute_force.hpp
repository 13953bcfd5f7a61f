#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <ostream>
#include <vector>

#include "djm/strategy.hpp"

/// The lexicographic optimum by trying everything: a second, slow and simple statement of what `balanced` promises.
namespace djm::test {

/// What a plan is judged by, the most important first; less is better.
struct score {
  std::array<std::int64_t, 3> unplaced{}; ///< high, normal, low
  std::int64_t on_draining = 0;
  std::int64_t left_cordoned = 0; ///< items taken from a cordoned worker, which keeps what it has
  std::int64_t zones = 0;         ///< sum of squares per job and zone, of jobs that spread
  std::int64_t jobs = 0;          ///< sum of squares per job and worker
  std::int64_t totals = 0;        ///< sum of squares per worker
  std::int64_t moves = 0;

  friend bool operator<(const score& a, const score& b) { return a.key() < b.key(); }
  friend bool operator==(const score& a, const score& b) { return a.key() == b.key(); }

  std::array<std::int64_t, 9> key() const {
    return {unplaced[0], unplaced[1], unplaced[2], on_draining, left_cordoned, zones, jobs, totals, moves};
  }
};

inline std::ostream& operator<<(std::ostream& out, const score& x) {
  for (auto k : x.key()) {
    out << k << ' ';
  }
  return out;
}

inline std::int64_t square(std::int64_t x) {
  return x * x;
}

inline score score_of(const assignment_problem& p, const std::vector<worker_index>& owner) {
  score result;
  std::vector<std::int64_t> totals(p.worker_count());
  for (job_index j = 0; j < p.job_count(); ++j) {
    std::vector<std::int64_t> counts(p.worker_count());
    std::vector<std::int64_t> zones(p.zone_count());
    for (auto i = p.first_item(j); i < p.first_item(j + 1); ++i) {
      const auto w = owner[i];
      const auto from = p.previous(i);
      if (from != no_worker && p.eligible(j, from) && from != w) {
        ++result.moves;
      }
      if (from != no_worker && p.eligible(j, from) && from != w && p.worker(from).cordoned &&
          !p.worker(from).draining && !p.job(j).pin_of(i - p.first_item(j))) {
        ++result.left_cordoned;
      }
      if (w == no_worker) {
        ++result.unplaced[2 - static_cast<std::size_t>(p.job(j).priority)];
        continue;
      }
      ++counts[w];
      ++totals[w];
      ++zones[p.worker(w).zone_index];
      result.on_draining += p.worker(w).draining ? 1 : 0;
    }
    for (auto n : counts) {
      result.jobs += square(n);
    }
    if (p.job(j).spread_zones) {
      for (auto n : zones) {
        result.zones += square(n);
      }
    }
  }
  for (auto n : totals) {
    result.totals += square(n);
  }
  return result;
}

class brute_force {
public:
  explicit brute_force(const assignment_problem& p) : p_(p), owner_(p.item_count(), no_worker) {}

  score best() {
    place(0);
    return *best_;
  }

private:
  bool allowed(item_index i, worker_index w) const {
    const auto j = p_.job_of(i);
    const auto from = p_.previous(i);
    if (!p_.eligible(j, w) || (from != w && !p_.worker(w).accepts_new())) {
      return false;
    }
    if (auto pin = p_.job(j).pin_of(i - p_.first_item(j)); pin && *pin != w) {
      return false;
    }
    return true;
  }

  // Whether the item fits beside those placed before it.
  bool fits(item_index i, worker_index w) const {
    const auto j = p_.job_of(i);
    const auto& job = p_.job(j);
    std::size_t total = 1;
    std::size_t same = 1;
    std::vector<std::int64_t> used(p_.resources().size());
    for (const auto& need : job.profile) {
      used[need.resource] += need.amount;
    }
    for (item_index k = 0; k < i; ++k) {
      if (owner_[k] != w) {
        continue;
      }
      const auto other = p_.job_of(k);
      ++total;
      same += other == j ? 1 : 0;
      if (std::count(job.separate_from.begin(), job.separate_from.end(), other) > 0) {
        return false;
      }
      for (const auto& need : p_.job(other).profile) {
        used[need.resource] += need.amount;
      }
    }
    if (total > p_.worker(w).max_items || (job.max_per_worker != 0 && same > job.max_per_worker)) {
      return false;
    }
    for (std::size_t r = 0; r < used.size(); ++r) {
      if (p_.worker(w).capacity[r] != worker_info::unlimited && used[r] > p_.worker(w).capacity[r]) {
        return false;
      }
    }
    return true;
  }

  void place(item_index i) {
    if (i == owner_.size()) {
      const auto found = score_of(p_, owner_);
      if (!best_ || found < *best_) {
        best_ = found;
      }
      return;
    }
    bool possible = false;
    for (worker_index w = 0; w < p_.worker_count(); ++w) {
      if (allowed(i, w) && (p_.unconstrained() || fits(i, w))) {
        possible = true;
        owner_[i] = w;
        place(i + 1);
      }
    }
    if (!possible || !p_.unconstrained()) {
      owner_[i] = no_worker;
      place(i + 1);
    }
    owner_[i] = no_worker;
  }

  const assignment_problem& p_;
  std::vector<worker_index> owner_;
  std::optional<score> best_;
};

} // namespace djm::test
