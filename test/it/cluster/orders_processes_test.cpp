#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "djm/client.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

constexpr int items_by_hand = 12;

/// A process with both jobs, and what it has said of them.
struct ordered_node {
  ordered_node(const std::string& id, const std::string& root) {
    process_options o;
    o.arguments = {DJM_ORDERS_NODE, id, shared_server().connect_string(), root};
    process = child_process{o};
  }

  void read() {
    while (const auto line = process.read_line(0ms)) {
      std::istringstream words{*line};
      std::string what;
      std::string about;
      words >> what >> about;
      if (what == "batch") {
        batch = std::stoi(about);
      } else if (what == "ran") {
        ++ran[about];
      } else if (what == "granted") {
        int count = 0;
        words >> count;
        granted[about] += count;
      } else if (what == "revoked") {
        ++revocations;
      } else if (what == "removed") {
        removed.push_back(about);
      }
    }
  }

  child_process process;
  int batch = 0;
  std::map<std::string, int> ran;     ///< by item
  std::map<std::string, int> granted; ///< items by job, so far
  int revocations = 0;
  std::vector<std::string> removed;
};

/// Some of them, and a client that gives the orders.
struct ordered_cluster {
  explicit ordered_cluster(const std::vector<std::string>& names) {
    for (const auto& name : names) {
      start(name);
    }
    client_options o;
    o.store.connect = shared_server().connect_string();
    o.store.root = root;
    auto opened = client::open(o);
    REQUIRE(opened);
    operators = std::make_unique<client>(std::move(*opened));
  }

  void start(const std::string& name) { nodes.insert_or_assign(name, std::make_unique<ordered_node>(name, root)); }
  ordered_node& operator[](const std::string& name) { return *nodes.at(name); }

  /// All that has been said is looked at between the looks.
  bool becomes(const std::function<bool()>& done, milliseconds limit) {
    return eventually(
      [&] {
        for (auto& [name, n] : nodes) {
          n->read();
        }
        return done();
      },
      limit);
  }
  /// Both jobs are there, so many workers have items, and each is locked by its owner.
  bool all_held(std::size_t workers) {
    return becomes(
      [&] {
        const auto view = operators->get_cluster();
        return view && view->jobs.size() == 2 && all_locked(*view) &&
               static_cast<std::size_t>(std::count_if(view->workers.begin(), view->workers.end(),
                                                      [](const auto& w) { return w.items > 0; })) == workers;
      },
      60s);
  }
  /// How often each item has run since it was looked at last, when all of them have, and a moment later.
  std::map<std::string, int> runs_of_all() {
    std::map<std::string, int> runs;
    const auto all_have = [&] {
      for (const auto& [item, n] : take_runs()) {
        runs[item] += n;
      }
      return runs.size() == items_by_hand;
    };
    CHECK(becomes(all_have, 30s));
    let_pass(500ms); // one too many would come now
    becomes(all_have, 1s);
    return runs;
  }
  /// How often each item has run since the last call, on all nodes.
  std::map<std::string, int> take_runs() {
    std::map<std::string, int> all;
    for (auto& [name, n] : nodes) {
      for (const auto& [item, runs] : n->ran) {
        all[item] += runs;
      }
      n->ran.clear();
    }
    return all;
  }

  std::string root = fresh_path();
  std::map<std::string, std::unique_ptr<ordered_node>> nodes;
  std::unique_ptr<client> operators;
};

} // namespace

TEST_CASE("three processes: a configuration reaches the next runs of all, moves nothing, and an invalid one is none") {
  ordered_cluster c{{"a", "b", "c"}};
  const auto all_have = [&](int batch) {
    return std::all_of(c.nodes.begin(), c.nodes.end(), [&](const auto& n) { return n.second->batch == batch; });
  };
  REQUIRE(c.all_held(3));
  REQUIRE(c.becomes([&] { return all_have(1); }, 30s));
  for (auto& [name, n] : c.nodes) {
    n->revocations = 0;
  }
  std::vector<std::int64_t> took;
  for (int n = 0; n < 9; ++n) {
    const auto begin = djm::test::clock::now();
    REQUIRE(c.operators->configure_job("mail", *user_config{}.with("batch", 100 + n)));
    REQUIRE(c.becomes([&] { return all_have(100 + n); }, 30s));
    took.push_back(since(begin).count());
  }
  std::sort(took.begin(), took.end());
  std::cout << "figure: orders: a configuration reaches the runs of three processes " << took[4]
            << " ms after the order, median of nine; slowest " << took[8] << " ms\n";
  const auto before = c.operators->get_record("mail");
  REQUIRE(before);
  CHECK_FALSE(c.operators->configure_job("mail", *user_config{}.with("batch", 7), 1)); // another revision is expected
  CHECK_FALSE(c.operators->update_job("mail", *user_config::parse(R"({"schedule": {"period": "0s"}})")));
  const auto after = c.operators->get_record("mail");
  REQUIRE(after);
  CHECK(after->rev == before->rev);
  CHECK(all_have(108));
  for (auto& node : c.nodes) {
    node.second->read();
    CHECK_MESSAGE(node.second->revocations == 0, node.first);
  }
}

