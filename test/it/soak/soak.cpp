// A cluster under churn on a real ZooKeeper server, for as long as one likes: does anything grow?
//
//   djm_soak [--minutes N] [--seed S]
//
// Every half a minute or so (sooner in short soaks) the churn stops, the cluster becomes calm, and after a rest a line
// of the table tells what it holds then. Exit code 0: nothing grew after the warm-up (a sixth of the time, at most 5
// minutes); 1: something did, or the cluster did not become calm; 2: bad arguments. Memory is not judged in less than 3
// minutes.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <fmt/format.h>

#include "actors/executor/thread_executor.hpp"
#include "churn.hpp"
#include "meter.hpp"

namespace {

using namespace djm::test;
using namespace std::chrono_literals;

int soak(double minutes, std::uint64_t seed) {
  zookeeper_server server;
  churn c{server, seed};
  const double warm_up = std::clamp(minutes / 6, minutes < 3 ? 0.0 : 1.5, 5.0);
  const auto round = std::min<milliseconds>(30s, milliseconds{static_cast<std::int64_t>(minutes * 60'000 / 12)});
  // A thread that only the churn needed ends when it has been idle for long enough. Short soaks do not wait that long.
  const auto idle_time = std::chrono::duration_cast<milliseconds>(djm::executor_options{}.idle_time);
  const auto rest = std::min<milliseconds>(idle_time + 1s, round * 2 / 5);
  fmt::print("soak: {} minutes, seed {}, a line every {} s or so\n{}\n", minutes, seed,
             static_cast<double>(round.count()) / 1000, table_head());
  std::fflush(stdout);
  std::vector<reading> readings;
  const auto begin = djm::test::clock::now();
  const auto minute = [&] { return static_cast<double>(since(begin).count()) / 60'000; };
  while (minute() < minutes) {
    const auto start = djm::test::clock::now();
    // A third of the round is for what has to settle: sessions that expire, locks that are broken, the leader's
    // cleaning.
    while (since(start) < round * 2 / 3) {
      c.step();
      let_pass(std::min<milliseconds>(1s, round / 10));
    }
    c.calm_down();
    let_pass(std::max<milliseconds>(rest, round - since(start)));
    readings.push_back(read_all(minute(), server, c.root(), c.nodes()));
    fmt::print("{}\n", table_line(readings.back()));
    std::fflush(stdout);
  }
  fmt::print("what happened:");
  for (const auto& [what, count] : c.happened()) {
    fmt::print(" {} {}x,", what, count);
  }
  bool ok = false;
  const auto text = verdicts(readings, warm_up, minutes >= 3, ok);
  fmt::print("\n{}soak: {}\n", text, ok ? "flat" : "something grew");
  return ok ? 0 : 1;
}

int usage(const std::string& problem) {
  fmt::print(stderr, "djm_soak: {}\nusage: djm_soak [--minutes N] [--seed S]\n", problem);
  return 2;
}

/// One arena, no bins of free memory per thread or size: what malloc keeps for itself would look like growth. The
/// library reads this before `main`, so the program starts itself once more.
void without_malloc_caches(char** argv) {
  constexpr const char* name = "GLIBC_TUNABLES";
  constexpr const char* plain = "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0";
  const char* now = std::getenv(name);
  if (now == nullptr || std::string{now} != plain) {
    ::setenv(name, plain, 1);
    ::execv("/proc/self/exe", argv);
  }
}

} // namespace

int main(int argc, char** argv) {
  without_malloc_caches(argv);
  double minutes = 30;
  std::uint64_t seed = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    char* end = nullptr;
    if (word != "--minutes" && word != "--seed") {
      return usage("unknown argument \"" + word + "\"");
    }
    if (++i == argc) {
      return usage(word + " wants a value");
    }
    if (word == "--minutes") {
      minutes = std::strtod(argv[i], &end);
    } else {
      seed = std::strtoull(argv[i], &end, 10);
    }
    if (end == argv[i] || *end != '\0' || !(minutes >= 1 && minutes <= 100'000)) {
      return usage(word + ": \"" + argv[i] + "\" is no number (minutes: at least 1)");
    }
  }
  try {
    return soak(minutes, seed);
  } catch (const std::exception& e) {
    fmt::print(stderr, "djm_soak: {}\n", e.what());
    return 1;
  }
}
