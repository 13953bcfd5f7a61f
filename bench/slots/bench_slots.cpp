#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/slots/bare_pool.hpp"
#include "bench/slots/delays.hpp"
#include "djm/calendar.hpp"
#include "djm/node.hpp"

/// How long after its slot a run starts where many jobs have the same slot: one node on an embedded store with so many
/// jobs of one item, beside a bare timer with as many threads, in turn in the same run. And what jitter makes of it.
/// `bench_slots [JOBS [SLOTS]]`; exit code 1: the 99th percentile is more than three times that of the bare timer.
namespace djm::bench {

namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr std::size_t threads = 16;
/// Between two slots; half way between them is the turn of the bare timer.
constexpr milliseconds gap = 4s;
constexpr milliseconds jitter = 1s;
constexpr double most = 3;

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(2);
}

std::int64_t us_since(system_clock::time_point moment) {
  return std::chrono::duration_cast<microseconds>(system_clock::now() - moment).count();
}

system_clock::time_point next_slot() {
  const auto now = std::chrono::floor<milliseconds>(system_clock::now().time_since_epoch());
  return system_clock::time_point{(now / gap + 1) * gap};
}

void wait_for(const delays& all, std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + 120s;
  while (all.size() < count) {
    if (std::chrono::steady_clock::now() > end) {
      give_up("gave up waiting for " + std::to_string(count) + " starts");
    }
    std::this_thread::sleep_for(20ms);
  }
}

/// A node with so many jobs, and when their runs start.
class slot_jobs {
public:
  slot_jobs(std::size_t jobs, std::size_t slots, milliseconds spread)
    : from_due(jobs * (slots + 4)), from_slot(jobs * (slots + 4)), node_(start()) {
    for (std::size_t n = 0; n < jobs; ++n) {
      job_builder job{job_id{"job-" + std::to_string(n)}};
      job.items({"i"}).thread_per_item().at(aligned(gap)).jitter(spread);
      job.run([this](job_context& ctx) {
        from_due.add(us_since(*ctx.due()));
        from_slot.add(us_since(*ctx.slot()));
      });
      if (auto ok = node_.register_job(job); !ok) {
        give_up(to_string(ok.error()));
      }
    }
    // The first runs come when the locks are there, each of them for the first time at some slot.
    wait_for(from_slot, 2 * jobs);
    std::this_thread::sleep_until(next_slot() + gap / 2);
    from_due.clear();
    from_slot.clear();
  }
  ~slot_jobs() { static_cast<void>(node_.shutdown()); }
  slot_jobs(const slot_jobs&) = delete;
  slot_jobs& operator=(const slot_jobs&) = delete;

  delays from_due, from_slot;

private:
  static node start() {
    node_config c;
    c.id = "bench";
    c.max_threads = threads;
    node_options o;
    o.log = stderr_log(log_level::error);
    auto started = node::start(c, o);
    if (!started) {
      give_up(to_string(started.error()));
    }
    return std::move(*started);
  }

  node node_;
};

/// In turn, so that a machine that is busy for a while is busy for both.
bool same_moment(std::size_t jobs, std::size_t slots) {
  slot_jobs mine{jobs, slots, 0ms};
  delays bare{jobs * slots};
  bare_pool pool{threads};
  for (std::size_t n = 0; n < slots; ++n) {
    const auto half_way = next_slot() + gap / 2;
    for (std::size_t i = 0; i < jobs; ++i) {
      pool.at(half_way, [&bare, half_way] { bare.add(us_since(half_way)); });
    }
    wait_for(mine.from_slot, (n + 1) * jobs);
    wait_for(bare, (n + 1) * jobs);
  }
  std::printf("slots: %zu jobs due at the same moment, %zu times\n", jobs, slots);
  print("djm", mine.from_slot, "bare timer, " + std::to_string(threads) + " threads", bare);
  const auto ratio = static_cast<double>(mine.from_slot.at(990)) / static_cast<double>(bare.at(990));
  std::printf("  p99 is %.2f times that of the bare timer (at most %.0f)\n", ratio, most);
  return ratio <= most;
}

bool with_jitter(std::size_t jobs, std::size_t slots) {
  slot_jobs mine{jobs, slots, jitter};
  wait_for(mine.from_slot, slots * jobs);
  std::printf("slots: the same with a jitter of 1 s: from the slot, and from the moment that jitter has drawn\n");
  print("from the slot", mine.from_slot, "from the moment drawn", mine.from_due);
  std::printf("  starts in each tenth of the second:");
  std::size_t fullest = 0;
  std::vector<std::int64_t> tenths;
  for (int n = 1; n <= 10; ++n) {
    tenths.push_back(n * 100'000);
  }
  for (const auto count : mine.from_slot.histogram(tenths)) {
    std::printf(" %zu", count);
    fullest = std::max(fullest, count);
  }
  std::printf("\n");
  return fullest < mine.from_slot.size() / 5;
}

} // namespace

} // namespace djm::bench

int main(int argc, char** argv) {
  const auto jobs = argc > 1 ? std::atol(argv[1]) : 1000;
  const auto slots = argc > 2 ? std::atol(argv[2]) : 8;
  if (jobs <= 0 || slots <= 0) {
    std::fprintf(stderr, "usage: bench_slots [JOBS [SLOTS]]\n");
    return 2;
  }
  const auto n = static_cast<std::size_t>(jobs);
  const auto k = static_cast<std::size_t>(slots);
  const bool near = djm::bench::same_moment(n, k);
  const bool spread = djm::bench::with_jitter(n, k);
  return near && spread ? 0 : 1;
}