TEST_CASE("triggers of the whole cluster through kill -9, SIGSTOP and moves, counted") {
  ordered_cluster c{{"a", "b", "c"}};
  REQUIRE(c.all_held(3));
  int once = 0;
  int not_once = 0;
  // While nothing moves, each item runs once for each of them, and once for one that is told twice.
  const auto calm = [&](const std::string& request) {
    c.take_runs();
    REQUIRE(c.operators->trigger_job("by-hand", request));
    const auto repeated = c.operators->trigger_job("by-hand", request);
    REQUIRE(repeated);
    CHECK_FALSE(repeated->changed);
    const auto runs = c.runs_of_all();
    for (const auto& x : runs) {
      CHECK_MESSAGE(x.second == 1, x.first);
    }
    once += items_by_hand;
  };
  calm("calm-1");
  // What moves meanwhile runs at most once more where it was and once where it goes.
  const auto trouble = [&](const std::string& what, std::size_t workers, const std::function<void()>& make,
                           const std::function<void()>& mend) {
    c.take_runs();
    make();
    constexpr int triggers = 3;
    for (int n = 0; n < triggers; ++n) {
      REQUIRE(c.operators->trigger_job("by-hand", what + std::to_string(n)));
    }
    mend();
    REQUIRE(c.all_held(workers));
    REQUIRE(
      c.operators->trigger_job("by-hand", what + "-after")); // each has come to its place: this one runs everywhere
    const auto runs = c.runs_of_all();
    for (const auto& x : runs) {
      CHECK_MESSAGE(x.second >= 1, x.first);
      CHECK_MESSAGE(x.second <= 2 * triggers + 1, x.first); // each on both, one after the other
      ++(x.second == 1 ? once : not_once);
    }
  };
  trouble(
    "kill", 2, [&] { c["b"].process.kill(), c.nodes.erase("b"); }, [] {});
  trouble(
    "newcomer", 3, [&] { c.start("d"); }, [] {});
  trouble(
    "stop", 3, [&] { c["c"].process.pause(); },
    [&] {
      REQUIRE(c.all_held(2)); // its items are others' now; it does not know yet
      c["c"].process.resume();
    });
  calm("calm-2");
  std::cout << "figure: orders: of " << once + not_once << " pairs of an item and a round of triggers, " << once
            << " ran once, " << not_once << " more often (a burst counts as one or more)\n";
}

TEST_CASE("a job that is removed stays removed through kill -9 and a node that was away, until somebody registers it") {
  ordered_cluster c{{"a", "b", "c"}};
  REQUIRE(c.all_held(3));
  c["c"].process.pause(); // it will rejoin with the job
  c["b"].process.kill();  // it will not come back
  REQUIRE(c.operators->remove_job("mail"));
  const auto is_removed = [&] {
    const auto r = c.operators->get_record("mail");
    return r ? r->state == record_state::removed : r.error().code == errc::unknown_job;
  };
  REQUIRE(c.becomes([&] { return is_removed() && !c["a"].removed.empty(); }, 60s));
  CHECK(c["a"].removed == std::vector<std::string>{"mail"});
  c["c"].process.resume();
  REQUIRE(c.becomes([&] { return !c["c"].removed.empty(); }, 60s));
  CHECK(c["c"].removed == std::vector<std::string>{"mail"});
  CHECK(is_removed());
  // The other job goes on, and a process that begins now makes this one anew, for itself.
  c.nodes.erase("b");
  c.start("d");
  REQUIRE(c.becomes([&] { return c["d"].granted["mail"] == 30; }, 60s));
  CHECK_FALSE(is_removed());
  CHECK(c["d"].removed.empty());
}
