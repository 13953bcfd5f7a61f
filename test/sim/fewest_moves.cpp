#include "test/sim/fewest_moves.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace djm::sim {

namespace {

/// Successive cheapest paths; the networks have a dozen of nodes.
class flow_network {
public:
  explicit flow_network(std::size_t nodes) : nodes_(nodes) {}

  void add(std::size_t from, std::size_t to, std::int64_t room, std::int64_t price) {
    edges_.push_back({from, to, room, price});
    edges_.push_back({to, from, 0, -price});
  }

  /// Sends one unit as cheaply as can be; false when no way is left.
  bool send(std::size_t from, std::size_t to) {
    constexpr auto never = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t> price(nodes_, never);
    std::vector<std::size_t> by(nodes_);
    price[from] = 0;
    for (bool better = true; better;) {
      better = false;
      for (std::size_t e = 0; e < edges_.size(); ++e) {
        const auto& x = edges_[e];
        if (x.room == 0 || price[x.from] == never || price[x.from] + x.price >= price[x.to]) {
          continue;
        }
        price[x.to] = price[x.from] + x.price;
        by[x.to] = e;
        better = true;
      }
    }
    if (price[to] == never) {
      return false;
    }
    for (auto at = to; at != from; at = edges_[by[at]].from) {
      --edges_[by[at]].room;
      ++edges_[by[at] ^ 1].room;
    }
    return true;
  }

  bool used(std::size_t number) const { return edges_[2 * number].room == 0; }

private:
  struct edge {
    std::size_t from, to;
    std::int64_t room, price;
  };
  std::size_t nodes_;
  std::vector<edge> edges_;
};

} // namespace

std::size_t fewest_moves(const share_problem& p, bool totals) {
  const auto workers = p.base.size();
  std::size_t moves = 0, saved = 0;
  std::vector<std::size_t> quota, odd;
  auto load = p.base;
  for (const auto& j : p.jobs) {
    const auto members = static_cast<std::size_t>(std::count(j.eligible.begin(), j.eligible.end(), true));
    quota.push_back(members == 0 ? 0 : j.items / members);
    odd.push_back(members == 0 ? 0 : j.items % members);
    std::size_t above = 0;
    for (std::size_t w = 0; w < workers; ++w) {
      if (!j.eligible[w]) {
        continue;
      }
      load[w] += quota.back();
      if (j.have[w] > quota.back()) {
        moves += j.have[w] - quota.back();
        ++above;
      }
    }
    // An odd item that stays where there is one too many saves a move.
    saved += std::min(above, odd.back());
  }
  if (!totals) {
    return moves - saved;
  }
  // Jobs hand their odd items to workers; what a worker's total costs counts more than all moves together.
  constexpr std::int64_t square = 1 << 20;
  const auto first_worker = 1 + p.jobs.size(), sink = first_worker + workers;
  flow_network net{sink + 1};
  std::vector<std::size_t> saving;
  std::size_t edges = 0, units = 0;
  for (std::size_t j = 0; j < p.jobs.size(); ++j) {
    for (std::size_t w = 0; w < workers; ++w) {
      if (!p.jobs[j].eligible[w]) {
        continue;
      }
      const bool saves = p.jobs[j].have[w] > quota[j];
      if (saves) {
        saving.push_back(edges);
      }
      net.add(1 + j, first_worker + w, 1, saves ? -1 : 0);
      ++edges;
    }
  }
  for (std::size_t j = 0; j < p.jobs.size(); ++j) {
    net.add(0, 1 + j, static_cast<std::int64_t>(odd[j]), 0);
    units += odd[j];
  }
  for (std::size_t w = 0; w < workers; ++w) {
    for (std::size_t k = 0; k < p.jobs.size(); ++k) {
      net.add(first_worker + w, sink, 1, square * static_cast<std::int64_t>(2 * (load[w] + k) + 1));
    }
  }
  while (units > 0 && net.send(0, sink)) {
    --units;
  }
  return moves -
         static_cast<std::size_t>(std::count_if(saving.begin(), saving.end(), [&](auto e) { return net.used(e); }));
}

} // namespace djm::sim
