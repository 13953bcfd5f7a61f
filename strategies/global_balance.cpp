#include "strategies/global_balance.hpp"

#include <algorithm>
#include <functional>
#include <queue>

namespace djm {

namespace {

using cost = std::int64_t;
using node = std::uint32_t;

// Cost of a unit of unevenness; one move costs 1. Far more than any path can have moves.
constexpr cost unevenness = cost{1} << 26;
constexpr cost steepest = cost{1} << 36;
constexpr cost unreached = INT64_MAX;

class balancer {
public:
  balancer(count_model& model, const std::vector<std::uint32_t>& room, std::uint64_t effort)
    : model_(model),
      problem_(model.problem()),
      room_(room),
      effort_(effort),
      workers_(static_cast<node>(model.workers())),
      groups_(static_cast<node>(model.groups().size())),
      level_(workers_ + groups_),
      by_worker_(workers_, groups_),
      potential_(level_ + 1),
      dist_(level_ + 1),
      fresh_workers_(model.open.words()),
      fresh_groups_(by_worker_.words()),
      next_(level_ + 1),
      excess_(level_ + 1),
      held_(workers_),
      settled_workers_(model.open.words()),
      settled_groups_(by_worker_.words()) {}

  balance_result run() {
    prepare();
    while (pending_ > 0) {
      if (!shorten()) {
        return {steps_, false};
      }
      if (!push_all()) {
        return {steps_, false};
      }
    }
    return {steps_, true};
  }

private:
  // Marginal cost of a worker's n-th unit of load (from n = 0), as steep as its weight is small.
  cost slope(node w, std::int64_t n) const {
    if (uniform_) {
      return (2 * (n - base_level_) + 1) * unevenness;
    }
    const auto steep = ((2 * n + 1) << 14) / model_.weight(w);
    return std::min(steep, steepest) * unevenness;
  }

  void prepare() {
    const auto loads = model_.loads();
    part_.assign(workers_, false);
    least_ = loads;
    most_ = loads;
    for (node g = 0; g < groups_; ++g) {
      each_bit_of_row(model_.open.row(g), model_.open.words(), [&](node w) {
        part_[w] = true;
        ++most_[w];
      });
      each_bit_of_row(model_.extra.row(g), model_.extra.words(), [&](node w) {
        by_worker_.set(w, g);
        --least_[w];
        --most_[w];
      });
    }
    for (node w = 0; w < workers_; ++w) {
      most_[w] = std::max(least_[w], std::min<std::int64_t>(most_[w], room_[w]));
    }
    std::int64_t total = 0;
    std::int64_t weights = 0;
    std::int64_t count = 0;
    for (node w = 0; w < workers_; ++w) {
      if (part_[w]) {
        total += loads[w];
        weights += model_.weight(w);
        ++count; // counted before, so that the first weight is compared with itself
        uniform_ = uniform_ && model_.weight(w) * count == weights;
      }
    }
    if (count == 0) {
      return;
    }
    base_level_ = total / count;
    // A common marginal cost; every worker starts at the load that belongs to it, the difference is its excess. What a
    // worker has in any case and what it can have at most bound that load, which spares the search most of its way.
    const auto height = uniform_ ? 0 : ((2 * total) << 14) / weights;
    for (node w = 0; w < workers_; ++w) {
      if (!part_[w]) {
        continue;
      }
      held_[w] = std::clamp(uniform_ ? base_level_ : level_at(w, height), least_[w], most_[w]);
      excess_[w] = loads[w] - held_[w];
      excess_[level_] -= excess_[w];
      potential_[w] = -height * unevenness;
    }
    potential_[level_] = 0;
    // Demand of the level and of each worker is negative excess; the sum over all nodes is zero.
    for (node g = 0; g < groups_; ++g) {
      const auto all_save = missing_gain(g);
      potential_[workers_ + g] = -height * unevenness + (all_save ? 1 : 0);
    }
    for (auto e : excess_) {
      pending_ += std::max<std::int64_t>(e, 0);
    }
  }

  // Whether no holder of an extra of the group is without gain.
  bool missing_gain(node g) const {
    for (std::size_t k = 0; k < model_.extra.words(); ++k) {
      if ((model_.extra.row(g)[k] & ~model_.gain.row(g)[k]) != 0) {
        return false;
      }
    }
    return true;
  }

