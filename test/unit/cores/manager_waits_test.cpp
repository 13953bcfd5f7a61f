#include <doctest/doctest.h>

#include "test/unit/cores/manager_rig.hpp"

using namespace djm;
using namespace djm::test;

namespace {

/// A job that nobody offers, or not everybody has room for.
class wait_rig : public manager_rig {
public:
  void job(const job_id& id, const std::vector<item_id>& items, any_duration limit) {
    add_pool(tree, id, items);
    store::pool_payload p;
    p.attributes.wait_limit = limit;
    tree.put("/djm/work-pool/" + id, store::encode(p));
    tree.put("/djm/work-pool-version", "{}");
  }
  /// Those that were told since the last call.
  std::vector<allocation_timed_out> told() {
    std::vector<allocation_timed_out> found;
    for (; heard_ < d.emitted.size(); ++heard_) {
      if (const auto* x = std::get_if<allocation_timed_out>(&d.emitted[heard_])) {
        found.push_back(*x);
      }
    }
    return found;
  }

private:
  std::size_t heard_ = 0;
};

} // namespace

TEST_CASE("manager: items without a place for longer than their job allows are told once, together") {
  wait_rig r;
  r.job("j", {"a", "b"}, seconds{60});
  r.job("k", {"c"}, duration::zero());
  r.lead();
  r.pass(seconds{50});
  CHECK(r.told().empty());
  CHECK_FALSE(r.d.core.is_overdue("j", "a"));
  r.pass(seconds{20});
  auto told = r.told();
  REQUIRE(told.size() == 1);
  CHECK(told.front().job == "j");
  CHECK(told.front().items == std::vector<item_id>{"a", "b"});
  CHECK(told.front().count == 2);
  CHECK(told.front().limit == seconds{60});
  CHECK(r.d.core.is_overdue("j", "a"));
  CHECK_FALSE(r.d.core.is_overdue("k", "c"));
  REQUIRE(r.status().problems.size() == 1);
  CHECK(r.status().problems.front() ==
        "job \"j\": 2 items have been without a place for longer than wait_limit (1min), the first is \"a\"; "
        "explain_item says why");
  r.pass(std::chrono::hours{1});
  CHECK(r.told().empty());
  r.tree.put("/djm/work-pool/k/d"); // another plan
  r.tree.put("/djm/work-pool-version", "{}");
  r.pass(seconds{70});
  CHECK(r.told().empty());
}

TEST_CASE("manager: the wait of each item begins with the plan that finds no place for it") {
  wait_rig r;
  r.job("j", {"a"}, seconds{60});
  r.lead();
  r.pass(seconds{30});
  r.tree.put("/djm/work-pool/j/b");
  r.tree.put("/djm/work-pool-version", "{}");
  r.pass(seconds{35});
  auto told = r.told();
  REQUIRE(told.size() == 1);
  CHECK(told.front().items == std::vector<item_id>{"a"});
  r.pass(seconds{30});
  told = r.told();
  REQUIRE(told.size() == 1);
  CHECK(told.front().items == std::vector<item_id>{"b"});
}

TEST_CASE("manager: an item that has found a place waits no more, and anew when it loses it") {
  wait_rig r;
  r.job("j", {"a"}, seconds{60});
  r.lead();
  r.pass(seconds{70});
  CHECK(r.told().size() == 1);
  const auto s = r.worker("w");
  r.pass(seconds{5});
  CHECK(r.status().problems.empty());
  CHECK_FALSE(r.d.core.is_overdue("j", "a"));
  r.tree.end(s);
  r.pass(seconds{60}); // a part of that is the worker's tolerance
  CHECK(r.told().empty());
  r.pass(seconds{30});
  CHECK(r.told().size() == 1);
}

TEST_CASE("manager: a limit that is raised counts from when the wait began") {
  wait_rig r;
  r.job("j", {"a"}, seconds{60});
  r.lead();
  r.pass(seconds{70});
  CHECK(r.told().size() == 1);
  r.job("j", {"a"}, seconds{200});
  r.pass(seconds{10});
  CHECK(r.status().problems.empty());
  r.pass(seconds{100});
  CHECK(r.told().empty());
  r.pass(seconds{30});
  CHECK(r.told().size() == 1);
}

TEST_CASE("manager: a new term counts waits anew") {
  wait_rig r;
  r.job("j", {"a"}, seconds{60});
  r.lead();
  r.pass(seconds{70});
  CHECK(r.told().size() == 1);
  r.revoke();
  CHECK(r.d.core.wake_at() == std::nullopt);
  r.lead();
  r.pass(seconds{30});
  CHECK(r.told().empty());
  r.pass(seconds{40});
  CHECK(r.told().size() == 1);
}

TEST_CASE("manager: an event names a thousand items and counts them all") {
  wait_rig r;
  r.job("j", manager_rig::items(1500), seconds{60});
  r.lead();
  r.pass(seconds{70});
  const auto told = r.told();
  REQUIRE(told.size() == 1);
  CHECK(told.front().items.size() == 1000);
  CHECK(told.front().count == 1500);
}

TEST_CASE("manager: nodes that do not agree are named with key and values, as long as they are there") {
  manager_rig r;
  const auto say = [&](const node_id& id, const char* d, const char* moves) {
    const auto path = "/djm/workers/" + id;
    auto p = *store::decode<store::worker_payload>(r.tree.data(path), path);
    p.shared = {{"detach_tolerance", d}, {"max_moves", moves}};
    r.tree.put(path, store::encode(p));
    r.tree.put("/djm/worker-version", "{}");
  };
  r.worker("u"); // of an earlier version: it says nothing
  r.worker("v");
  r.worker("x");
  const auto s = r.worker("w");
  say("v", "15s", "0");
  say("x", "15s", "0");
  say("w", "30s", "0");
  r.lead();
  REQUIRE(r.status().problems.size() == 1);
  CHECK(r.status().problems.front() ==
        "nodes of this cluster have to agree: detach_tolerance differs: 15s on \"v\", \"x\"; 30s on \"w\"");
  CHECK(r.all_events().find("code=config_mismatch") != std::string::npos);
  r.tree.end(s);
  r.pass(seconds{5});
  CHECK(r.status().problems.empty());
}
