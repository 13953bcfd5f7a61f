#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <sstream>

#include "child_process.hpp"
#include "harness.hpp"
#include "shared_server.hpp"
#include "tcp_proxy.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

struct span_of_run {
  std::int64_t begin = 0;
  /// 0: not yet.
  std::int64_t end = 0;
};
using runs_by_item = std::map<std::string, std::vector<span_of_run>>;

/// Two processes under one root; the first reaches the server through a link that can be cut, and gets stuck.
class pair_of_nodes {
public:
  explicit pair_of_nodes(std::string how)
    : how_(std::move(how)), root_(fresh_path()), link_("127.0.0.1", shared_server().port()) {
    stuck_.process = start("stuck", link_.connect_string(), how_);
    sound_.process = start("sound", shared_server().connect_string(), "nothing");
  }

  /// Both run two of the four items.
  bool both_run(milliseconds limit) {
    return eventually([&] { return running(stuck_) == 2 && running(sound_) == 2; }, limit);
  }

  void get_stuck() {
    cut_at_ = boot_ns();
    stuck_.process.write_input("now\n");
    link_.cut();
  }

  bool sound_runs_all(milliseconds limit) {
    return eventually([&] { return running(sound_) == 4; }, limit);
  }

  void judge() {
    CAPTURE(how_);
    running(stuck_);
    std::int64_t latest = 0;
    for (const auto& [item, runs] : stuck_.runs) {
      for (const auto& r : runs) {
        latest = std::max(latest, r.end);
        for (const auto& other : sound_.runs[item]) {
          const bool apart = (r.end != 0 && r.end < other.begin) || (other.end != 0 && other.end < r.begin);
          CHECK_MESSAGE(apart, item << " runs on both nodes");
        }
      }
    }
    const auto after = std::chrono::duration<double>(std::chrono::nanoseconds{latest - cut_at_}).count();
    std::printf(
      "figure: stuck %-10s runs asked to stop %.2f s after the cut (at most T + D - margin - grace = 3.50 s)\n",
      how_.c_str(), after);
    CHECK(after < 3.8); // at the deadline somebody else may have the items
  }

private:
  struct watched {
    child_process process;
    runs_by_item runs;
  };

  static std::int64_t boot_ns() {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return std::int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
  }

  child_process start(const std::string& id, const std::string& connect, const std::string& how) {
    process_options o;
    o.arguments = {DJM_DEADLINE_NODE, id, connect, root_, how};
    return child_process{o};
  }

  /// Reads what it has said so far; how many of its runs are under way.
  static std::size_t running(watched& w) {
    while (const auto line = w.process.read_line(1ms)) {
      std::istringstream words{*line};
      std::string what;
      std::string item;
      std::int64_t at = 0;
      words >> what >> item >> at;
      auto& runs = w.runs[item];
      if (what == "begin") {
        runs.push_back({at, 0});
      } else {
        runs.back().end = at;
      }
    }
    std::size_t n = 0;
    for (const auto& [item, runs] : w.runs) {
      n += runs.back().end == 0 ? 1 : 0;
    }
    return n;
  }

  std::string how_;
  std::string root_;
  tcp_proxy link_;
  watched stuck_;
  watched sound_;
  std::int64_t cut_at_ = 0;
};

} // namespace

TEST_CASE("the deadline fires whatever log, listeners, job destructors and the user's actors do") {
  std::vector<std::unique_ptr<pair_of_nodes>> pairs;
  for (const char* how : {"log", "listener", "destructor", "actor", "actors"}) {
    pairs.push_back(std::make_unique<pair_of_nodes>(how));
  }
  for (auto& p : pairs) {
    REQUIRE(p->both_run(60s));
  }
  for (auto& p : pairs) {
    p->get_stuck();
  }
  for (auto& p : pairs) {
    CHECK(p->sound_runs_all(60s));
    p->judge();
  }
}
