#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/node.hpp"
#include "zookeeper_server.hpp"

/// What it costs that the store remembers the slots of many items: nodes in this process on a real server, and a slot
/// of all items at once, as at each full hour; here the hours last for GAP seconds. Printed: transactions of each slot,
/// and how long after it the last item has started. `bench_claims [ITEMS [NODES [SLOTS [GAP [RULE]]]]]`.
namespace djm::bench {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::system_clock;

struct scale {
  std::size_t items = 10'000;
  int nodes = 3;
  int slots = 3;
  std::chrono::seconds gap{30};
  djm::slots rule = slots::claimed;
};

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(2);
}

/// Starts of the items of one slot after the other.
class starts {
public:
  void add(std::int64_t ms_after_slot) {
    ++count_;
    auto longest = longest_.load();
    while (longest < ms_after_slot && !longest_.compare_exchange_weak(longest, ms_after_slot)) {
    }
  }
  std::uint64_t count() const { return count_; }
  std::int64_t take_longest() { return longest_.exchange(0); }

private:
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::int64_t> longest_{0};
};

class cluster {
public:
  cluster(const std::string& connect, const scale& s) : scale_(s) {
    std::vector<item_id> items;
    for (std::size_t n = 0; n < s.items; ++n) {
      items.emplace_back("item-" + std::to_string(n));
    }
    for (int n = 0; n < s.nodes; ++n) {
      nodes_.push_back(start(connect, n));
      if (auto ok = nodes_.back().wait_ready(60s); !ok) {
        give_up(to_string(ok.error()));
      }
    }
    for (auto& n : nodes_) {
      job_builder job{"hourly"};
      job.items(items).thread_per_item().at(aligned(s.gap)).remember(s.rule).least_claim_gap(s.gap);
      job.run([this](job_context& ctx) {
        starts_.add(std::chrono::duration_cast<milliseconds>(system_clock::now() - *ctx.slot()).count());
      });
      if (auto ok = n.register_job(job); !ok) {
        give_up(to_string(ok.error()));
      }
    }
  }
  ~cluster() {
    for (auto& n : nodes_) {
      static_cast<void>(n.shutdown());
    }
  }
  cluster(const cluster&) = delete;
  cluster& operator=(const cluster&) = delete;

  void wait_for_starts(std::uint64_t count) const {
    const auto end = std::chrono::steady_clock::now() + 300s;
    while (starts_.count() < count) {
      if (std::chrono::steady_clock::now() > end) {
        give_up("gave up waiting for " + std::to_string(count) + " starts");
      }
      std::this_thread::sleep_for(20ms);
    }
  }
  std::uint64_t locked() const {
    std::uint64_t n = 0;
    for (const auto& x : nodes_) {
      n += value(x.status()).worker.locked;
    }
    return n;
  }
  std::uint64_t transactions() const {
    std::uint64_t n = 0;
    for (const auto& x : nodes_) {
      n += value(x.status()).store.commits;
    }
    return n;
  }
  std::uint64_t largest() const {
    std::uint64_t n = 0;
    for (const auto& x : nodes_) {
      n = std::max(n, value(x.status()).store.max_transaction_bytes);
    }
    return n;
  }

  starts& runs() { return starts_; }

private:
  template <class T>
  static T value(expected<T> x) {
    if (!x) {
      give_up(to_string(x.error()));
    }
    return std::move(*x);
  }
  static node start(const std::string& connect, int n) {
    node_config c;
    c.id = node_id{"n" + std::to_string(n)};
    c.store.connect = connect;
    c.store.root = "/bench";
    node_options o;
    o.log = stderr_log(log_level::error);
    return value(node::start(c, o));
  }

  scale scale_;
  starts starts_;
  std::vector<node> nodes_;
};

void sleep_past_a_slot(const scale& s, milliseconds later) {
  const auto gap = std::chrono::duration_cast<milliseconds>(s.gap);
  const auto now = std::chrono::floor<milliseconds>(system_clock::now().time_since_epoch());
  std::this_thread::sleep_until(system_clock::time_point{(now / gap + 1) * gap + later});
}

void measure(const scale& s) {
  test::zookeeper_server server;
  cluster c{server.connect_string(), s};
  while (c.locked() < s.items) {
    std::this_thread::sleep_for(200ms);
  }
  // The first slot makes the records, and may come while the last items are being locked.
  c.wait_for_starts(s.items);
  sleep_past_a_slot(s, s.gap - 2s);
  std::printf("claims: %zu items on %d nodes, %s, a slot each %lld s\n", s.items, s.nodes, to_string(s.rule).c_str(),
              static_cast<long long>(s.gap.count()));
  for (int n = 0; n < s.slots; ++n) {
    const auto before = c.transactions();
    const auto runs = c.runs().count();
    c.runs().take_longest();
    sleep_past_a_slot(s, 0ms);
    c.wait_for_starts(runs + s.items);
    const auto last = c.runs().take_longest();
    sleep_past_a_slot(s, -2s); // what follows the runs has been written by then
    const auto transactions = c.transactions() - before;
    std::printf("  slot %d: %zu starts, the last %.2f s after the slot; %llu transactions, %.1f records in each\n",
                n + 1, s.items, static_cast<double>(last) / 1000, static_cast<unsigned long long>(transactions),
                static_cast<double>(s.items) * (s.rule == slots::tracked ? 2 : 1) /
                  static_cast<double>(std::max<std::uint64_t>(transactions, 1)));
  }
  std::printf("  the largest transaction so far: %llu bytes\n", static_cast<unsigned long long>(c.largest()));
}

} // namespace

} // namespace djm::bench

int main(int argc, char** argv) {
  djm::bench::scale s;
  s.items = argc > 1 ? static_cast<std::size_t>(std::atol(argv[1])) : s.items;
  s.nodes = argc > 2 ? std::atoi(argv[2]) : s.nodes;
  s.slots = argc > 3 ? std::atoi(argv[3]) : s.slots;
  s.gap = argc > 4 ? std::chrono::seconds{std::atol(argv[4])} : s.gap;
  const auto rule = djm::enum_value<djm::slots>(argc > 5 ? argv[5] : "claimed");
  if (s.items == 0 || s.nodes <= 0 || s.slots <= 0 || s.gap < djm::shortest_claim_gap || !rule) {
    std::fprintf(stderr, "usage: bench_claims [ITEMS [NODES [SLOTS [GAP [RULE]]]]]; GAP: 10 s or more\n");
    return 2;
  }
  s.rule = *rule;
  if (!djm::test::zookeeper_available()) {
    std::fprintf(stderr, "no server can be started here: java or ZooKeeper's jar is missing\n");
    return 2;
  }
  djm::bench::measure(s);
  return 0;
}
