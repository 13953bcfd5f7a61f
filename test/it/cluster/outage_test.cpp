#include <doctest/doctest.h>

#include <atomic>
#include <mutex>

#include "harness.hpp"
#include "zookeeper_server.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Runs as long as it may, and tells whether it is running.
class long_job final : public job {
public:
  std::vector<item_id> work_pool() override { return {"a", "b"}; }
  void run(job_context& ctx) override {
    ++running;
    ++starts;
    while (!ctx.wait_for_stop(1s)) {
    }
    reason = ctx.reason();
    --running;
  }
  std::atomic<int> running{0};
  std::atomic<int> starts{0};
  std::atomic<stop_reason> reason{stop_reason::none};
};

struct fixture {
  explicit fixture(duration detach) {
    auto c = quick_config("n0", server.connect_string(), "/outage");
    c.detach_tolerance = detach;
    c.stop_grace = 100ms; // D = 0 leaves little room
    c.store.operation_deadline = 300ms;
    code = std::make_shared<long_job>();
    single = std::make_unique<node>(start_node(c, [this](const node_event& e) {
      std::lock_guard<std::mutex> lock{guard};
      moved += std::holds_alternative<items_revoked>(e.what) ? 1 : 0;
    }));
    job_definition d;
    d.spec.id = "long";
    d.spec.schedule = schedule::fixed_delay(100ms);
    d.code = code;
    REQUIRE(single->register_job(d));
    REQUIRE(eventually([&] { return code->running == 1; }, 20s));
    token = single->job("long")->items.front().token;
  }
  int revocations() {
    std::lock_guard<std::mutex> lock{guard};
    return moved;
  }

  zookeeper_server server;
  std::mutex guard;
  int moved = 0;
  std::shared_ptr<long_job> code;
  std::unique_ptr<node> single;
  fencing_token token = 0;
};

} // namespace

TEST_CASE("D = 0: an outage of 3 x T stops the runs by the deadline; afterwards the same items go on") {
  fixture f{0s};
  const auto begin = clock::now();
  f.server.kill();
  // T + D less margin and grace after the last contact: well before 2 s from the cut.
  CHECK(eventually([&] { return f.code->running == 0; }, 2s));
  CHECK(f.code->reason == stop_reason::lease_expiring);
  let_pass(6s - since(begin));
  CHECK(f.code->running == 0);
  f.server.restart();
  CHECK(eventually([&] { return f.code->running == 1; }, 20s));
  auto st = f.single->job("long");
  REQUIRE(st);
  CHECK(st->items.size() == 2);
  CHECK(f.single->shutdown());
}

TEST_CASE("a tolerance longer than the outage: the run goes on as if nothing had happened, with the same locks") {
  fixture f{20s};
  const auto begin = clock::now();
  f.server.kill();
  let_pass(6s - since(begin));
  CHECK(f.code->running == 1);
  f.server.restart();
  CHECK(eventually([&] { return f.single->status()->ready; }, 20s));
  CHECK(f.code->running == 1);
  CHECK(f.code->starts == 1);
  CHECK(f.revocations() == 0);
  auto st = f.single->job("long");
  REQUIRE(st);
  REQUIRE(st->items.size() == 2);
  CHECK(st->items.front().token == f.token);
  CHECK(f.single->shutdown());
}
