#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/slots/bare_pool.hpp"
#include "bench/slots/delays.hpp"
#include "djm/calendar.hpp"
#include "djm/node.hpp"

/// How late runs start where many jobs have the same slot: one node on an embedded store with so many jobs of one item,
/// beside a bare timer with as many threads, in turn in the same run. All at the same moment, and due in one second by
/// their jitter. Then one job with ten, a thousand and ten thousand items that are due each second.
/// `bench_slots [JOBS [SLOTS]]`; exit code 1: in one second, the 99th percentile is more than three times that of the
/// bare timer, or jitter does not spread them.
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

system_clock::time_point next_slot(milliseconds every) {
  const auto now = std::chrono::floor<milliseconds>(system_clock::now().time_since_epoch());
  return system_clock::time_point{(now / every + 1) * every};
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

struct load {
  std::size_t jobs;
  std::size_t items; ///< of each job
  milliseconds every;
  milliseconds spread;

  std::size_t at_once() const { return jobs * items; }
};

/// A node with so many jobs, and when their runs start.
class slot_jobs {
public:
  slot_jobs(const load& l, std::size_t slots)
    : from_due(l.at_once() * (slots + 4)), from_slot(l.at_once() * (slots + 4)), node_(start()) {
    std::vector<item_id> items;
    for (std::size_t n = 0; n < l.items; ++n) {
      items.emplace_back("item-" + std::to_string(n));
    }
    for (std::size_t n = 0; n < l.jobs; ++n) {
      job_builder job{job_id{"job-" + std::to_string(n)}};
      job.items(items).thread_per_item().at(aligned(l.every)).jitter(l.spread);
      job.run([this](job_context& ctx) {
        from_due.add(us_since(*ctx.due()));
        from_slot.add(us_since(*ctx.slot()));
      });
      if (auto ok = node_.register_job(job); !ok) {
        give_up(to_string(ok.error()));
      }
    }
    // The first runs come when the locks are there, each of them for the first time at some slot.
    wait_for(from_slot, 2 * l.at_once());
    std::this_thread::sleep_until(next_slot(l.every) + (l.spread + l.every) / 2);
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

/// What is due at the same time at the bare timer: half way between two slots, so that a machine that is busy for a
/// while is busy for both. `spread`: over how long a time, each at any moment of it, as jitter draws them. (Evenly
/// spread they would never meet, as some of djm's do.)
void run_bare(bare_pool& pool, delays& bare, std::size_t jobs, milliseconds spread) {
  static std::mt19937 chance{1};
  const auto begin = next_slot(gap) + gap / 2;
  std::uniform_int_distribution<std::int64_t> any{0, std::chrono::duration_cast<microseconds>(spread).count()};
  for (std::size_t i = 0; i < jobs; ++i) {
    const auto when = begin + microseconds{any(chance)};
    pool.at(when, [&bare, when] { bare.add(us_since(when)); });
  }
}

double ratio_of(const delays& mine, const delays& bare) {
  return static_cast<double>(mine.at(990)) / static_cast<double>(bare.at(990));
}

const auto bare_name = "bare timer, " + std::to_string(threads) + " threads";

/// What no timer spreads: the last of them starts when all the others have. A figure, and no limit, because a bare pool
/// has nothing to do but to call a function, in less than a microsecond, and a run of djm is a message to its runner.
void same_moment(std::size_t jobs, std::size_t slots) {
  slot_jobs mine{{jobs, 1, gap, 0ms}, slots};
  delays bare{jobs * slots};
  bare_pool pool{threads};
  for (std::size_t n = 0; n < slots; ++n) {
    run_bare(pool, bare, jobs, 0ms);
    wait_for(mine.from_slot, (n + 1) * jobs);
    wait_for(bare, (n + 1) * jobs);
  }
  std::printf("slots: %zu jobs due at the same moment, %zu times\n", jobs, slots);
  print("djm", mine.from_slot, bare_name, bare);
  std::printf("  p99 is %.2f times that of the bare timer\n", ratio_of(mine.from_slot, bare));
}

/// Due in one second: jitter spreads them over it, and chance those of the bare timer.
bool in_one_second(std::size_t jobs, std::size_t slots) {
  slot_jobs mine{{jobs, 1, gap, jitter}, slots};
  delays bare{jobs * slots};
  bare_pool pool{threads};
  for (std::size_t n = 0; n < slots; ++n) {
    run_bare(pool, bare, jobs, jitter);
    wait_for(mine.from_slot, (n + 1) * jobs);
    wait_for(bare, (n + 1) * jobs);
  }
  std::printf("slots: %zu jobs with the same slot, due in one second by their jitter, %zu times\n", jobs, slots);
  print("djm, from the moment that is due", mine.from_due, bare_name, bare);
  const auto ratio = ratio_of(mine.from_due, bare);
  std::printf("  p99 is %.2f times that of the bare timer (at most %.0f)\n", ratio, most);
  std::printf("  starts in each tenth of the second after the slot:");
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
  return ratio <= most && fullest < mine.from_slot.size() / 5;
}

/// So many items of one job are due each second, at any moment of it; the bare timer has as many after that, in turn.
void each_second(std::size_t items) {
  constexpr std::size_t seconds = 10;
  constexpr milliseconds spread = 900ms; // the rest of the second is free, so that seconds can be told apart
  delays from_due{0};
  {
    slot_jobs mine{{1, items, 1s, spread}, seconds};
    wait_for(mine.from_due, seconds * items);
    from_due = mine.from_due;
  }
  delays bare{seconds * items};
  bare_pool pool{threads};
  for (std::size_t n = 0; n < seconds; ++n) {
    run_bare(pool, bare, items, spread);
    wait_for(bare, (n + 1) * items);
  }
  std::printf("slots: %zu items of one job due each second, for %zu s\n", items, seconds);
  print("djm, from the moment that is due", from_due, bare_name, bare);
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
  djm::bench::same_moment(n, k);
  const bool good = djm::bench::in_one_second(n, k);
  for (const std::size_t items : {10, 1000, 10'000}) {
    djm::bench::each_second(items);
  }
  return good ? 0 : 1;
}
