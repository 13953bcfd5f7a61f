#include "bench/planner/report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "djm/strategy.hpp"

namespace djm::bench {

namespace {

constexpr double most_bytes_per_item = 24;

bool big(const figure& f) {
  return f.items >= 500'000;
}

// Wall time is what counts; where other processes slow the machine down the processor time tells the two apart.
std::string verdict(const figure& f) {
  if (f.limit_ms <= 0) {
    return "";
  }
  const auto& s = f.summary;
  std::string text = f.wall_ms <= f.limit_ms        ? "PASS"
                     : f.processor_ms <= f.limit_ms ? "PASS by processor time"
                                                    : "over";
  if (f.bytes_per_item > most_bytes_per_item) {
    text += ", over 24 B/item";
  }
  if (s.moves_lower_bound && s.moves != *s.moves_lower_bound) {
    text += ", moves above the bound";
  }
  if (f.fully_eligible && (s.job_spread_max > 1 || s.global_spread > 1)) {
    text += ", uneven";
  }
  return text;
}

void print_row(const figure& f, double copy_ms) {
  const auto& s = f.summary;
  std::printf("%-47s %8zu %9.3f %9.3f ", f.name.c_str(), f.items, f.wall_ms, f.processor_ms);
  if (f.limit_ms > 0) {
    std::printf("%6.0f ", f.limit_ms);
  } else {
    std::printf("%6s ", "-");
  }
  std::printf("%7.0f %7zu ", f.processor_ms / copy_ms, s.moves);
  if (s.moves_lower_bound) {
    std::printf("%7zu ", *s.moves_lower_bound);
  } else {
    std::printf("%7s ", "-");
  }
  std::printf("%4zu %5zu %6.1f  %s\n", s.job_spread_max, s.global_spread, f.bytes_per_item, verdict(f).c_str());
}

} // namespace

void print_figures(const std::vector<figure>& figures) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<const figure*>> rows;
  std::map<bool, double> copy{{false, 1}, {true, 1}};
  for (const auto& f : figures) {
    auto& row = rows[f.name];
    if (row.empty()) {
      order.push_back(f.name);
    }
    row.push_back(&f);
    if (f.name == copy_case) {
      copy[big(f)] = std::max(f.processor_ms, 1e-6);
    }
  }
  std::printf(
    "\n1000 workers x 100 jobs, medians; `x copy`: processor time in copies of the array of owners; job, total: "
    "max - min of a job's items and of totals\n");
  std::printf("%-47s %8s %9s %9s %6s %7s %7s %7s %4s %5s %6s  %s\n", "case", "items", "wall ms", "cpu ms", "limit",
              "x copy", "moves", "bound", "job", "total", "B/item", "verdict");
  for (const auto& name : order) {
    const auto& row = rows[name];
    for (const auto* f : row) {
      print_row(*f, copy[big(*f)]);
    }
    if (row.size() > 1) {
      std::printf("%-47s growth: items^%.2f\n", "",
                  std::log(row.back()->processor_ms / row.front()->processor_ms) /
                    std::log(static_cast<double>(row.back()->items) / static_cast<double>(row.front()->items)));
    }
  }
}

void print_small_model() {
  constexpr std::size_t seed_moves = 553;
  std::printf("\n372 items in 44 jobs, workers start one after another: moves beyond first placements\n");
  for (const auto* strategy : {"balanced", "evenly_spread"}) {
    std::vector<worker_index> owners;
    std::size_t moves = 0;
    std::size_t job_spread = 0;
    std::size_t global_spread = 0;
    std::vector<std::size_t> totals;
    for (int workers = 1; workers <= 8; ++workers) {
      problem_builder builder;
      for (int w = 0; w < workers; ++w) {
        builder.add_worker(node_id{"worker-" + std::to_string(w)});
      }
      job_attributes attributes;
      attributes.strategy = strategy;
      for (int j = 0; j < 44; ++j) {
        const auto count = j == 0 ? 285 : j < 3 ? 16 : j < 7 ? 2 : j < 12 ? 3 : 1;
        std::vector<item_id> items;
        for (int i = 0; i < count; ++i) {
          items.emplace_back("item-" + std::to_string(i));
        }
        builder.add_job(job_id{"job-" + std::to_string(j)}, attributes, items);
      }
      auto problem = builder.build().value();
      if (!owners.empty()) {
        problem = problem.with_previous(owners); // names are in the order of numbers, so old numbers stay valid
      }
      const auto result = make_plan(problem, strategy_registry{}).value();
      moves += result.summary.moves;
      job_spread = std::max(job_spread, result.summary.job_spread_max);
      global_spread = std::max(global_spread, result.summary.global_spread);
      owners = result.owner;
      totals = result.summary.totals;
    }
    std::sort(totals.rbegin(), totals.rend());
    std::printf("%-14s %4zu moves, the seed %zu; job spread at most %zu, of totals at most %zu; final totals", strategy,
                moves, seed_moves, job_spread, global_spread);
    for (auto n : totals) {
      std::printf(" %zu", n);
    }
    std::printf("\n");
  }
  std::printf("%-14s %4zu moves; final totals 80 48 45 40 40 40 40 39\n", "the seed", seed_moves);
}

} // namespace djm::bench
