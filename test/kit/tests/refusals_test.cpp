#include <doctest/doctest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "djm/test/cluster.hpp"

/// Items that a node refuses, from the context of a run to the plan, in whole clusters.
using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

std::vector<item_id> nine() {
  return {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
}

std::size_t count(const cluster& c, const node_id& node) {
  const auto items = nine();
  return static_cast<std::size_t>(
    std::count_if(items.begin(), items.end(), [&](const item_id& i) { return c.owner("poll", i) == node; }));
}

} // namespace

TEST_CASE("a node that refuses a job's items: all are elsewhere within 2 s, and come back when the time is over") {
  cluster c{3};
  bool broken = false;
  c.register_job([&](const node_id& id) {
    return *job_builder("poll")
              .items(nine())
              .every(200ms)
              .refused_for(1min)
              .run([&broken, id](job_context& ctx) {
                for (const auto& item : ctx.items()) {
                  if (broken && id == "n1") {
                    ctx.decline(item.id, "no device");
                  }
                }
              })
              .build();
  });
  c.settle();
  REQUIRE(count(c, "n1") == 3);
  broken = true;
  c.advance(2200ms); // and the period until the next run says so
  CHECK(count(c, "n1") == 0);
  CHECK(count(c, "n0") + count(c, "n2") == 9);
  const auto told = c.events_of<items_declined>();
  REQUIRE_FALSE(told.empty());
  CHECK(to_string(c.overlaps()) == "");
  const auto refused = told.back().items.front();
  for (const char* asked : {"n0", "n1", "n2"}) {
    const auto why = c.node(node_id{asked}).explain("poll", refused);
    REQUIRE(why);
    CHECK(why->others.at("n1") == plan_rule::refused);
  }
  broken = false;
  c.advance(80s);
  c.settle();
  CHECK(count(c, "n1") == 3);
}

TEST_CASE("an item that its only node refuses waits with that reason, and comes back") {
  cluster c{1};
  int runs = 0;
  bool broken = false;
  c.register_job(job_builder("poll").items({"a"}).every(1s).refused_for(30s).run([&](job_context& ctx) {
    ++runs;
    if (broken) {
      ctx.decline("a", "no device");
    }
  }));
  c.settle();
  broken = true;
  c.advance(5s);
  const auto before = runs;
  c.advance(10s);
  CHECK(runs == before);
  CHECK(c.owner("poll", "a") == "");
  const auto why = c.node(0).explain("poll", "a");
  REQUIRE(why);
  CHECK(why->rule == plan_rule::refused);
  broken = false;
  c.advance(60s);
  CHECK(runs > before + 10);
}

TEST_CASE("an item that fails again and again on one node goes to another one") {
  cluster c{2};
  c.register_job([](const node_id& id) {
    return *job_builder("poll")
              .items({"a", "b", "c", "d"})
              .thread_per_item()
              .every(1s)
              .decline_item_after(2)
              .run([id](job_context&) {
                if (id == "n0") {
                  throw std::runtime_error("no device");
                }
              })
              .build();
  });
  c.settle();
  c.advance(20s);
  for (const char* item : {"a", "b", "c", "d"}) {
    CHECK(c.owner("poll", item_id{item}) == "n1");
  }
}
