#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "test/actor/facade_rig.hpp"

/// Reporters of metrics, which a node tells how it is.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Notes what it is told.
class noting final : public metrics_reporter {
public:
  void start(const node_id& node) override { note("start " + node); }
  void report(const node_status& s) override {
    std::lock_guard<std::mutex> lock{guard_};
    calls_.emplace_back("report");
    last_ = s;
  }
  void stop() override { note("stop"); }

  void note(std::string what) {
    std::lock_guard<std::mutex> lock{guard_};
    calls_.push_back(std::move(what));
  }
  std::vector<std::string> calls() const {
    std::lock_guard<std::mutex> lock{guard_};
    return calls_;
  }
  node_status last() const {
    std::lock_guard<std::mutex> lock{guard_};
    return last_;
  }

private:
  mutable std::mutex guard_;
  std::vector<std::string> calls_;
  node_status last_;
};

node_options with(std::shared_ptr<metrics_reporter> r) {
  auto o = silent();
  o.reporter = std::move(r);
  o.report_period = 1s;
  return o;
}

} // namespace

TEST_CASE("reporter: it is started before the node, told each period, and stopped after the last status") {
  auto r = std::make_shared<noting>();
  std::vector<std::string> at_first_event;
  std::atomic<bool> heard{false};
  auto o = with(r);
  o.on_event = [&](const node_event&) {
    if (!heard.exchange(true)) {
      at_first_event = r->calls();
    }
  };
  run_watch runs;
  auto n = node::start(at_root("one", "/reporter/life"), std::move(o));
  REQUIRE(n);
  CHECK(r->calls().at(0) == "start one");
  REQUIRE(n->register_job(watched("work", {"a"}, runs)));
  CHECK(eventually([&] { return r->calls().size() >= 3 && runs.runs() > 0; }));
  CHECK(n->status()->reports > 0);
  CHECK(n->shutdown());
  REQUIRE(heard);
  REQUIRE_FALSE(at_first_event.empty());
  CHECK(at_first_event.front() == "start one");
  const auto calls = r->calls();
  REQUIRE(calls.size() >= 4);
  CHECK(std::count(calls.begin(), calls.end(), "start one") == 1);
  CHECK(calls.at(calls.size() - 2) == "report");
  CHECK(calls.back() == "stop");
  const auto last = r->last();
  CHECK(last.state == node_lifecycle::stopped);
  CHECK(last.node == "one");
  CHECK(last.stopping_for);
  CHECK(last.executor.finished == runs.runs());
  CHECK(r.use_count() == 1); // it was let go of
}

TEST_CASE("reporter: a node that ends by itself, or in no time, stops it all the same") {
  run_watch runs;
  auto first = node::start(at_root("one", "/reporter/twin"), silent());
  REQUIRE(first);
  REQUIRE(first->wait_ready(wide));
  auto r = std::make_shared<noting>();
  {
    auto second = node::start(at_root("one", "/reporter/twin"), with(r));
    REQUIRE(second);
    CHECK(second->wait_stopped().error().code == errc::node_id_in_use);
  }
  CHECK(r->calls().front() == "start one");
  CHECK(r->calls().back() == "stop");
  CHECK(r->last().state == node_lifecycle::stopped);
  CHECK(first->shutdown());
}

TEST_CASE("reporter: what cannot be started at all starts no reporter") {
  auto r = std::make_shared<noting>();
  auto o = with(r);
  o.jobs.push_back({});
  CHECK_FALSE(node::start(at_root("one", "/reporter/none"), std::move(o)));
  for (const any_duration wrong : {any_duration{999ms}, any_duration{61min}}) {
    o = with(r);
    o.report_period = wrong;
    const auto refused = node::start(at_root("one", "/reporter/none"), std::move(o));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == errc::invalid_config);
    CHECK(mentions(refused.error().text, {"report_period", "1s", "1h"}));
  }
  CHECK(r->calls().empty());
}

TEST_CASE("reporter: one that hangs delays nobody, and is left behind at the end") {
  struct hanging final : metrics_reporter {
    std::shared_ptr<gate> g = std::make_shared<gate>();
    std::atomic<int> called{0};
    void report(const node_status&) override {
      ++called;
      g->pass();
    }
  };
  auto r = std::make_shared<hanging>();
  auto n = node::start(at_root("one", "/reporter/hangs"), with(r));
  REQUIRE(n);
  CHECK(eventually([&] { return r->called == 1; }));
  CHECK(eventually([&] { return n->status()->reports_skipped >= 1; }));
  CHECK(n->wait_ready(wide));
  CHECK(n->shutdown());
  CHECK(r->called == 1);
  r->g->open();
  CHECK(eventually([&] { return r->called == 2 && r.use_count() == 1; })); // the last one, as soon as it can
}

TEST_CASE("reporter: one that throws is told of once, and goes on being told") {
  struct throwing final : metrics_reporter {
    void start(const node_id&) override { throw std::runtime_error{"no start"}; }
    void report(const node_status&) override { throw 5; }
    void stop() override { throw std::runtime_error{"no stop"}; }
  };
  std::mutex guard;
  std::vector<std::string> lines;
  auto o = with(std::make_shared<throwing>());
  o.log = [&](const log_record& r) {
    std::lock_guard<std::mutex> lock{guard};
    if (r.component == "reporter") {
      lines.push_back(r.text);
    }
  };
  auto n = node::start(at_root("one", "/reporter/throws"), std::move(o));
  REQUIRE(n);
  CHECK(eventually([&] { return n->status()->reports_failed >= 2; }));
  CHECK(n->shutdown());
  std::lock_guard<std::mutex> lock{guard};
  REQUIRE(lines.size() == 1);
  CHECK(mentions(lines.front(), {"start", "no start"}));
}
