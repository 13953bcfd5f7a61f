#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "bench/common/meter.hpp"
#include "bench/common/must.hpp"
#include "bench/common/test_bed.hpp"
#include "bench/memory/leader.hpp"
#include "zookeeper_server.hpp"

/// What an idle job and an idle item take of the memory of a node, which is what the heap has more with them than
/// without: on the embedded store, which is part of it; on a real server, where the node leads and knows the whole
/// cluster; and there with a leader in another process. `bench_memory [ITEMS...]`.
namespace djm::bench {

namespace {

using namespace std::chrono_literals;

/// What the heap has when nothing is under way any more.
double settled_heap() {
  auto last = used_so_far().heap;
  for (int look = 0; look < 30; ++look) {
    std::this_thread::sleep_for(1s);
    const auto now = used_so_far().heap;
    if (std::abs(now - last) < 4096) {
      return now;
    }
    last = now;
  }
  return last;
}

/// Bytes for each of `count` things, of which `add` adds as many as it is told, with as many items.
double bytes_of_each(const bed_place& where, std::size_t count,
                     const std::function<void(test_bed&, std::size_t)>& add) {
  constexpr std::size_t there = 10; // what there is once is there with these
  test_bed bed{where};
  add(bed, there);
  bed.wait_until_held(there);
  const auto before = settled_heap();
  add(bed, count);
  bed.wait_until_held(there + count);
  return (settled_heap() - before) / static_cast<double>(count);
}

double bytes_of_jobs(const bed_place& where, std::size_t count) {
  return bytes_of_each(where, count, [](test_bed& bed, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) {
      bed.add_job("job-" + std::to_string(i) + "-of-" + std::to_string(n), 1, schedule::on_trigger());
    }
  });
}

double bytes_of_items(const bed_place& where, std::size_t count) {
  return bytes_of_each(where, count, [](test_bed& bed, std::size_t n) {
    bed.add_job("job-of-" + std::to_string(n), n, schedule::on_trigger());
  });
}

/// The same at all places. Each has a tree of its own.
class table {
public:
  table() {
    if (test::zookeeper_available()) {
      server_.emplace();
    }
  }
  void row(const std::string& what, const std::function<double(const bed_place&)>& measure) {
    std::printf("%-42s %10.0f B", what.c_str(), measure({}));
    std::fflush(stdout);
    if (server_) {
      std::printf(" %10.0f B", measure({server_->connect_string(), next_root(), node_role::both, 10s}));
      std::fflush(stdout);
      const leader_process leader{server_->connect_string(), next_root()};
      std::printf(" %10.0f B", measure({server_->connect_string(), leader.root(), node_role::worker, 10s}));
    }
    std::printf("\n");
    std::fflush(stdout);
  }

private:
  std::string next_root() { return "/bench-" + std::to_string(++roots_); }

  std::optional<test::zookeeper_server> server_;
  int roots_ = 0;
};

void measure(const std::vector<std::size_t>& sizes) {
  std::printf("%-42s %12s %12s %12s\n", "memory of a node", "embedded", "it leads", "another one");
  table all;
  all.row("an idle job of one item, of 1000", [](const bed_place& where) { return bytes_of_jobs(where, 1000); });
  for (const auto n : sizes) {
    all.row("an idle item, of " + std::to_string(n) + " in one job",
            [n](const bed_place& where) { return bytes_of_items(where, n); });
  }
}

} // namespace

} // namespace djm::bench

int main(int argc, char** argv) {
  using namespace djm::bench;
  if (argc > 1 && argv[1] == std::string{leader_word}) {
    return be_leader(argc, argv);
  }
  std::vector<std::size_t> sizes;
  for (int i = 1; i < argc; ++i) {
    sizes.push_back(std::strtoul(argv[i], nullptr, 10));
    if (sizes.back() == 0) {
      std::fprintf(stderr, "usage: bench_memory [ITEMS...]\n");
      return 2;
    }
  }
  measure(sizes.empty() ? std::vector<std::size_t>{1'000, 10'000, 100'000} : sizes);
  return 0;
}
