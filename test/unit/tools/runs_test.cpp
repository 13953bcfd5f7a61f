#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "djm/http.hpp"
#include "djm/node.hpp"
#include "temp_dir.hpp"
#include "tool_rig.hpp"
#include "tools/djm/runs.hpp"

using namespace djm;
using namespace djm::test;
using json = nlohmann::json;

namespace {

/// A node that has run two items once each, one of which fails, and serves what it remembers.
class remembering {
public:
  explicit remembering(http_config web = {}) {
    node_config c;
    c.id = "n1";
    c.store.root = "/tool-runs";
    node_options o;
    o.log = [](const log_record&) {};
    o.on_run_over = [this](const past_run&) {
      std::lock_guard<std::mutex> lock{guard_};
      ++over_;
      changed_.notify_all();
    };
    const auto work = [](job_context& ctx) {
      for (const auto& i : ctx.items()) {
        if (i.id == "asia") {
          throw std::runtime_error{"no \x1b[31mroute"};
        }
      }
    };
    o.jobs.push_back(
      job_builder{"mail"}.items({"asia", "europe"}).thread_per_item().on_trigger_only().run(work).build().value());
    node_.emplace(node::start(c, std::move(o)).value());
    REQUIRE(node_->trigger_here("mail"));
    std::unique_lock<std::mutex> lock{guard_};
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds{60}, [this] { return over_ == 2; }));
    lock.unlock();
    server_.emplace(http_server::start(*node_, std::move(web)).value());
  }
  ~remembering() {
    server_.reset();
    (void) node_->shutdown();
  }
  std::string url() const { return server_->url(); }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  int over_ = 0;
  std::optional<node> node_;
  std::optional<http_server> server_;
};

} // namespace

TEST_CASE("tool: runs that are over are asked of the nodes that are named") {
  remembering n;
  tool_rig r;
  const auto all = r.run_bare({"runs", "--url", n.url()});
  CHECK(all.code == 0);
  CHECK(contains(all.out, "NODE  JOB   ITEMS"));
  CHECK(contains(all.out, "finished"));
  CHECK(contains(all.out, "failed"));
  CHECK_FALSE(contains(all.out, "\x1b"));
  r.environment["DJM_URL"] = n.url() + "/";
  const auto failed = json::parse(r.run_bare({"runs", "mail", "--outcome", "failed", "-o", "json"}).out);
  REQUIRE(failed.size() == 1);
  CHECK(failed[0]["items"][0]["id"] == "asia");
  CHECK(json::parse(r.run_bare({"runs", "mail", "europe", "-o", "json"}).out).size() == 1);
  CHECK(json::parse(r.run_bare({"runs", "--limit", "1", "-o", "json"}).out).size() == 1);
  CHECK(r.run_bare({"runs", "x", "-o", "jsonl"}).out.empty());
}

TEST_CASE("tool: the history of an item is the sum of its runs") {
  past_run late, early, share;
  late.job = early.job = share.job = "mail";
  late.items = early.items = {{"asia", 7}};
  late.started_ms = 9000;
  late.took = std::chrono::seconds{3};
  late.node = "n2";
  early.started_ms = 1000;
  early.took = std::chrono::seconds{1};
  early.outcome = run_outcome::timed_out;
  early.error = "too slow";
  share.items = {{"asia", 7}, {"europe", 8}};
  share.took = std::chrono::seconds{9};
  share.outcome = run_outcome::failed;
  share.failed_items = {"europe"};
  share.error = "no route";
  const auto rows = tool::sum_up({late, early, share});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].item == "asia");
  CHECK(rows[0].runs == 3);
  CHECK(rows[0].failed == 1);
  CHECK(rows[0].median == std::chrono::seconds{3});
  CHECK(rows[0].longest == std::chrono::seconds{9});
  CHECK(rows[0].last_ms == 9000);
  CHECK(rows[0].outcome == run_outcome::finished);
  CHECK(rows[0].node == "n2");
  CHECK(rows[0].error == "too slow");
  CHECK(rows[1].item == "europe");
  CHECK(rows[1].failed == 1);
  CHECK(rows[1].error == "no route");
  CHECK(tool::sum_up({}).empty());
}

TEST_CASE("tool: the history comes from the nodes, item by item") {
  remembering n;
  tool_rig r;
  r.environment["DJM_URL"] = n.url();
  const auto all = r.run_bare({"history"});
  CHECK(all.code == 0);
  CHECK(contains(all.out, "JOB   ITEM    RUNS  FAILED"));
  const auto one = json::parse(r.run_bare({"history", "mail", "asia", "-o", "json"}).out);
  REQUIRE(one.size() == 1);
  CHECK(one[0]["failed"] == 1);
  CHECK(one[0]["outcome"] == "failed");
  CHECK(r.run_bare({"history", "mail", "nowhere"}).code == 0);
  r.environment["DJM_URL"] = "http://127.0.0.1:1";
  const auto none = r.run_bare({"history", "--timeout", "20s"});
  CHECK(none.code == 4);
  CHECK(none.out.empty());
  CHECK(contains(none.err, "djm history: http://127.0.0.1:1: "));
}

TEST_CASE("tool: what one node knows is shown where another does not answer, and the code says so") {
  remembering n;
  tool_rig r;
  const auto t = r.run_bare({"runs", "--url", n.url() + ",http://127.0.0.1:1", "--timeout", "20s"});
  CHECK(t.code == 4);
  CHECK(contains(t.out, "europe"));
  CHECK(contains(t.err, "djm runs: http://127.0.0.1:1: "));
}

TEST_CASE("tool: an address that is none, one that nobody names, and a token are each told") {
  const temp_dir folder;
  const auto file = (folder.path() / "token").string();
  std::ofstream{file} << "0123456789abcdef\n";
  http_config web;
  web.token_file = file;
  remembering n{std::move(web)};
  tool_rig r;
  CHECK(r.run_bare({"runs"}).code == 2);
  CHECK(r.run_bare({"runs", "--url", "ftp://x"}).code == 2);
  CHECK(r.run_bare({"runs", "--url", n.url()}).code == 5);
  CHECK(r.run_bare({"runs", "--url", n.url(), "--token-file", file}).code == 0);
  CHECK(r.run_bare({"runs", "--url", n.url(), "--token-file", (folder.path() / "none").string()}).code == 2);
  CHECK(r.run_bare({"runs", "--url", n.url(), "--outcome", "well"}).code == 2);
}

TEST_CASE("tool: every end of a run can be asked for by its name") {
  tool_rig r;
  for (const auto& name : enum_names(run_outcome{}).names) {
    // The command line is in order; what is missing is whom to ask.
    CHECK(contains(r.run_bare({"runs", "--outcome", std::string{name}}).err, "name the nodes' HTTP addresses"));
  }
  CHECK_FALSE(contains(r.run_bare({"runs", "--outcome", "well"}).err, "name the nodes' HTTP addresses"));
}
