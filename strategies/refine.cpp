#include "strategies/refine.hpp"

#include <algorithm>
#include <numeric>

#include "strategies/murmur3.hpp"

namespace djm {

namespace {

__extension__ typedef __int128 wide_cost;
using node = std::uint32_t;

constexpr wide_cost unit(int shift) {
  return static_cast<wide_cost>(1) << shift;
}

// One number for the whole order of objectives; each unit outweighs all that a cycle can change below it.
constexpr wide_cost move_cost = 1;
constexpr wide_cost total_cost = unit(14);
constexpr wide_cost job_cost = unit(40);
constexpr wide_cost zone_cost = unit(62);
constexpr wide_cost cordon_cost = unit(86);
constexpr wide_cost drain_cost = unit(96);
constexpr wide_cost unplaced_cost[] = {unit(104), unit(111), unit(118)}; // low, normal, high

class refiner {
public:
  refiner(count_model& model, const std::vector<std::uint32_t>& room, std::uint64_t effort)
    : model_(model),
      problem_(model.problem()),
      room_(room),
      effort_(effort),
      workers_(model.workers()),
      jobs_(problem_.job_count()),
      x_(jobs_ * workers_),
      least_(x_.size()),
      most_(x_.size()),
      loads_(workers_),
      unplaced_(jobs_),
      zone_(jobs_) {}

  balance_result run(bool from_counts) {
    bounds();
    if (from_counts) {
      adopt();
    } else {
      place();
    }
    number_nodes();
    auto exact = true;
    while (cancel_cycle()) {
      if (steps_ > effort_) {
        exact = false;
        break;
      }
    }
    for (job_index j = 0; j < jobs_; ++j) {
      for (worker_index w = 0; w < workers_; ++w) {
        model_.set_count(j, w, x_[at(j, w)]);
      }
    }
    return {steps_, exact && steps_ <= effort_};
  }

private:
  std::size_t at(job_index j, worker_index w) const { return j * workers_ + w; }
  const job_info& job(job_index j) const { return problem_.job(j); }

  std::vector<job_index> by_priority() const {
    std::vector<job_index> order(jobs_);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](job_index a, job_index b) { return job(a).priority > job(b).priority; });
    return order;
  }

  void bounds() {
    for (job_index j = 0; j < jobs_; ++j) {
      for (worker_index w = 0; w < workers_; ++w) {
        auto most = problem_.eligible(j, w) ? model_.limit(j, w) : 0;
        if (problem_.eligible(j, w) && problem_.worker(w).draining) {
          most = model_.have(j, w); // may stay if nobody takes them
          if (job(j).max_per_worker != 0) {
            most = std::min(most, job(j).max_per_worker);
          }
        }
        most_[at(j, w)] = most;
        least_[at(j, w)] = std::min(model_.pins(j, w), most);
      }
    }
    // Pins do not create room.
    for (worker_index w = 0; w < workers_; ++w) {
      auto left = room_[w] - std::min(problem_.base_items(w), room_[w]);
      for (auto j : by_priority()) {
        auto& n = least_[at(j, w)];
        n = std::min(n, left);
        left -= n;
      }
      loads_[w] = problem_.base_items(w);
    }
  }

  bool fits(job_index j, worker_index w) const { return x_[at(j, w)] < most_[at(j, w)] && loads_[w] < room_[w]; }

  void add(job_index j, worker_index w, std::uint32_t n) {
    x_[at(j, w)] += n;
    loads_[w] += n;
    unplaced_[j] -= n;
    if (!zone_[j].empty()) {
      zone_[j][problem_.worker(w).zone_index] += n;
    }
  }

  void start(job_index j) {
    unplaced_[j] = model_.placeable(j);
    if (job(j).spread_zones) {
      zone_[j].assign(problem_.zone_count(), 0);
    }
  }

  void adopt() {
    for (job_index j = 0; j < jobs_; ++j) {
      start(j);
      for (worker_index w = 0; w < workers_; ++w) {
        add(j, w, model_.count(j, w));
      }
    }
  }

