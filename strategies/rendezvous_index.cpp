#include "strategies/rendezvous_index.hpp"

#include <algorithm>

#include "strategies/murmur3.hpp"

namespace djm {

namespace {

struct best {
  std::uint32_t owner = no_worker;
  std::int64_t weight = 0;

  // Names are numbered in their order, so of equal weights the smaller number wins.
  void offer(std::uint32_t w, std::int64_t x) {
    if (owner == no_worker || x > weight || (x == weight && w < owner)) {
      owner = w;
      weight = x;
    }
  }
};

} // namespace

void rendezvous_index::refresh(const assignment_problem& problem, job_index j, entry& e) {
  std::vector<std::string> workers;
  for (worker_index w = 0; w < problem.worker_count(); ++w) {
    if (problem.eligible(j, w)) {
      workers.push_back(problem.worker(w).name);
    }
  }
  const auto& items = problem.job(j).items;
  if (e.items != items) {
    e = {items, {}, std::vector<std::uint32_t>(items->size(), no_worker), std::vector<std::int64_t>(items->size())};
  }
  std::vector<std::uint32_t> moved_to; // from old positions to new ones
  for (const auto& name : e.workers) {
    const auto i = std::lower_bound(workers.begin(), workers.end(), name);
    moved_to.push_back(i != workers.end() && *i == name ? static_cast<std::uint32_t>(i - workers.begin()) : no_worker);
  }
  std::vector<std::uint32_t> fresh;
  for (std::uint32_t w = 0; w < workers.size(); ++w) {
    if (!std::binary_search(e.workers.begin(), e.workers.end(), workers[w])) {
      fresh.push_back(w);
    }
  }
  std::string prefix;
  for (std::size_t k = 0; k < items->size(); ++k) {
    best b;
    if (e.owner[k] != no_worker) {
      b = {moved_to[e.owner[k]], e.weight[k]};
    }
    const auto lost = b.owner == no_worker;
    if (lost || !fresh.empty()) {
      prefix = problem.job(j).name;
      prefix += ':';
      prefix += items->name(k);
      const murmur3_prefix hash{prefix};
      auto offer = [&](std::uint32_t w) { b.offer(w, static_cast<std::int64_t>(hash(workers[w]))); };
      if (lost) {
        for (std::uint32_t w = 0; w < workers.size(); ++w) {
          offer(w);
        }
      } else {
        for (auto w : fresh) {
          offer(w);
        }
      }
    }
    e.owner[k] = b.owner;
    e.weight[k] = b.weight;
  }
  e.workers = std::move(workers);
}

std::vector<worker_index> rendezvous_index::owners(const assignment_problem& problem) {
  std::vector<worker_index> result;
  result.reserve(problem.item_count());
  std::map<std::string, entry, std::less<>> kept;
  for (job_index j = 0; j < problem.job_count(); ++j) {
    const auto& name = problem.job(j).name;
    auto& e = kept[name];
    if (auto i = jobs_.find(name); i != jobs_.end()) {
      e = std::move(i->second);
    }
    refresh(problem, j, e);
    std::vector<worker_index> number;
    for (worker_index w = 0; w < problem.worker_count(); ++w) {
      if (problem.eligible(j, w)) {
        number.push_back(w);
      }
    }
    for (auto w : e.owner) {
      result.push_back(w == no_worker ? no_worker : number[w]);
    }
  }
  jobs_ = std::move(kept);
  return result;
}

} // namespace djm
