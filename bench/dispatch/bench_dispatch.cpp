#include <chrono>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/common/meter.hpp"
#include "bench/common/test_bed.hpp"
#include "bench/dispatch/plain.hpp"

/// What a run costs beside the user's code, as a user would measure it: one node on an embedded store, runs that do
/// nothing. `bench_dispatch [--full] [WORD...]`: cases whose name contains a word; `--full` adds those that take a
/// minute each. Processor time counts all threads of the process, an idle node's as well.
namespace djm::bench {

namespace {

using namespace std::chrono_literals;

struct choice {
  bool full = false;
  std::vector<std::string> words;

  bool has(const std::string& name) const {
    if (words.empty()) {
      return true;
    }
    for (const auto& w : words) {
      if (name.find(w) != std::string::npos) {
        return true;
      }
    }
    return false;
  }
};

std::string told(double x, const char* unit, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f %s", digits, x, unit);
  return text;
}

void print(const std::string& name, const std::string& what, const std::string& plain, const std::string& target) {
  std::printf("%-46s %-36s %-26s %s\n", name.c_str(), what.c_str(), plain.c_str(), target.c_str());
  std::fflush(stdout);
}

double seconds_of(duration d) {
  return std::chrono::duration<double>(d).count();
}

/// What a node does within `seconds`, some time after the first runs of the jobs that `add_jobs` gives it.
template <class F>
run_figure runs_of(double seconds, F add_jobs) {
  test_bed bed;
  add_jobs(bed);
  bed.wait_for_first_runs();
  std::this_thread::sleep_for(1s);
  const auto before = used_so_far();
  const auto runs_before = bed.runs();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  return figure_of(used_so_far() - before, bed.runs() - runs_before);
}

/// All items together every `period`: what a run takes of the processors.
void rhythm(const choice& c, std::size_t items, duration period, const char* target) {
  const auto due = static_cast<double>(items) / seconds_of(period);
  const auto name = "rate: " + std::to_string(items) + " items, " + told(due, "runs a second", 0);
  if (!c.has(name)) {
    return;
  }
  const auto window = std::max(4.0, seconds_of(period));
  const auto f = runs_of(window, [&](test_bed& bed) { bed.add_job("job", items, schedule::fixed_rate(period)); });
  const auto plain = plain_loop(items, seconds_of(period), std::min(window, 4.0));
  print(name, told(f.processor_us, "us a run", 1) + ", " + told(f.runs_per_second, "runs/s", 0),
        told(plain.processor_us, "us a run", 2), target);
}

/// Each item again as soon as it has ended.
void flat_out(const choice& c, std::size_t jobs, std::size_t items, const char* target) {
  const auto name = "flat out: " + std::to_string(jobs) + " jobs of " + std::to_string(items) + " items";
  if (!c.has(name)) {
    return;
  }
  const auto f = runs_of(4, [&](test_bed& bed) {
    const auto again = schedule::fixed_delay(1us);
    if (jobs == 1) {
      bed.add_job("job", items, again);
    } else {
      bed.add_jobs(jobs, again);
    }
  });
  const auto plain = plain_queue(jobs * items, 16, 2);
  print(name, told(f.runs_per_second, "runs/s", 0) + ", " + told(f.processor_us, "us each", 1),
        told(plain.runs_per_second, "runs/s", 0) + ", " + told(plain.processor_us, "us", 1), target);
}

void shutdown(const choice& c, std::size_t items, const char* target) {
  const auto name = "shutdown: " + std::to_string(items) + " items";
  if (!c.has(name)) {
    return;
  }
  test_bed bed;
  bed.add_job("job", items, schedule::fixed_delay(50s));
  bed.wait_for_first_runs();
  std::this_thread::sleep_for(1s);
  const auto before = used_so_far();
  const auto took = bed.shut_down();
  print(name, told(took, "s", 2) + ", " + told((used_so_far() - before).processor, "s of processors", 2), "", target);
}

void idle(const choice& c, std::size_t items) {
  const auto name = "idle: a node with " + std::to_string(items) + " items";
  if (!c.has(name)) {
    return;
  }
  test_bed bed;
  if (items > 0) {
    bed.add_job("job", items, schedule::on_trigger());
    bed.wait_until_held(items);
  }
  std::this_thread::sleep_for(1s);
  const auto before = used_so_far();
  std::this_thread::sleep_for(5s);
  const auto used = used_so_far() - before;
  print(name, told(used.processor / used.wall * 100, "% of a core", 2), "", items > 0 ? "<= 0.5 %" : "<= 0.2 %");
}

void run_all(const choice& c) {
  print("case", "djm", "plain loop or queue", "target");
  for (const std::size_t items : {10, 100, 1'000, 4'000, 10'000}) {
    rhythm(c, items, std::chrono::microseconds{items * 500}, "<= 8 us, flat within 1.5 x");
  }
  if (c.full) {
    rhythm(c, 100'000, 50s, "<= 8 us, flat within 1.5 x");
  }
  rhythm(c, 1'000, 100ms, "all 10000 a second");
  flat_out(c, 100, 1, ">= 150000 runs/s, <= 8 us");
  flat_out(c, 200, 1, ">= 150000 runs/s, <= 8 us");
  flat_out(c, 1, 10'000, ">= 100000 runs/s");
  shutdown(c, 1'000, "<= 0.1 s");
  shutdown(c, 4'000, "<= 0.3 s");
  shutdown(c, 10'000, "<= 0.5 s");
  idle(c, 0);
  idle(c, 10'000);
}

} // namespace

} // namespace djm::bench

int main(int argc, char** argv) {
  djm::bench::choice c;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--full") == 0) {
      c.full = true;
    } else {
      c.words.emplace_back(argv[i]);
    }
  }
  djm::bench::run_all(c);
  return 0;
}
