#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

#include "harness.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "zkstore/payloads.hpp"
#include "zkstore/tree_schema.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Blocks until it is let go.
class gate {
public:
  void open() {
    std::lock_guard<std::mutex> lock{guard_};
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock<std::mutex> lock{guard_};
    changed_.wait(lock, [this] { return open_; });
  }

private:
  std::mutex guard_;
  std::condition_variable changed_;
  bool open_ = false;
};

class stubborn_job final : public job {
public:
  explicit stubborn_job(gate& g) : gate_(g) {}
  std::vector<item_id> work_pool() override { return {"only"}; }
  void run(job_context&) override {
    started = true;
    gate_.pass(); // ignores its stop request
  }
  std::atomic<bool> started{false};

private:
  gate& gate_;
};

} // namespace

TEST_CASE("an item whose lock another holder keeps does not delay the others") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  auto first = start_node(quick_config("first", connect, root));
  REQUIRE(eventually([&] { return first.status()->ready; }, 20s));
  // Somebody alive holds one lock: "first" itself, as a stranger wrote it.
  store::zookeeper_factory factory;
  port_client client{factory, options_for(shared_server())};
  store::tree_schema tree{root};
  store::lock_payload p;
  p.worker = "first";
  p.incarnation = first.status()->connection.incarnation;
  client.transact(
    {store::create_op{tree.locks("work"), ""}, store::create_op{tree.lock("work", "i-3"), store::encode(p)}});
  auto code = std::make_shared<counting_job>(numbered("i-", 10));
  auto second = start_node(quick_config("second", connect, root));
  REQUIRE(second.register_job(counting("work", code, schedule::fixed_rate(200ms))));
  CHECK(eventually([&] { return code->runs() > 0 && second.job("work")->items.size() == 9; }, 5s));
  auto st = second.status();
  REQUIRE(st);
  CHECK(st->worker.waiting.count("work:i-3") == 1);
  CHECK_FALSE(st->ready);
  client.transact({store::remove_op{tree.lock("work", "i-3")}});
  CHECK(eventually([&] { return second.job("work")->items.size() == 10; }, 5s));
  client.close();
  CHECK(second.shutdown());
  CHECK(first.shutdown());
}

TEST_CASE("a run that never stops does not delay changes of other jobs") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  gate g;
  auto stubborn = std::make_shared<stubborn_job>(g);
  auto code = std::make_shared<counting_job>(numbered("i-", 10));
  std::vector<node> nodes;
  nodes.push_back(start_node(quick_config("n0", connect, root)));
  job_definition d;
  d.spec.id = "stubborn";
  d.spec.schedule = schedule::fixed_delay(100ms);
  d.code = stubborn;
  REQUIRE(nodes[0].register_job(d));
  REQUIRE(nodes[0].register_job(counting("work", code, schedule::fixed_rate(200ms))));
  REQUIRE(eventually([&] { return stubborn->started.load() && locked_items(nodes) == 11; }, 20s));
  // Its item is taken away and stays busy; meanwhile the other job is shared with a second node.
  REQUIRE(nodes[0].disable_job("stubborn"));
  nodes.push_back(start_node(quick_config("n1", connect, root)));
  REQUIRE(nodes[1].register_job(
    counting("work", std::make_shared<counting_job>(numbered("i-", 10)), schedule::fixed_rate(200ms))));
  CHECK(eventually([&] { return nodes[1].job("work")->items.size() == 5 && nodes[0].job("work")->items.size() == 5; },
                   10s));
  auto st = nodes[0].job("stubborn");
  REQUIRE(st);
  CHECK(st->leaving.size() == 1);
  CHECK(eventually([&] { return nodes[0].job("stubborn")->counters.overruns == 1; }, 5s));
  g.open();
  CHECK(eventually([&] { return nodes[0].job("stubborn")->leaving.empty(); }, 5s));
  for (auto& n : nodes) {
    CHECK(n.shutdown());
  }
}

TEST_CASE("a pool function that throws or hangs on one node changes nothing") {
  const auto connect = shared_server().connect_string();
  const auto root = fresh_path();
  auto good = start_node(quick_config("good", connect, root));
  auto code = std::make_shared<counting_job>(numbered("i-", 10));
  REQUIRE(good.register_job(counting("work", code, schedule::fixed_rate(200ms))));
  REQUIRE(eventually([&] { return good.status()->ready && good.status()->worker.locked == 10; }, 20s));
  gate g;
  std::atomic<int> calls{0};
  std::mutex guard;
  std::vector<errc> problems;
  auto bad = start_node(quick_config("bad", connect, root), [&](const node_event& e) {
    if (const auto* p = std::get_if<pool_problem>(&e.what)) {
      std::lock_guard<std::mutex> lock{guard};
      problems.push_back(p->why.code);
    }
  });
  auto def = job_builder("work")
               .pool(
                 [&]() -> std::vector<item_id> {
                   if (++calls == 1) {
                     throw std::runtime_error("no directory");
                   }
                   g.pass();
                   return numbered("i-", 10);
                 },
                 100ms)
               .pool_timeout(500ms)
               .at_fixed_rate(200ms)
               .run([](job_context&) {})
               .build();
  REQUIRE(def);
  REQUIRE(bad.register_job(*def));
  CHECK(eventually(
    [&] {
      std::lock_guard<std::mutex> lock{guard};
      return problems.size() >= 2;
    },
    10s));
  {
    std::lock_guard<std::mutex> lock{guard};
    REQUIRE(problems.size() >= 2);
    CHECK(problems[0] == errc::user_code_failed);
    CHECK(problems[1] == errc::user_code_hangs);
  }
  // The pool stands, and the node with the bad function runs its half.
  CHECK(eventually([&] { return bad.job("work")->items.size() == 5; }, 10s));
  auto view = good.cluster();
  REQUIRE(view);
  REQUIRE(view->jobs.size() == 1);
  CHECK(view->jobs[0].items.size() == 10);
  g.open();
  CHECK(bad.shutdown());
  CHECK(good.shutdown());
}
