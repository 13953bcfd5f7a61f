#include <doctest/doctest.h>

#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "child_process.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A process that counts in the saved state of the item, and what it has said of that.
class counting_node {
public:
  counting_node(const std::string& id, const std::string& root) {
    process_options o;
    o.arguments = {DJM_SAVING_NODE, id, shared_server().connect_string(), root};
    process = child_process{o};
  }

  void read() {
    while (const auto line = process.read_line(1ms)) {
      std::istringstream words{*line};
      std::string what;
      std::string rest;
      words >> what >> rest;
      if (what == "loaded" && !loaded) {
        loaded = std::stoull(rest);
      } else if (what == "saved") {
        saved.push_back(std::stoull(rest));
      } else if (what == "refused") {
        refused.push_back(rest);
      }
    }
  }
  bool saves(std::size_t n, milliseconds limit) {
    const auto until = saved.size() + n;
    return eventually(
      [&] {
        read();
        return saved.size() >= until;
      },
      limit);
  }

  child_process process;
  std::optional<std::uint64_t> loaded;
  std::vector<std::uint64_t> saved;
  std::vector<std::string> refused;
};

} // namespace

TEST_CASE(
  "SIGSTOP of a holder: what it saves when it wakes up is refused, and the next holder has gone on from there") {
  const auto root = fresh_path();
  counting_node frozen{"frozen", root};
  REQUIRE(frozen.saves(10, 30s));
  counting_node next{"next", root};
  let_pass(3s); // it has joined; the item stays where it is
  REQUIRE(frozen.saves(10, 30s));
  next.read();
  REQUIRE(next.saved.empty());
  frozen.process.pause();
  const auto at = clock::now();
  REQUIRE(next.saves(10, 60s));
  std::cout << "figure: the next holder saves " << since(at).count() << " ms after SIGSTOP of the one before\n";
  const auto before = next.saved.back();
  frozen.process.resume();
  REQUIRE(eventually(
    [&] {
      frozen.read();
      return !frozen.refused.empty();
    },
    30s));
  const auto why = frozen.refused.front();
  CHECK((why == "not_owner" || why == "unknown_outcome" || why == "not_connected" || why == "timed_out"));
  REQUIRE(next.saves(10, 30s));
  // Each number was saved once: what the frozen one was told to be saved is what the next one has found.
  REQUIRE(next.loaded.has_value());
  CHECK(*next.loaded >= frozen.saved.back());
  CHECK(*next.loaded <= frozen.saved.back() + 1);
  for (std::size_t n = 0; n < next.saved.size(); ++n) {
    REQUIRE(next.saved[n] == *next.loaded + n + 1);
  }
  CHECK(next.saved.back() > before);
  CHECK(next.refused.empty());
}
