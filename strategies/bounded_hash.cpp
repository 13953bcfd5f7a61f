#include <algorithm>
#include <string>
#include <vector>

#include "strategies/hash_strategies.hpp"
#include "strategies/ledger.hpp"
#include "strategies/murmur3.hpp"

namespace djm {

namespace {

constexpr std::uint32_t points_per_worker = 100; // for a worker of weight 1
constexpr std::uint32_t most_points = 10'000;

struct point {
  std::uint64_t at;
  worker_index worker;
};

std::vector<point> make_ring(const assignment_problem& problem) {
  std::vector<point> ring;
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    const auto& worker = problem.worker(w);
    const auto points = std::clamp<std::int64_t>(points_per_worker * worker.weight / milli, 1, most_points);
    for (std::int64_t k = 0; k < points; ++k) {
      ring.push_back({mix64(worker.hash + mix64(static_cast<std::uint64_t>(k))), w});
    }
  }
  std::sort(ring.begin(), ring.end(),
            [](const point& a, const point& b) { return a.at != b.at ? a.at < b.at : a.worker < b.worker; });
  return ring;
}

} // namespace

expected<plan> bounded_hash_strategy::assign(const assignment_problem& problem, const plan_options&) const {
  plan result;
  result.owner.assign(problem.item_count(), no_worker);
  const auto ring = make_ring(problem);
  if (ring.empty()) {
    return result;
  }
  // Bound of a worker's items: its share by weight of all items, and a quarter more.
  std::int64_t weights = 0;
  std::int64_t items = static_cast<std::int64_t>(problem.item_count());
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    if (!problem.worker(w).draining) {
      weights += problem.worker(w).weight;
      items += problem.base_items(w);
    }
  }
  std::vector<std::int64_t> room(problem.worker_count());
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    if (!problem.worker(w).draining && weights > 0) {
      room[w] = (5 * items * problem.worker(w).weight + 4 * weights - 1) / (4 * weights) - problem.base_items(w);
    }
  }
  ledger books{problem};
  for (job_index j = 0; j < problem.job_count(); ++j) {
    const auto& job = problem.job(j);
    for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
      const auto key = mix64(job.hash ^ job.items->hash(i - problem.first_item(j)));
      auto at = static_cast<std::size_t>(
        std::lower_bound(ring.begin(), ring.end(), key, [](const point& p, std::uint64_t k) { return p.at < k; }) -
        ring.begin());
      auto best = no_worker;
      // The bound gives way before an item is left out: eligibility may leave too few workers for it.
      for (auto bounded : {true, false}) {
        for (std::size_t k = 0; k < ring.size() && best == no_worker; ++k) {
          const auto w = ring[(at + k) % ring.size()].worker;
          if (problem.worker(w).draining || (bounded && room[w] <= 0)) {
            continue;
          }
          if (problem.unconstrained() ? problem.eligible(j, w) : books.blocks(j, i, w) == plan_rule::none) {
            best = w;
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
      --room[best];
      if (!problem.unconstrained()) {
        books.put(j, i, best);
      }
    }
  }
  return result;
}

} // namespace djm