  std::int64_t level_at(node w, std::int64_t height) const {
    const auto weight = model_.weight(w);
    auto n = std::max<std::int64_t>(((height * weight) >> 15) - 1, 0);
    while (slope(w, n) <= height * unevenness) {
      ++n;
    }
    while (n > 0 && slope(w, n - 1) > height * unevenness) {
      --n;
    }
    return n;
  }

  // Calls f(to, cost) for the arcs of the residual network that leave `u` for nodes the search has not settled.
  template <class F>
  void each_arc(node u, F&& f) const {
    if (u < workers_) {
      const auto* row = by_worker_.row(u);
      for (std::size_t k = 0; k < by_worker_.words(); ++k) {
        each_bit(row[k] & ~settled_groups_[k], k * 64,
                 [&](node g) { f(workers_ + g, model_.gain.test(g, u) ? 1 : 0); });
      }
      if (held_[u] < most_[u]) {
        f(level_, slope(u, held_[u]));
      }
    } else if (u < level_) {
      const auto g = u - workers_;
      const auto* open = model_.open.row(g);
      const auto* extra = model_.extra.row(g);
      const auto* gain = model_.gain.row(g);
      for (std::size_t k = 0; k < model_.open.words(); ++k) {
        each_bit(open[k] & ~(extra[k] | settled_workers_[k]), k * 64,
                 [&](node w) { f(w, -static_cast<cost>((gain[k] >> (w & 63)) & 1)); });
      }
    } else {
      for (node w = 0; w < workers_; ++w) {
        if (part_[w] && held_[w] > least_[w]) {
          f(w, -slope(w, held_[w] - 1));
        }
      }
    }
  }

  // Shortest reduced distances from all excess to the nearest deficit; afterwards a path of reduced cost 0 exists.
  bool shorten() {
    using entry = std::pair<cost, node>;
    std::priority_queue<entry, std::vector<entry>, std::greater<>> queue;
    std::fill(dist_.begin(), dist_.end(), unreached);
    for (node u = 0; u <= level_; ++u) {
      if (excess_[u] > 0) {
        dist_[u] = 0;
        queue.push({0, u});
      }
    }
    std::fill(settled_workers_.begin(), settled_workers_.end(), 0);
    std::fill(settled_groups_.begin(), settled_groups_.end(), 0);
    std::vector<node> settled;
    while (!queue.empty()) {
      const auto [d, u] = queue.top();
      queue.pop();
      if (d != dist_[u]) {
        continue;
      }
      if (excess_[u] < 0) {
        for (auto v : settled) {
          potential_[v] += dist_[v] - d;
        }
        return true;
      }
      settled.push_back(u);
      if (u < workers_) {
        settled_workers_[u >> 6] |= std::uint64_t{1} << (u & 63);
      } else if (u < level_) {
        settled_groups_[(u - workers_) >> 6] |= std::uint64_t{1} << ((u - workers_) & 63);
      }
      each_arc(u, [&, from = d + potential_[u]](node v, cost c) {
        ++steps_;
        const auto reached = from + c - potential_[v];
        if (reached < dist_[v]) {
          dist_[v] = reached;
          queue.push({reached, v});
        }
      });
      if (steps_ > effort_) {
        return false;
      }
    }
    return false;
  }

  // Pushes units along arcs of reduced cost 0 until no source finds a way. One round leaves arcs behind that its own
  // paths have opened; the next takes them.
  bool push_all() {
    for (auto pushed = true; pushed && pending_ > 0 && steps_ <= effort_;) {
      pushed = false;
      fresh_workers_.assign(fresh_workers_.size(), ~std::uint64_t{0});
      fresh_groups_.assign(fresh_groups_.size(), ~std::uint64_t{0});
      fresh_level_ = true;
      std::fill(next_.begin(), next_.end(), 0);
      for (node u = 0; u <= level_; ++u) {
        while (excess_[u] > 0 && fresh(u) && push_one(u)) {
          --excess_[u];
          --pending_;
          pushed = true;
        }
      }
    }
    return steps_ <= effort_;
  }

  // Nodes that are neither on the path nor given up in this round.
  bool fresh(node u) const {
    if (u < workers_) {
      return (fresh_workers_[u >> 6] >> (u & 63)) & 1;
    }
    return u == level_ ? fresh_level_ : (fresh_groups_[(u - workers_) >> 6] >> ((u - workers_) & 63)) & 1;
  }
  void set_fresh(node u, bool value) {
    if (u == level_) {
      fresh_level_ = value;
      return;
    }
    const auto k = u < workers_ ? u : u - workers_;
    auto& word = (u < workers_ ? fresh_workers_ : fresh_groups_)[k >> 6];
    const auto bit = std::uint64_t{1} << (k & 63);
    word = value ? word | bit : word & ~bit;
  }

