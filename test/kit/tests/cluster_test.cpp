#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <set>

#include "djm/test/ask.hpp"
#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

std::map<node_id, std::size_t> counts(const cluster& c, const job_id& job) {
  std::map<node_id, std::size_t> result;
  for (const auto& [item, owner] : c.owners(job)) {
    ++result[owner];
  }
  return result;
}

struct history {
  std::uint64_t hash;
  std::vector<std::string> log, runs;
};

/// A life with everything in it: blocking runs, a crash, a cut, a return.
history life(std::uint64_t seed) {
  cluster c{3, seed};
  c.register_job(job_builder("mail").items(numbered("i", 6)).every(700ms).thread_per_item().run([](job_context& ctx) {
    const auto stop = ctx.on_stop([](stop_reason) { spend(5ms); });
    ctx.sleep(1300ms);
  }));
  c.settle();
  c.crash("n1");
  c.advance(10s);
  c.cut("n2");
  c.start("n1");
  c.advance(40s);
  c.heal("n2");
  c.settle();
  history h{c.trace_hash(), c.log(), {}};
  for (const auto& r : c.runs()) {
    h.runs.push_back(to_string(r));
  }
  return h;
}

} // namespace

TEST_CASE("a settled cluster has shared its items out, and each owner holds the locks") {
  cluster c{3};
  c.register_job(endless("mail", numbered("i", 9)));
  CHECK(c.owner("mail", "i0").empty());
  c.settle();
  CHECK(counts(c, "mail") == std::map<node_id, std::size_t>{{"n0", 3}, {"n1", 3}, {"n2", 3}});
  for (const auto& [item, owner] : c.owners("mail")) {
    CHECK(c.holder("mail", item) == owner);
  }
  CHECK(c.items_of("n1").at("mail").size() == 3);
  CHECK(c.running("mail").size() == 9);
  CHECK(c.leader() == c.node(0).view()->leader);
  CHECK(c.node(0).status()->ready);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("the same seed gives the same history, another one another") {
  const auto first = life(7);
  const auto again = life(7);
  CHECK(first.hash == again.hash);
  CHECK(first.log == again.log);
  CHECK(first.runs == again.runs);
  CHECK(first.runs.size() > 50);
  CHECK(life(8).hash != first.hash);
}

TEST_CASE("a cluster of many nodes settles, and goes on while half of it dies") {
  cluster c{30};
  c.register_job(endless("mail", numbered("i", 120)));
  c.settle();
  CHECK(counts(c, "mail").size() == 30);
  for (std::size_t i = 0; i < 15; ++i) {
    c.crash(node_id{"n" + std::to_string(i)});
  }
  c.settle();
  const auto now = counts(c, "mail");
  CHECK(now.size() == 15);
  for (const auto& [node, n] : now) {
    CHECK(n == 8);
  }
  CHECK(c.running("mail").size() == 120);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a minute of three nodes takes a small part of a second") {
  const auto start = std::chrono::steady_clock::now();
  cluster c{3};
  c.register_job(job_builder("mail").items(numbered("i", 12)).every(1s).thread_per_item().run([](job_context& ctx) {
    ctx.sleep(100ms);
  }));
  c.settle();
  c.advance(60s);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  std::printf("figure: test kit: 60 virtual seconds of 3 nodes with %zu runs in %.0f ms\n", c.runs().size(),
              took.count());
  CHECK(c.runs().size() > 600);
}

TEST_CASE("a node that joins takes its share, one that leaves gives its items back at once") {
  cluster c{2};
  c.register_job(endless("mail", numbered("i", 6)));
  c.settle();
  c.start("late");
  c.settle();
  CHECK(counts(c, "mail") == std::map<node_id, std::size_t>{{"late", 2}, {"n0", 2}, {"n1", 2}});
  const auto before = c.now();
  c.stop("n0");
  CHECK(c.state("n0") == node_state::stopped);
  c.settle();
  CHECK(counts(c, "mail") == std::map<node_id, std::size_t>{{"late", 3}, {"n1", 3}});
  CHECK(c.now() - before < 10s); // it did not take a session timeout
  for (const auto& r : c.runs()) {
    if (r.node == "n0") {
      CHECK(r.how == run_end::returned);
    }
  }
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("a node that returns after a crash is another one, under higher tokens") {
  cluster c{1};
  c.register_job(endless("mail", {"europe"}));
  c.settle();
  c.crash("n0");
  CHECK(c.runs().front().how == run_end::crashed);
  c.advance(1s);
  c.start("n0");
  c.settle();
  c.advance(2s);
  REQUIRE(c.running("mail").size() == 1);
  CHECK(c.runs().back().items.front().token > c.runs().front().items.front().token);
  CHECK(to_string(c.overlaps()) == "");
}

TEST_CASE("nodes answer what they answer in production") {
  cluster c{2};
  c.register_job(job_builder("mail").items({"a", "b"}).on_trigger_only().run([](job_context&) {}));
  c.settle();
  CHECK(c.runs("mail").empty());
  const auto owner = c.owner("mail", "a");
  CHECK(c.node(owner).trigger_here("mail"));
  c.advance(1s);
  CHECK(c.runs("mail").size() == 1);
  CHECK(c.node(owner).reschedule("mail", schedule::fixed_delay(1s)));
  c.advance(10s);
  CHECK(c.runs("mail").size() > 8);
  CHECK(c.node(owner).job("mail")->counters.finished == c.runs("mail").size());
  CHECK(c.node(c.leader()).explain("mail", "a")->owner == owner);
  CHECK(c.node(owner).disable_job("mail"));
  c.settle();
  CHECK(c.owner("mail", "a").empty());
  CHECK(c.node(owner).enable_job("mail"));
  c.settle();
  CHECK_FALSE(c.owner("mail", "a").empty());
  CHECK(c.node(0).drain("n1"));
  c.settle();
  CHECK(c.items_of("n1").empty());
  CHECK(c.node(0).disable_all());
  c.settle();
  CHECK(c.items_of("n0").empty());
  CHECK(c.node(0).enable_all());
  CHECK(c.node(1).unregister_job("mail"));
  CHECK(c.node(1).job("mail").error().code == errc::unknown_job);
  CHECK_FALSE(c.events_of<items_granted>(owner).empty());
  CHECK_FALSE(c.log().empty());
}

TEST_CASE("nodes answer any message") {
  cluster c{1};
  c.register_job(endless("mail", {"a"}));
  c.settle();
  CHECK(djm::test::ask(c, "n0", get_status{})->ready);
  CHECK(djm::test::ask(c, "n0", get_cluster{})->jobs.size() == 1);
  CHECK(djm::test::ask(c, "n0", trigger_here{"fax"}).error().code == errc::unknown_job);
  CHECK(djm::test::ask(c, "n0", get_job_handle{"mail"}).value() != nullptr);
}

TEST_CASE("each node can have its own instance of a job, and its own configuration") {
  struct counting final : job {
    std::vector<item_id> work_pool() override { return {"a", "b"}; }
    void run(job_context&) override { ++runs; }
    int runs = 0;
  };
  std::map<node_id, std::shared_ptr<counting>> made;
  cluster_options o;
  o.nodes = 1;
  cluster c{o};
  c.register_job([&](const node_id& node) {
    job_definition d;
    d.spec.id = "count";
    d.spec.schedule = schedule::fixed_delay(1s);
    d.code = made[node] = std::make_shared<counting>();
    return d;
  });
  auto small = o.config;
  small.id = "small";
  small.zone = "attic";
  c.start(small);
  c.settle();
  c.advance(10s);
  CHECK(made.at("n0")->runs > 5);
  CHECK(made.at("small")->runs > 5);
  CHECK(c.node("small").view()->workers.back().zone == "attic");
  const auto former = made.at("small");
  c.crash("small");
  c.start("small");
  CHECK(made.at("small") != former);
  c.settle();
  CHECK(c.node("small").view()->workers.back().zone == "attic");
}

TEST_CASE("conditions are looked at after everything that happens") {
  cluster c{3};
  c.register_job(endless("mail", numbered("i", 3)));
  CHECK(c.run_until([&] { return !c.owner("mail", "i0").empty() && c.holder("mail", "i0").empty(); }, 30s));
  const auto then = c.now();
  CHECK_FALSE(c.run_until([] { return false; }, 5s));
  CHECK(c.now() == then + 5s);
}