  void place() {
    const auto order = by_priority();
    for (auto j : order) {
      start(j);
      for (worker_index w = 0; w < workers_; ++w) {
        add(j, w, std::min(least_[at(j, w)], unplaced_[j]));
      }
    }
    for (auto j : order) {
      for (worker_index w = 0; w < workers_; ++w) {
        while (unplaced_[j] > 0 && x_[at(j, w)] < model_.have(j, w) && fits(j, w) && !problem_.worker(w).draining) {
          add(j, w, 1);
        }
      }
    }
    for (auto j : order) {
      while (unplaced_[j] > 0) {
        auto best = no_worker;
        for (worker_index w = 0; w < workers_; ++w) {
          if (fits(j, w) && (best == no_worker || before(j, w, best))) {
            best = w;
          }
        }
        steps_ += workers_;
        if (best == no_worker) {
          break;
        }
        add(j, best, 1);
      }
    }
  }

  bool before(job_index j, worker_index a, worker_index b) const {
    const auto draining_a = problem_.worker(a).draining;
    if (draining_a != problem_.worker(b).draining) {
      return !draining_a;
    }
    if (x_[at(j, a)] != x_[at(j, b)]) {
      return x_[at(j, a)] < x_[at(j, b)];
    }
    if (loads_[a] != loads_[b]) {
      return loads_[a] < loads_[b];
    }
    return pair_rank(job(j).hash, problem_.worker(a).hash) > pair_rank(job(j).hash, problem_.worker(b).hash);
  }

  // Nodes: workers, the unplaced, the level that closes every cycle, jobs, and zones of jobs that spread.
  void number_nodes() {
    none_ = static_cast<node>(workers_);
    level_ = none_ + 1;
    first_job_ = level_ + 1;
    nodes_ = first_job_ + static_cast<node>(jobs_);
    first_zone_.assign(jobs_, 0);
    for (job_index j = 0; j < jobs_; ++j) {
      if (!zone_[j].empty()) {
        first_zone_[j] = nodes_;
        nodes_ += problem_.zone_count();
      }
    }
  }

  node hub(job_index j, worker_index w) const {
    return zone_[j].empty() ? first_job_ + j : first_zone_[j] + problem_.worker(w).zone_index;
  }

  // What the n-th unit (from 0) of a cell costs beside its share of the worker's load.
  wide_cost unit_cost(job_index j, worker_index w, std::uint32_t n) const {
    const auto had = n < model_.have(j, w);
    wide_cost result = (2 * static_cast<wide_cost>(n) + 1) * job_cost / model_.weight(w) - (had ? move_cost : 0);
    const auto& worker = problem_.worker(w);
    if (worker.draining) {
      result += drain_cost;
    } else if (worker.cordoned && had) {
      result -= cordon_cost;
    }
    return result;
  }

  wide_cost load_cost(worker_index w, std::int64_t n) const {
    return (2 * static_cast<wide_cost>(n) + 1) * total_cost / model_.weight(w);
  }

  template <class F>
  void each_arc(F&& f) const {
    for (worker_index w = 0; w < workers_; ++w) {
      if (loads_[w] < room_[w]) {
        f(w, level_, load_cost(w, loads_[w]));
      }
      if (loads_[w] > problem_.base_items(w)) {
        f(level_, w, -load_cost(w, static_cast<std::int64_t>(loads_[w]) - 1));
      }
    }
    f(none_, level_, 0);
    f(level_, none_, 0);
    for (job_index j = 0; j < jobs_; ++j) {
      const auto prio = unplaced_cost[static_cast<std::size_t>(job(j).priority)];
      f(first_job_ + j, none_, prio);
      if (unplaced_[j] > 0) {
        f(none_, first_job_ + j, -prio);
      }
      for (std::uint32_t z = 0; z < zone_[j].size(); ++z) {
        const wide_cost n = zone_[j][z];
        f(first_job_ + j, first_zone_[j] + z, (2 * n + 1) * zone_cost);
        if (n > 0) {
          f(first_zone_[j] + z, first_job_ + j, -(2 * n - 1) * zone_cost);
        }
      }
      for (worker_index w = 0; w < workers_; ++w) {
        const auto n = x_[at(j, w)];
        if (n < most_[at(j, w)]) {
          f(hub(j, w), w, unit_cost(j, w, n));
        }
        if (n > least_[at(j, w)]) {
          f(w, hub(j, w), -unit_cost(j, w, n - 1));
        }
      }
    }
  }

