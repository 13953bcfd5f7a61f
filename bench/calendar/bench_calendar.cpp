// How many slots a second a timetable finds: `./dev bench calendar`.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "djm/calendar.hpp"
#include "djm/timetable.hpp"

using namespace djm;

namespace {

timetable table_of(const calendar& c) {
  const auto zone = [](std::string_view name) {
    return time_zone::from_rule(std::string{name}, "CET-1CEST,M3.5.0,M10.5.0/3");
  };
  auto table = timetable::make(c, zone);
  if (!table) {
    std::fprintf(stderr, "%s\n", table.error().text.c_str());
    std::exit(1);
  }
  return *std::move(table);
}

/// One slot after the other, each from the one before.
void next(benchmark::State& state, const calendar& c) {
  const auto table = table_of(c);
  const auto first = wall_time{std::chrono::hours{24 * 20'500}}; // 2026
  auto t = first;
  for (auto _ : state) {
    t = table.next(t).value_or(first);
    benchmark::DoNotOptimize(t);
  }
  state.SetItemsProcessed(state.iterations());
}

void previous(benchmark::State& state, const calendar& c) {
  const auto table = table_of(c);
  const auto last = wall_time{std::chrono::hours{24 * 20'500}};
  auto t = last;
  for (auto _ : state) {
    t = table.previous(t).value_or(last);
    benchmark::DoNotOptimize(t);
  }
  state.SetItemsProcessed(state.iterations());
}

void parse(benchmark::State& state, const char* expression) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(cron(expression).check());
  }
  state.SetItemsProcessed(state.iterations());
}

} // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const std::pair<const char*, calendar> cases[] = {
    {"every minute", cron("* * * * *")},
    {"every five minutes", cron("*/5 * * * *")},
    {"every ten seconds", cron("*/10 * * * * *")},
    {"nightly on weekdays", cron("30 2 * * MON-FRI")},
    {"every five minutes in a zone", cron("*/5 * * * *").zone("Europe/Berlin")},
    {"nightly on weekdays in a zone", cron("30 2 * * MON-FRI").zone("Europe/Berlin")},
    {"nightly in a zone, with exceptions",
     cron("30 2 * * MON-FRI").zone("Europe/Berlin").except(cron("* * 24-26 12 *"))},
    {"last weekday of the month in a zone", cron("0 9 LW * *").zone("Europe/Berlin")},
    {"leap day on a Monday in a zone", cron("0 0 29 2 +MON").zone("Europe/Berlin")},
    {"aligned", aligned(std::chrono::minutes{5})},
  };
  for (const auto& [name, c] : cases) {
    benchmark::RegisterBenchmark((std::string{"next: "} + name).c_str(), next, c);
  }
  benchmark::RegisterBenchmark("previous: every five minutes in a zone", previous, cases[4].second);
  benchmark::RegisterBenchmark("read an expression", parse, "30 2 * * MON-FRI");
  benchmark::RegisterBenchmark("refuse an impossible date", parse, "0 0 31 2 +MON");
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) {
    return 1;
  }
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
