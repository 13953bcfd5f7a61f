#include "bench/membership/figure.hpp"

#include <cstdio>

namespace djm::bench {

namespace {

unsigned long long number(std::uint64_t n) {
  return n;
}

} // namespace

void print_head() {
  std::printf("  %-22s %10s %10s %10s %9s %9s %9s %10s\n", "", "time", "processors", "server's", "writes", "a second",
              "each", "more there");
}

void print(const char* what, const figure& f) {
  std::printf("  %-22s %8.2f s %8.2f s %8.2f s %9.0f %9.0f %6.1f us %7.0f KB\n", what, f.used.wall, f.used.processor,
              f.server, f.writes, f.rate(), f.each(), f.bytes / 1024);
  std::fflush(stdout);
}

void print(const questions& asked) {
  std::printf("  %-22s %llu transactions, %llu reads; tried again: %llu of keepers, %llu of workers, %llu of leaders\n",
              "", number(asked.commits), number(asked.reads), number(asked.keepers_met), number(asked.workers_met),
              number(asked.leader_met));
}

} // namespace djm::bench
