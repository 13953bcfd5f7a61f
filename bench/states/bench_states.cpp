#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/common/bare_session.hpp"
#include "bench/states/plain_sets.hpp"
#include "djm/node.hpp"
#include "zookeeper_server.hpp"

/// How many states of items a node saves in a second on a real server, beside sets of the same payload without djm: as
/// many of these under way as runs save, in the same run, one after the other.
/// `bench_states [SECONDS [RUNS [BYTES]]]`.
namespace djm::bench {

namespace {

using namespace std::chrono_literals;

struct scale {
  double seconds = 3;
  int runs = 32;
  std::size_t bytes = 1024;
};

node_config config_of(const std::string& connect, int runs) {
  node_config c;
  c.id = "bench";
  c.store.connect = connect;
  c.store.root = "/bench";
  c.max_threads = static_cast<std::uint32_t>(runs);
  return c;
}

/// Runs of one item each that save again and again, as long as they are let.
class savers {
public:
  explicit savers(const scale& s) : state_(bytes_of(std::string(s.bytes, 's'))) {
    for (int n = 0; n < s.runs; ++n) {
      items_.emplace_back("i" + std::to_string(n));
    }
  }

  job_builder job() {
    return job_builder("save").items(items_).every(1s).thread_per_item().run([this](job_context& ctx) { save(ctx); });
  }
  bool all_save(std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (working_ < static_cast<int>(items_.size()) && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(10ms);
    }
    return working_ == static_cast<int>(items_.size());
  }
  std::uint64_t saved() const { return saved_; }
  std::uint64_t failed() const { return failed_; }

private:
  void save(job_context& ctx) {
    const auto item = ctx.items().front().id;
    bool first = true;
    while (!ctx.stop_requested()) {
      if (ctx.save(item, state_)) {
        ++saved_;
        working_ += std::exchange(first, false) ? 1 : 0;
      } else {
        ++failed_;
      }
    }
  }

  std::vector<item_id> items_;
  bytes state_;
  std::atomic<int> working_{0};
  std::atomic<std::uint64_t> saved_{0}, failed_{0};
};

struct figure {
  double rate = 0;
  std::string payload; ///< as it stands in the store
  std::uint64_t failed = 0;
};

figure saves(const std::string& connect, const scale& s) {
  savers work{s};
  auto node = djm::node::start(config_of(connect, s.runs));
  if (!node || !node->register_job(work.job()) || !work.all_save(60s)) {
    std::fprintf(stderr, "the node does not start to save\n");
    std::exit(2);
  }
  const auto before = work.saved();
  const auto began = std::chrono::steady_clock::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(s.seconds));
  figure f;
  f.rate = static_cast<double>(work.saved() - before) /
           std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  f.failed = work.failed();
  f.payload = read_node(connect, "/bench/states/save/i0");
  static_cast<void>(node->shutdown());
  return f;
}

/// In turn, so that a machine that is busy for a while, or a server that warms up, is busy for both.
int measure(const scale& s) {
  constexpr int rounds = 3;
  test::zookeeper_server server;
  const auto connect = server.connect_string();
  const auto payload = saves(connect, {2, s.runs, s.bytes}).payload;
  std::printf("states: %d runs save %zu bytes (%zu as they stand in the store), beside %d plain sets under way\n",
              s.runs, s.bytes, payload.size(), s.runs);
  std::vector<double> shares;
  auto before = plain_sets(connect, payload, s.runs, s.seconds);
  for (int n = 0; n < rounds; ++n) {
    const auto f = saves(connect, s);
    const auto after = plain_sets(connect, payload, s.runs, s.seconds);
    shares.push_back(2 * f.rate / (before + after));
    std::printf("  ctx.save %8.0f a second (%llu refused), plain sets %8.0f before and %8.0f after: %.2f\n", f.rate,
                static_cast<unsigned long long>(f.failed), before, after, shares.back());
    before = after;
  }
  std::sort(shares.begin(), shares.end());
  const auto median = shares[rounds / 2];
  std::printf("  share of plain, median: %.2f (at least 0.50)\n", median);
  return median >= 0.5 ? 0 : 1;
}

} // namespace

} // namespace djm::bench

int main(int argc, char** argv) {
  djm::bench::scale s;
  s.seconds = argc > 1 ? std::atof(argv[1]) : s.seconds;
  s.runs = argc > 2 ? std::atoi(argv[2]) : s.runs;
  s.bytes = argc > 3 ? static_cast<std::size_t>(std::atol(argv[3])) : s.bytes;
  if (s.seconds <= 0 || s.runs <= 0 || s.bytes > 65536) {
    std::fprintf(stderr, "usage: bench_states [SECONDS [RUNS [BYTES]]]; at most 65536 bytes\n");
    return 2;
  }
  if (!djm::test::zookeeper_available()) {
    std::fprintf(stderr, "no server can be started here: java or ZooKeeper's jar is missing\n");
    return 2;
  }
  return djm::bench::measure(s);
}
