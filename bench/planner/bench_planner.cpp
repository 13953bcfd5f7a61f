#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>

#include "bench/planner/heap.hpp"
#include "bench/planner/report.hpp"
#include "bench/planner/scenario.hpp"
#include "strategies/rendezvous_index.hpp"

using namespace djm;
using namespace djm::bench;

namespace {

constexpr int sizes[] = {1000, 10000}; // items per job: 100 k and 1 M items

std::vector<figure> figures;

/// Wall and processor times of one case. Planning is one thread's work without a wait, so the latter is what it takes
/// where other processes share the machine.
class stopwatch {
public:
  template <class F>
  void time(F&& f) {
    const auto wall = now(CLOCK_MONOTONIC);
    const auto processor = now(CLOCK_THREAD_CPUTIME_ID);
    f();
    processor_.push_back(now(CLOCK_THREAD_CPUTIME_ID) - processor);
    wall_.push_back(now(CLOCK_MONOTONIC) - wall);
  }

  void tell(figure& f, benchmark::State& state) {
    f.wall_ms = median(wall_) * 1e3;
    f.processor_ms = median(processor_) * 1e3;
    state.counters["wall_ms"] = f.wall_ms;
    state.counters["cpu_ms"] = f.processor_ms;
  }

private:
  static double now(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  }
  static double median(std::vector<double>& times) {
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  }