  bool cancel_cycle() {
    dist_.assign(nodes_, 0);
    parent_.assign(nodes_, no_worker);
    for (node round = 0; round < nodes_; ++round) {
      auto changed = no_worker;
      each_arc([&](node u, node v, wide_cost c) {
        ++steps_;
        if (dist_[u] + c < dist_[v]) {
          dist_[v] = dist_[u] + c;
          parent_[v] = u;
          changed = v;
        }
      });
      if (changed == no_worker || steps_ > effort_) {
        return false;
      }
      if (apply_cycle()) {
        return true;
      }
    }
    return apply_cycle();
  }

  // Looks for a cycle among the parents; whatever cycle is there is negative.
  bool apply_cycle() {
    mark_.assign(nodes_, 0);
    for (node start = 0; start < nodes_; ++start) {
      auto u = start;
      while (u != no_worker && mark_[u] == 0) {
        mark_[u] = start + 1;
        u = parent_[u];
      }
      if (u == no_worker || mark_[u] != start + 1) {
        continue;
      }
      const auto end = u;
      do {
        shift(parent_[u], u);
        u = parent_[u];
      } while (u != end);
      return true;
    }
    return false;
  }

  job_index job_of(node u) const {
    if (u < first_job_ + jobs_) {
      return u - first_job_;
    }
    job_index result = 0;
    for (job_index j = 0; j < jobs_; ++j) {
      if (!zone_[j].empty() && first_zone_[j] <= u) {
        result = j;
      }
    }
    return result;
  }

  void shift(node u, node v) {
    if (u == level_ || v == level_) {
      if (u < none_) {
        ++loads_[u];
      } else if (v < none_) {
        --loads_[v];
      }
    } else if (v == none_) {
      ++unplaced_[job_of(u)];
    } else if (u == none_) {
      --unplaced_[job_of(v)];
    } else if (v < none_) {
      ++x_[at(job_of(u), v)];
    } else if (u < none_) {
      --x_[at(job_of(v), u)];
    } else if (u < first_job_ + jobs_) {
      ++zone_[job_of(u)][v - first_zone_[job_of(u)]];
    } else {
      --zone_[job_of(v)][u - first_zone_[job_of(v)]];
    }
  }

  count_model& model_;
  const assignment_problem& problem_;
  const std::vector<std::uint32_t>& room_;
  std::uint64_t effort_;
  std::uint64_t steps_ = 0;
  std::size_t workers_;
  std::size_t jobs_;
  std::vector<std::uint32_t> x_;
  std::vector<std::uint32_t> least_;
  std::vector<std::uint32_t> most_;
  std::vector<std::uint32_t> loads_;
  std::vector<std::uint32_t> unplaced_;
  std::vector<std::vector<std::uint32_t>> zone_; // per job that spreads
  node none_ = 0;
  node level_ = 0;
  node first_job_ = 0;
  node nodes_ = 0;
  std::vector<node> first_zone_;
  std::vector<wide_cost> dist_;
  std::vector<node> parent_;
  std::vector<node> mark_;
};

bool same_profile(const job_info& a, const job_info& b) {
  return std::equal(a.profile.begin(), a.profile.end(), b.profile.begin(), b.profile.end(),
                    [](const resource_amount& x, const resource_amount& y) {
                      return x.resource == y.resource && x.amount == y.amount;
                    });
}

} // namespace

std::vector<std::uint32_t> room_for_items(const assignment_problem& problem) {
  auto alike = problem.job_count() > 0;
  for (job_index j = 1; j < problem.job_count(); ++j) {
    alike = alike && same_profile(problem.job(0), problem.job(j));
  }
  std::vector<std::uint32_t> result;
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    std::int64_t room = problem.worker(w).max_items;
    if (alike) {
      for (const auto& need : problem.job(0).profile) {
        if (const auto capacity = problem.worker(w).capacity[need.resource]; capacity != worker_info::unlimited) {
          room =
            std::min(room, problem.base_items(w) +
                             std::max<std::int64_t>(capacity - problem.base_used(w, need.resource), 0) / need.amount);
        }
      }
    }
    result.push_back(static_cast<std::uint32_t>(room));
  }
  return result;
}

balance_result refine_counts(count_model& model, const std::vector<std::uint32_t>& room, std::uint64_t effort,
                             bool from_counts) {
  return refiner{model, room, effort}.run(from_counts);
}

} // namespace djm