  // The next arc of reduced cost 0 at or after the node's cursor that leads to a fresh node; above `level_`: none.
  node step(node u) {
    const auto here = potential_[u];
    auto& k = next_[u];
    if (u < workers_) {
      const auto* row = by_worker_.row(u);
      for (; k < groups_; ++k) {
        ++steps_;
        const auto rest = (row[k >> 6] & fresh_groups_[k >> 6]) >> (k & 63);
        if (rest == 0) {
          k |= 63;
          continue;
        }
        k += static_cast<node>(__builtin_ctzll(rest));
        if (here + (model_.gain.test(k, u) ? 1 : 0) == potential_[workers_ + k]) {
          return workers_ + k;
        }
      }
      const auto absorbs = fresh_level_ && held_[u] < most_[u] && here + slope(u, held_[u]) == potential_[level_];
      return absorbs ? level_ : level_ + 1;
    }
    if (u == level_) {
      for (; k < workers_; ++k) {
        ++steps_;
        if (part_[k] && fresh(k) && held_[k] > least_[k] && here - slope(k, held_[k] - 1) == potential_[k]) {
          return k;
        }
      }
      return level_ + 1;
    }
    const auto g = u - workers_;
    const auto* open = model_.open.row(g);
    const auto* extra = model_.extra.row(g);
    const auto* gain = model_.gain.row(g);
    for (; k < workers_; ++k) {
      ++steps_;
      const auto rest = (open[k >> 6] & ~extra[k >> 6] & fresh_workers_[k >> 6]) >> (k & 63);
      if (rest == 0) {
        k |= 63;
        continue;
      }
      k += static_cast<node>(__builtin_ctzll(rest));
      if (here - static_cast<cost>((gain[k >> 6] >> (k & 63)) & 1) == potential_[k]) {
        return k;
      }
    }
    return level_ + 1;
  }

  bool push_one(node source) {
    path_.assign(1, source);
    set_fresh(source, false);
    while (!path_.empty()) {
      const auto u = path_.back();
      if (excess_[u] < 0) {
        ++excess_[u];
        apply();
        for (auto v : path_) {
          set_fresh(v, true);
        }
        return true;
      }
      const auto v = step(u);
      if (v <= level_) {
        set_fresh(v, false);
        path_.push_back(v);
      } else {
        path_.pop_back(); // given up: not fresh again in this round
      }
    }
    return false;
  }

  void apply() {
    for (std::size_t k = 0; k + 1 < path_.size(); ++k) {
      const auto u = path_[k];
      const auto v = path_[k + 1];
      if (u == level_) {
        --held_[v];
      } else if (v == level_) {
        ++held_[u];
      } else if (u < workers_) {
        model_.extra.reset(v - workers_, u);
        by_worker_.reset(u, v - workers_);
      } else {
        model_.extra.set(u - workers_, v);
        by_worker_.set(v, u - workers_);
      }
    }
  }

  count_model& model_;
  const assignment_problem& problem_;
  const std::vector<std::uint32_t>& room_;
  std::uint64_t effort_;
  std::uint64_t steps_ = 0;
  node workers_;
  node groups_;
  node level_; // number of the node that stands for the level; workers come first, then groups
  bit_rows by_worker_;
  std::vector<cost> potential_;
  std::vector<cost> dist_;
  std::vector<std::uint64_t> fresh_workers_; // as bits
  std::vector<std::uint64_t> fresh_groups_;
  bool fresh_level_ = true;
  std::vector<node> next_;
  std::vector<std::int64_t> excess_;
  std::vector<std::int64_t> held_;  // load each worker is meant to have
  std::vector<std::int64_t> least_; // what its quotas amount to
  std::vector<std::int64_t> most_;  // quotas and every open extra
  std::vector<char> part_;
  std::vector<std::uint64_t> settled_workers_; // as bits
  std::vector<std::uint64_t> settled_groups_;
  std::vector<node> path_;
  std::int64_t base_level_ = 0;
  std::int64_t pending_ = 0;
  bool uniform_ = true;
};

} // namespace

balance_result balance_totals(count_model& model, const std::vector<std::uint32_t>& room, std::uint64_t effort) {
  return balancer{model, room, effort}.run();
}

} // namespace djm
