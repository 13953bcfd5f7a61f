#include <algorithm>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "child_process.hpp"
#include "djm/client.hpp"
#include "harness.hpp"
#include "shared_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A process that knows kinds, and what it has said.
struct kind_node {
  kind_node(const std::string& id, const std::string& root) {
    process_options o;
    o.arguments = {DJM_KINDS_NODE, "node", id, shared_server().connect_string(), root};
    process = child_process{o};
  }
  void read() {
    while (const auto line = process.read_line(0ms)) {
      lines.push_back(*line);
    }
  }
  bool said(const std::string& line) {
    read();
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  }
  std::ptrdiff_t count(const std::string& line) {
    read();
    return std::count(lines.begin(), lines.end(), line);
  }

  child_process process;
  std::vector<std::string> lines;
};

client client_at(const std::string& root) {
  client_options o;
  o.store.connect = shared_server().connect_string();
  o.store.root = root;
  o.timeout = 30s;
  auto c = client::open(std::move(o));
  REQUIRE(c);
  return *std::move(c);
}

submission ticking(const job_id& id, const std::string& request, const std::string& kind = "ticks") {
  submission s;
  s.id = id;
  s.kind = kind;
  s.config = *user_config::parse(R"({"items":["a","b"]})");
  s.by = request;
  s.request = request;
  return s;
}

/// Submits in a process of its own, which kills itself just before the answer of its n-th transaction is told to it
/// (`after`), or just before that is sent.
std::optional<int> submit_and_die(const std::string& root, const std::string& when, const std::string& request) {
  process_options o;
  o.arguments = {DJM_KINDS_NODE, "submit", when, shared_server().connect_string(), root, "job", request};
  child_process p{o};
  return p.wait(60s);
}

bool is_submitted(client& c, const job_id& id, const std::string& request) {
  const auto all = c.get_submissions();
  REQUIRE(all);
  return std::any_of(all->begin(), all->end(),
                     [&](const submission_view& s) { return s.id == id && s.request == request; });
}

} // namespace

TEST_CASE("a submitter that is killed before, with and after its write: repeated, it is one submission") {
  const auto root = fresh_path();
  kind_node n{"n1", root};
  REQUIRE(eventually([&] { return n.said("ready"); }, 60s));
  auto c = client_at(root);
  int round = 0;
  for (const std::string when : {"before", "sent", "after"}) {
    CAPTURE(when);
    const auto request = "r-" + std::to_string(++round);
    CHECK(submit_and_die(root, when, request) == 128 + SIGKILL);
    // Whatever became of it: the same request again, twice, is one and the same.
    REQUIRE(c.submit(ticking("job", request)));
    const auto again = c.submit(ticking("job", request));
    REQUIRE(again);
    CHECK_FALSE(again->changed);
    CHECK(c.submit(ticking("job", "another")).error().code == errc::duplicate_job);
    CHECK(is_submitted(c, "job", request));
    REQUIRE(c.wait_job("job", duration{60s}));
    REQUIRE(c.remove_job("job"));
    REQUIRE(eventually([&] { return n.count("removed job") == round; }, 60s));
  }
}

TEST_CASE("two submitters of one id at once: one of them has it, and the other hears whose it is") {
  const auto root = fresh_path();
  kind_node n{"n1", root};
  REQUIRE(eventually([&] { return n.said("ready"); }, 60s));
  auto c = client_at(root);
  for (int round = 0; round < 5; ++round) {
    std::vector<child_process> both;
    const auto id = "j" + std::to_string(round);
    for (const std::string who : {"x", "y"}) {
      process_options o;
      o.arguments = {DJM_KINDS_NODE, "submit", "whole", shared_server().connect_string(), root, id, who};
      both.emplace_back(o);
    }
    std::vector<std::string> told;
    for (auto& p : both) {
      told.push_back(p.read_rest(60s));
      CHECK(p.wait(60s) == 0);
    }
    std::sort(told.begin(), told.end());
    CHECK(told[0] == "done\n");
    CHECK(told[1] == "duplicate_job\n");
  }
}

TEST_CASE("a node that is frozen while its job is removed and submitted anew does not revive the one that is gone") {
  const auto root = fresh_path();
  kind_node first{"n1", root};
  kind_node second{"n2", root};
  REQUIRE(eventually([&] { return first.said("ready") && second.said("ready"); }, 60s));
  auto c = client_at(root);
  REQUIRE(c.submit(ticking("job", "r-1")));
  REQUIRE(eventually([&] { return first.said("made job of r-1") && second.said("made job of r-1"); }, 60s));
  REQUIRE(c.wait_job("job", duration{60s}));
  first.process.pause();
  REQUIRE(c.remove_job("job"));
  REQUIRE(eventually([&] { return second.said("removed job"); }, 60s));
  // It is dead to the others: its session is over, and its items are broken.
  REQUIRE(eventually(
    [&] {
      const auto view = c.get_cluster();
      return view && std::any_of(view->workers.begin(), view->workers.end(),
                                 [](const worker_view& w) { return w.id == "n1" && w.state != worker_state::alive; });
    },
    60s));
  first.process.resume();
  CHECK(eventually([&] { return first.said("removed job"); }, 60s));
  // Nothing of it is left, nothing comes back.
  CHECK(eventually(
    [&] {
      const auto view = c.get_cluster();
      return view && std::all_of(view->workers.begin(), view->workers.end(),
                                 [](const worker_view& w) { return w.jobs.empty(); });
    },
    60s));
  const auto record = c.get_record("job");
  CHECK((!record || record->state != record_state::open));
  REQUIRE(c.submit(ticking("job", "r-2")));
  CHECK(eventually([&] { return first.said("made job of r-2") && second.said("made job of r-2"); }, 60s));
  CHECK(c.wait_job("job", duration{60s}));
}

TEST_CASE("a factory that ends its process ends two of them, and no third one") {
  const auto root = fresh_path();
  std::vector<kind_node> nodes;
  for (const std::string id : {"n1", "n2", "n3", "n4"}) {
    nodes.emplace_back(id, root);
  }
  for (auto& n : nodes) {
    REQUIRE(eventually([&] { return n.said("ready"); }, 60s));
  }
  auto c = client_at(root);
  REQUIRE(c.submit(ticking("poison", "r-1", "crashes")));
  const auto failed = c.wait_job("poison", duration{120s});
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == errc::invalid_state);
  CHECK(failed.error().text.find("nobody tries any more") != std::string::npos);
  CHECK(std::count_if(nodes.begin(), nodes.end(), [](kind_node& n) { return n.process.running(); }) == 2);
  // What is left of the cluster works, and the poison can be taken out.
  REQUIRE(c.submit(ticking("job", "r-1")));
  CHECK(c.wait_job("job", duration{60s}));
  CHECK(c.remove_job("poison"));
}
