#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bench/common/meter.hpp"
#include "bench/common/must.hpp"
#include "bench/membership/bare_client.hpp"
#include "bench/membership/figure.hpp"
#include "bench/membership/fleet.hpp"
#include "bench/membership/looks.hpp"
#include "bench/membership/member.hpp"
#include "bench/membership/server_side.hpp"
#include "zookeeper_server.hpp"

/// What it takes that items get their owners: nodes of this process on a real server, which start together, get one
/// more, lose it again, and lose one that is killed; each time until every item is locked by who should have it. Beside
/// it, before and after, a bare client that writes the same znodes to the same server. And how long a look at all that
/// takes. `bench_membership [--no-kill] [ITEMS [JOBS [NODES]]]`.
namespace djm::bench {

namespace {

struct scale {
  workload work;
  std::size_t nodes = 4;
  bool kill = true;

  /// Of which each changes its owner, when one more comes or goes: they are locked and assigned anew.
  double moving() const { return static_cast<double>(work.items / (nodes + 1)); }
};

class measurement {
public:
  explicit measurement(const scale& s)
    : scale_(s), connect_(server_.connect_string()), payloads_(payloads_at(connect_)) {
    bare(s.nodes, {std::min<std::size_t>(s.work.items, 10'000), s.work.jobs}); // the server's code has run once
  }

  void measure() {
    std::printf("membership: %zu items in %zu jobs on %zu nodes of this process, one server\n", scale_.work.items,
                scale_.work.jobs, scale_.nodes);
    print_head();
    const auto before = print_bare();
    const auto nodes = measure_nodes();
    const auto after = print_bare();
    std::printf("  share of the bare client's rate (at least 0.50): cold start %.2f, one joins %.2f, one leaves %.2f\n",
                share(nodes[0], before.first, after.first), share(nodes[1], before.second, after.second),
                share(nodes[2], before.second, after.second));
  }

private:
  using bare_figures = std::pair<figure, figure>; // of a cold start, and of what moves when one joins

  static double share(const figure& f, const figure& before, const figure& after) {
    return 2 * f.rate() / (before.rate() + after.rate());
  }

  /// What `f` takes. Without a number of writes, those are the znodes that are new.
  template <class F>
  figure of(double writes, F f) {
    const auto server = look_at(server_);
    const auto before = used_so_far();
    f();
    const auto used = used_so_far() - before;
    const auto more = look_at(server_) - server;
    return {used, more.processor, writes > 0 ? writes : more.znodes, more.bytes};
  }
  /// The same of nodes, with what they have asked the store.
  template <class F>
  figure of(const char* what, fleet& nodes, double writes, F f) {
    const auto before = nodes.asked();
    const auto result = of(writes, f);
    print(what, result);
    print(nodes.asked() - before);
    return result;
  }

  bare_figures bare(std::size_t nodes, const workload& w) {
    const auto written = [&](const writes& all) {
      return of(static_cast<double>(all.size()), [&] { write_all(connect_, all); });
    };
    const auto first = written(first_writes(w, payloads_, nodes));
    const auto moving = written(moving_writes(w, payloads_, nodes));
    write_all(connect_, clearing_writes(w, nodes));
    return {first, moving};
  }

  bare_figures print_bare() {
    const auto result = bare(scale_.nodes, scale_.work);
    print("bare, as a cold start", result.first);
    print("bare, as one joins", result.second);
    return result;
  }

  std::vector<figure> measure_nodes() {
    fleet nodes{tree_at(connect_), scale_.work};
    std::vector<figure> result{cold_start(nodes)};
    print_looks(nodes, connect_);
    const auto joining = node_id{"n" + std::to_string(scale_.nodes)};
    auto jobs = scale_.work.definitions();
    result.push_back(of("one joins", nodes, 4 * scale_.moving(), [&] {
      nodes.add(joining, std::move(jobs));
      nodes.wait_for_shares(scale_.nodes + 1);
    }));
    auto leaving = nodes.take_last();
    result.push_back(of("one leaves", nodes, 4 * scale_.moving(), [&] {
      must(leaving.begin_shutdown());
      nodes.wait_for_shares(scale_.nodes);
    }));
    must(leaving.shutdown());
    if (scale_.kill) {
      kill_one(nodes);
    }
    return result;
  }

  figure cold_start(fleet& nodes) {
    std::vector<std::vector<job_definition>> jobs;
    for (std::size_t n = 0; n < scale_.nodes; ++n) {
      jobs.push_back(scale_.work.definitions());
    }
    const auto result = of("cold start", nodes, 0, [&] {
      for (std::size_t n = 0; n < scale_.nodes; ++n) {
        nodes.add(node_id{"n" + std::to_string(n)}, std::move(jobs[n]));
      }
      nodes.wait_for_shares(scale_.nodes);
    });
    if (nodes.locked() != scale_.work.items) {
      give_up("not every item is locked");
    }
    std::printf("  %-22s items that moved on from a first owner: %llu\n", "",
                static_cast<unsigned long long>(nodes.owners_written() - scale_.work.items));
    return result;
  }

  /// The node that is killed is a process of its own.
  void kill_one(fleet& nodes) {
    auto victim = start_member(connect_, scale_.work, scale_.nodes + 1);
    nodes.wait_for_shares(scale_.nodes + 1);
    of("one is killed", nodes, 4 * scale_.moving(), [&] {
      victim.kill();
      nodes.wait_for_shares(scale_.nodes);
    });
    const auto c = config_of("any", tree_at(connect_));
    const auto waited = c.store.session_timeout + c.detach_tolerance;
    std::printf("  %-22s of that %.0f s, T and D, are over before an item of it may move\n", "",
                std::chrono::duration<double>(waited).count());
  }

  scale scale_;
  test::zookeeper_server server_;
  std::string connect_;
  payloads payloads_;
};

} // namespace

} // namespace djm::bench

int main(int argc, char** argv) {
  using namespace djm::bench;
  if (argc > 1 && std::strcmp(argv[1], member_word) == 0) {
    return be_member(argc, argv);
  }
  scale s;
  std::vector<std::size_t*> numbers{&s.nodes, &s.work.jobs, &s.work.items}; // the last one comes first
  for (int i = 1; i < argc && !numbers.empty(); ++i) {
    if (std::strcmp(argv[i], "--no-kill") == 0) {
      s.kill = false;
    } else {
      *numbers.back() = std::strtoul(argv[i], nullptr, 10);
      numbers.pop_back();
    }
  }
  if (s.work.items == 0 || s.work.jobs == 0 || s.work.jobs > s.work.items || s.nodes == 0 || s.nodes > 9) {
    std::fprintf(stderr, "usage: bench_membership [--no-kill] [ITEMS [JOBS [NODES]]]; at most 9 nodes\n");
    return 2;
  }
  if (!djm::test::zookeeper_available()) {
    std::fprintf(stderr, "no server can be started here: java or ZooKeeper's jar is missing\n");
    return 2;
  }
  measurement{s}.measure();
  return 0;
}
