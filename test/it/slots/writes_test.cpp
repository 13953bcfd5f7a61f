#include <doctest/doctest.h>

#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "djm/calendar.hpp"
#include "djm/timetable.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

/// What the memory of slots writes, counted by the server: each write of a record makes its version one higher.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t items = 40;

/// Two nodes that have joined before there is a job, so that nothing moves, and runs counted by item.
struct calm_pair {
  std::string connect = shared_server().connect_string();
  std::string root = fresh_path();
  std::vector<node> nodes;
  std::mutex guard;
  std::map<std::string, std::int64_t> runs;

  calm_pair(slots rule, duration gap) {
    for (const char* id : {"n0", "n1"}) {
      nodes.push_back(start_node(quick_config(node_id{id}, connect, root)));
      REQUIRE(nodes.back().wait_ready(30s));
    }
    for (auto& n : nodes) {
      job_builder b{"report"};
      b.items(numbered("i", items)).thread_per_item().at(aligned(gap)).remember(rule).least_claim_gap(10s);
      b.run([this](job_context& ctx) {
        std::lock_guard<std::mutex> lock{guard};
        ++runs[ctx.items().front().id.str()];
      });
      REQUIRE(n.register_job(b));
    }
    REQUIRE(eventually([&] { return locked_items(nodes) == items && all_ready(nodes); }, 30s));
  }

  std::map<std::string, std::int64_t> runs_so_far() {
    std::lock_guard<std::mutex> lock{guard};
    return runs;
  }
  std::uint64_t commits() const {
    std::uint64_t n = 0;
    for (const auto& x : nodes) {
      n += x.status()->store.commits;
    }
    return n;
  }
  /// How often the record of each item has been written; those that are there.
  std::map<std::string, std::int64_t> writes() const {
    std::map<std::string, std::int64_t> found;
    const auto folder = root + "/states/report/";
    for (const auto& [path, stat] : snapshot(connect, root)) {
      if (path.rfind(folder, 0) == 0) {
        found[path.substr(folder.size(), path.find('@') - folder.size())] = stat.version + 1;
      }
    }
    return found;
  }
  /// Waits until each item has run so often, and all that was to be written of it is: `each` times for every run.
  /// What was written once too often stays so.
  bool wrote(std::int64_t least_runs, std::int64_t each) {
    return eventually(
      [&] {
        const auto ran = runs_so_far();
        const auto wrote = writes();
        if (ran.size() < items || wrote.size() < items || ran != runs_so_far()) {
          return false;
        }
        for (const auto& [item, n] : ran) {
          if (n < least_runs || wrote.at(item) != each * n) {
            return false;
          }
        }
        return true;
      },
      60s);
  }
  std::int64_t sum(const std::map<std::string, std::int64_t>& x) const {
    std::int64_t n = 0;
    for (const auto& [item, count] : x) {
      n += count;
    }
    return n;
  }
  /// What was written of these slots since then.
  void tell(const char* rule, std::uint64_t since_commits, std::int64_t since_writes) {
    std::cout << "figure: slots: " << rule << ": " << sum(runs_so_far()) << " runs since the beginning, "
              << sum(writes()) - since_writes << " writes of records in " << commits() - since_commits
              << " transactions\n";
  }
};

} // namespace

TEST_CASE("jobs that forget their slots write nothing on a real server") {
  calm_pair c{slots::forget, 1s};
  let_pass(1s); // what follows the registration
  const auto before = c.commits();
  const auto tree = snapshot(c.connect, c.root).size();
  REQUIRE(eventually([&] { return c.sum(c.runs_so_far()) >= static_cast<std::int64_t>(6 * items); }, 30s));
  c.tell("forget", before, 0);
  CHECK(c.commits() == before);
  CHECK(snapshot(c.connect, c.root).size() == tree);
  CHECK(c.writes().empty());
}

TEST_CASE("finished: a real server counts exactly one write per slot and item, in a few transactions") {
  calm_pair c{slots::finished, 2s};
  REQUIRE(c.wrote(1, 1));
  const auto before = c.commits();
  const auto written = c.sum(c.writes());
  CHECK(c.wrote(6, 1));
  c.tell("finished", before, written);
  const auto slots_written = (c.sum(c.writes()) - written) / static_cast<std::int64_t>(items);
  CHECK(c.commits() - before <= 4 * static_cast<std::uint64_t>(slots_written + 1)); // two of each of the nodes
}

TEST_CASE("claimed writes once per slot and item, tracked twice, in a few transactions") {
  calm_pair claimed{slots::claimed, 10s};
  calm_pair tracked{slots::tracked, 10s};
  REQUIRE(claimed.wrote(1, 1));
  REQUIRE(tracked.wrote(1, 2));
  const auto claims = claimed.commits();
  const auto both = tracked.commits();
  const auto claims_written = claimed.sum(claimed.writes());
  const auto both_written = tracked.sum(tracked.writes());
  CHECK(claimed.wrote(2, 1));
  CHECK(tracked.wrote(2, 2));
  claimed.tell("claimed", claims, claims_written);
  tracked.tell("tracked", both, both_written);
  CHECK(claimed.commits() - claims <= 4 * 2);
  CHECK(tracked.commits() - both <= 8 * 2);
}
