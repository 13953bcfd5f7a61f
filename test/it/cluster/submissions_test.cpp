#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "child_process.hpp"
#include "djm/client.hpp"
#include "harness.hpp"
#include "shared_server.hpp"
#include "tcp_proxy.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// A process that knows kinds, and what it has said.
struct kind_node {
  kind_node(const std::string& id, const std::string& root,
            const std::string& connect = shared_server().connect_string(), bool slow = false) {
    process_options o;
    o.arguments = {DJM_KINDS_NODE, "node", id, connect, root};
    if (slow) {
      o.environment = {"DJM_SLOW_KIND=1"};
    }
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

  /// When the runs of a submission's job began, in ms.
  std::vector<long long> runs_of(const std::string& request) {
    read();
    std::vector<long long> all;
    const auto begin = "run job of " + request + " at ";
    for (const auto& line : lines) {
      if (line.compare(0, begin.size(), begin) == 0) {
        all.push_back(std::stoll(line.substr(begin.size())));
      }
    }
    return all;
  }

  child_process process;
  std::vector<std::string> lines;
};

long long boot_ms() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

tcp_proxy proxy_of_server() {
  return tcp_proxy{"127.0.0.1", shared_server().port()};
}

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

/// Submits in a process of its own, which kills itself before it has sent anything, at a moment of chance, or when it
/// has its answer.
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
  // Those that come back do not try it either.
  for (auto& n : nodes) {
    if (!n.process.running()) {
      n = kind_node{"n" + std::to_string(&n - nodes.data() + 1), root};
      REQUIRE(eventually([&] { return n.said("ready"); }, 60s));
    }
  }
  // What is left of the cluster works, and the poison can be taken out.
  REQUIRE(c.submit(ticking("job", "r-1")));
  CHECK(c.wait_job("job", duration{60s}));
  for (const auto& s : *c.get_submissions()) {
    CHECK((s.id != job_id{"poison"} || s.died.size() == 2));
  }
  for (auto& n : nodes) {
    CHECK(n.process.running());
  }
  CHECK(c.remove_job("poison"));
}

TEST_CASE(
  "a submitter whose answer never comes: killed and repeated it is one submission; what went since stays away") {
  const auto root = fresh_path();
  kind_node n{"n1", root};
  REQUIRE(eventually([&] { return n.said("ready"); }, 60s));
  auto c = client_at(root);
  const auto held_submitter = [&](tcp_proxy& way, const std::string& request) {
    process_options o;
    o.arguments = {DJM_KINDS_NODE, "submit", "held", way.connect_string(), root, "job", request};
    child_process p{o};
    REQUIRE(p.read_line(60s) == "ready");
    return p;
  };
  {
    auto way = proxy_of_server();
    auto p = held_submitter(way, "r-1");
    way.delay(flow::to_client, 1500ms);
    p.write_input("\n");
    REQUIRE(eventually([&] { return is_submitted(c, "job", "r-1"); }, 60s));
    p.kill();
    CHECK(p.read_rest(60s).empty());
    const auto again = c.submit(ticking("job", "r-1"));
    REQUIRE(again);
    CHECK_FALSE(again->changed);
    REQUIRE(c.wait_job("job", duration{60s}));
    REQUIRE(c.remove_job("job"));
    REQUIRE(eventually([&] { return n.count("removed job") == 1; }, 60s));
  }
  {
    auto way = proxy_of_server();
    auto p = held_submitter(way, "r-2");
    way.lose(flow::to_server);
    p.write_input("\n");
    p.kill();
    CHECK_FALSE(is_submitted(c, "job", "r-2"));
    const auto again = c.submit(ticking("job", "r-2"));
    REQUIRE(again);
    CHECK(again->changed);
    REQUIRE(c.wait_job("job", duration{60s}));
    REQUIRE(c.remove_job("job"));
    REQUIRE(eventually([&] { return n.count("removed job") == 2; }, 60s));
  }
  auto way = proxy_of_server();
  auto p = held_submitter(way, "r-3");
  way.delay(flow::to_client, 1500ms);
  p.write_input("\n");
  REQUIRE(eventually([&] { return is_submitted(c, "job", "r-3"); }, 60s));
  way.cut(); // the answer was on its way
  REQUIRE(c.remove_job("job"));
  way.delay(flow::to_client, 0s);
  way.heal();
  CHECK(p.read_line(60s) == "unknown_outcome"); // it asks again by itself, and does not submit what was removed
  CHECK_FALSE(is_submitted(c, "job", "r-3"));
}

TEST_CASE(
  "a node that is cut off and works on while its job is removed ends it in time, and runs nothing of it later") {
  const auto root = fresh_path();
  auto way = proxy_of_server();
  kind_node first{"n1", root, way.connect_string()};
  kind_node second{"n2", root};
  REQUIRE(eventually([&] { return first.said("ready") && second.said("ready"); }, 60s));
  auto c = client_at(root);
  REQUIRE(c.submit(ticking("job", "r-1")));
  REQUIRE(eventually([&] { return !first.runs_of("r-1").empty() && !second.runs_of("r-1").empty(); }, 60s));
  way.cut();
  const auto removed = boot_ms();
  REQUIRE(c.remove_job("job"));
  REQUIRE(eventually([&] { return second.said("removed job"); }, 60s));
  REQUIRE(c.submit(ticking("job", "r-2")));
  REQUIRE(eventually([&] { return !second.runs_of("r-2").empty(); }, 60s));
  way.heal();
  REQUIRE(eventually([&] { return first.said("removed job") && !first.runs_of("r-2").empty(); }, 60s));
  auto all = first.runs_of("r-1");
  const auto others = second.runs_of("r-1");
  all.insert(all.end(), others.begin(), others.end());
  auto later = first.runs_of("r-2");
  const auto more = second.runs_of("r-2");
  later.insert(later.end(), more.begin(), more.end());
  const auto last = *std::max_element(all.begin(), all.end());
  CHECK(last <= *std::min_element(later.begin(), later.end()));
  std::printf(
    "figure: the last run of a job that was removed while one of its two nodes was cut off began %.2f s after "
    "the removal (T = 4 s, D = 2 s, stop grace 0.2 s)\n",
    static_cast<double>(last - removed) / 1000);
  CHECK(last - removed < 60'000);
}

TEST_CASE("a node that is cut off while the factory makes a job, which is removed meanwhile, does not run it") {
  const auto root = fresh_path();
  auto way = proxy_of_server();
  kind_node n{"n1", root, way.connect_string(), true};
  REQUIRE(eventually([&] { return n.said("ready"); }, 60s));
  auto c = client_at(root);
  REQUIRE(c.submit(ticking("job", "r-1", "slow")));
  REQUIRE(eventually([&] { return n.said("making job of r-1"); }, 60s));
  way.cut();
  REQUIRE(c.remove_job("job"));
  REQUIRE(c.submit(ticking("job", "r-2", "slow"), unknown_kind::waits));
  way.heal();
  n.process.write_input("\n"); // the factory comes back with what is gone
  REQUIRE(eventually([&] { return n.said("making job of r-2"); }, 60s));
  n.process.write_input("\n");
  REQUIRE(eventually([&] { return !n.runs_of("r-2").empty(); }, 60s));
  CHECK(n.runs_of("r-1").empty());
}