  std::vector<double> wall_;
  std::vector<double> processor_;
};

void measure_memory(figure& f, const assignment_problem& problem, const plan_options& options) {
  const strategy_registry registry;
  const auto before = heap_now();
  reset_heap_peak();
  const auto result = make_plan(problem, registry, options);
  const auto peak = heap_peak();
  const auto output = heap_now() - before;
  f.bytes_per_item = static_cast<double>(peak - before - output) / static_cast<double>(problem.item_count());
  f.summary = result->summary;
}

void planning(benchmark::State& state, figure f, const scale& s, event e, const plan_options& options) {
  const auto problem = problem_after(s, e);
  const strategy_registry registry;
  f.items = problem.item_count();
  f.fully_eligible = problem.fully_eligible() && s.strategy == default_strategy;
  stopwatch watch;
  for (auto _ : state) {
    expected<plan> result = plan{};
    watch.time([&] { result = make_plan(problem, registry, options); });
    benchmark::DoNotOptimize(result);
  }
  watch.tell(f, state);
  measure_memory(f, problem, options);
  const auto& x = f.summary;
  state.counters["moves"] = static_cast<double>(x.moves);
  state.counters["bound"] = x.moves_lower_bound ? static_cast<double>(*x.moves_lower_bound) : std::nan("");
  state.counters["job_spread"] = static_cast<double>(x.job_spread_max);
  state.counters["global_spread"] = static_cast<double>(x.global_spread);
  state.counters["B_per_item"] = f.bytes_per_item;
  figures.push_back(std::move(f));
}

// Strings in, strings out: everything the edge has to do around one plan.
void from_names(benchmark::State& state, figure f, const scale& s) {
  std::vector<std::vector<item_id>> items;
  std::vector<std::vector<std::pair<node_id, item_id>>> previous; // per job: (worker, item)
  std::mt19937 random{1};
  for (int j = 0; j < s.jobs; ++j) {
    items.push_back(items_after(s, event::one_joins, j));
    previous.emplace_back();
    for (std::size_t i = 0; i < items.back().size(); ++i) {
      previous.back().emplace_back(worker_name(owner_before(s, j, static_cast<int>(i))), items.back()[i]);
    }
    std::shuffle(items.back().begin(), items.back().end(), random);
    std::shuffle(previous.back().begin(), previous.back().end(), random);
  }
  const strategy_registry registry;
  stopwatch watch;
  for (auto _ : state) {
    std::vector<std::pair<std::string, std::string>> out;
    watch.time([&] {
      problem_builder builder;
      for (int w = 0; w <= s.workers; ++w) {
        builder.add_worker(worker_name(w));
      }
      for (int j = 0; j < s.jobs; ++j) {
        builder.add_job(job_name(j), {}, items[static_cast<std::size_t>(j)]);
        for (const auto& [worker, item] : previous[static_cast<std::size_t>(j)]) {
          builder.set_previous(worker, job_name(j), item);
        }
      }
      const auto problem = builder.build().value();
      const auto result = make_plan(problem, registry).value();
      out.reserve(problem.item_count());
      for (job_index j = 0; j < problem.job_count(); ++j) {
        for (auto i = problem.first_item(j); i < problem.first_item(j + 1); ++i) {
          out.emplace_back(problem.worker(result.owner[i]).name, problem.job(j).items->name(i - problem.first_item(j)));
        }
      }
      f.items = problem.item_count();
      f.summary = result.summary;
    });
    benchmark::DoNotOptimize(out);
  }
  f.fully_eligible = true;
  watch.tell(f, state);
  figures.push_back(std::move(f));
}

// The index has seen the state before, the call under the clock sees the new worker.
void incremental_rendezvous(benchmark::State& state, figure f, const scale& s) {
  auto before = s;
  before.strategy = "rendezvous";
  const auto items = interned_items(before, event::nothing);
  const auto first = problem_of(before, event::cold, items);
  const auto second = problem_of(before, event::one_joins, items);
  stopwatch watch;
  for (auto _ : state) {
    rendezvous_index index;
    index.owners(first);
    watch.time([&] { benchmark::DoNotOptimize(index.owners(second)); });
  }
  f.items = second.item_count();
  watch.tell(f, state);
  figures.push_back(std::move(f));
}

// What the machine needs to copy the owners once: the yardstick for other machines.
void plain_copy(benchmark::State& state, figure f, std::size_t items) {
  std::vector<worker_index> from(items, 1);
  std::vector<worker_index> to(items);
  stopwatch watch;
  for (auto _ : state) {
    watch.time([&] {
      std::memcpy(to.data(), from.data(), items * sizeof(worker_index));
      benchmark::ClobberMemory();
    });
  }
  f.items = items;
  watch.tell(f, state);
  figures.push_back(std::move(f));
}

std::string label(std::size_t items) {
  return items >= 1000000 ? "1M" : "100k";
}

template <class F>
void add(const std::string& name, std::size_t items, double limit_ms, int repeats, F f) {
  figure x;
  x.name = name;
  x.items = items;
  x.limit_ms = limit_ms;
  benchmark::RegisterBenchmark((name + "/" + label(items)).c_str(), [x, f](benchmark::State& state) { f(state, x); })
    ->Unit(benchmark::kMillisecond)
    ->Iterations(repeats);
}

void add_all() {
  for (auto per_job : sizes) {
    scale s;
    s.items_per_job = per_job;
    const auto big = per_job > 1000;
    const auto n = s.items();
    const auto repeats = big ? 11 : 31;
    add(copy_case, n, 0, 101, [n](auto& state, auto x) { plain_copy(state, x, n); });
    for (auto e : {event::cold, event::nothing, event::one_joins, event::one_dies, event::tenth_dies, event::items_come,
                   event::items_go}) {
      const auto limit = e == event::cold ? (big ? 30 : 4) : e == event::nothing ? (big ? 10 : 2) : (big ? 40 : 6);
      add(to_string(e), n, limit, repeats, [s, e](auto& state, auto x) { planning(state, x, s, e, {}); });
    }
    add("from names", n, big ? 1000 : 100, big ? 3 : 11, [s](auto& state, auto x) { from_names(state, x, s); });
    for (const auto* name : {"evenly_spread", "bounded_hash", "rendezvous", "evenly_rendezvous"}) {
      auto other = s;
      other.strategy = name;
      // All pairs of item and worker: at 1 M items that is ten times the same picture.
      if (!big || std::string_view{name}.find("rendezvous") == std::string_view::npos) {
        add(std::string{name} + ": one worker joins", n, 0, 1,
            [other](auto& state, auto x) { planning(state, x, other, event::one_joins, {}); });
      }
    }
    if (!big) {
      add("rendezvous, incremental: one worker joins", n, 0, 1,
          [s](auto& state, auto x) { incremental_rendezvous(state, x, s); });
    }
    auto half = s;
    half.half = true;
    half.strategy = "evenly_spread";
    for (auto e : {event::cold, event::nothing, event::one_joins, event::one_dies, event::tenth_dies, event::items_come,
                   event::items_go}) {
      add("half eligible, per job: " + to_string(e), n, big ? 150 : 20, repeats,
          [half, e](auto& state, auto x) { planning(state, x, half, e, {}); });
    }
    half.strategy = std::string{default_strategy};
    for (auto e : {event::nothing, event::one_joins, event::tenth_dies, event::items_go}) {
      add("half eligible, totals too: " + to_string(e), n, big ? 0 : 300, big ? 3 : 5,
          [half, e](auto& state, auto x) { planning(state, x, half, e, {}); });
    }
    // Without the threshold: every spread is felt.
    plan_options exact;
    exact.global_tolerance = 0;
    for (auto e : {event::cold, event::one_joins}) {
      add("half eligible, totals as even as can be: " + to_string(e), n, 0, big ? 3 : 5,
          [half, e, exact](auto& state, auto x) { planning(state, x, half, e, exact); });
    }
  }
}

} // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  add_all();
  benchmark::RunSpecifiedBenchmarks();
  print_figures(figures);
  print_small_model();
  return 0;
}
