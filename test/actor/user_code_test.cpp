#include <doctest/doctest.h>

#include <stdexcept>

#include "jobs.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Every item to the first worker, or whatever else the test wants of it.
class strange_strategy final : public strategy {
public:
  enum class what { throws, breaks_a_rule };
  strange_strategy(std::string name, what w) : name_(std::move(name)), what_(w) {}
  std::string_view name() const noexcept override { return name_; }
  expected<plan> assign(const assignment_problem& p, const plan_options&) const override {
    if (what_ == what::throws) {
      throw std::runtime_error("no plan today");
    }
    plan x;
    x.owner.assign(p.item_count() + 1, worker_index{0});
    return x;
  }

private:
  std::string name_;
  what what_;
};

} // namespace

TEST_CASE("a run that throws is reported and counted; the next one follows the schedule and others do not notice") {
  run_watch runs;
  std::atomic<int> calls{0};
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a"}).every(5ms).run([&](job_context&) {
    switch (++calls % 3) {
    case 0: throw std::runtime_error("out of ink");
    case 1: throw 42;
    default: break;
    }
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.add(watched("other", {"x"}, runs).build()));
  CHECK(eventually([&] { return n.events.of<run_failed>().size() >= 4 && n.job("work").counters.finished >= 2; }));
  CHECK(runs.runs() > 2);
  bool named = false;
  for (const auto& f : n.events.of<run_failed>()) {
    CHECK(f.job == "work");
    named = named || mentions(f.what, {"out of ink"});
    CHECK_FALSE(f.what.empty());
  }
  CHECK(named);
  CHECK(n.job("work").counters.failed >= 4);
  CHECK_FALSE(n.job("work").last_failure.empty());
  CHECK(n.status().executor.failed >= 4);
  CHECK(n.status().restarts == 0);
}

TEST_CASE("a pool function that throws leaves the pool as it was") {
  run_watch runs;
  std::atomic<bool> angry{false};
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.pool(
     [&]() -> std::vector<item_id> {
       if (angry) {
         throw std::runtime_error("no directory");
       }
       return {"a", "b"};
     },
     10ms)
    .every(5ms)
    .run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
    });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.wait_items(2));
  angry = true;
  REQUIRE(eventually([&] { return n.events.of<pool_problem>().size() >= 1; }));
  const auto p = n.events.of<pool_problem>()[0];
  CHECK(p.why.code == errc::user_code_failed);
  CHECK(mentions(p.why.text, {"work", "no directory"}));
  CHECK(mentions(n.job("work").pool_failure, {"no directory"}));
  const auto before = runs.runs();
  CHECK(eventually([&] { return runs.runs() > before + 3; }));
  CHECK(n.items_of("work") == std::vector<item_id>{"a", "b"});
  angry = false;
  CHECK(eventually([&] { return n.job("work").pool_failure.empty(); }));
}

TEST_CASE("a pool function that hangs is reported and delays nobody") {
  run_watch runs;
  gate g;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.pool([&]() -> std::vector<item_id> {
     g.pass();
     return {"a"};
   })
    .pool_timeout(50ms)
    .every(5ms)
    .run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
    });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.add(watched("other", {"x"}, runs).build()));
  REQUIRE(eventually([&] { return n.events.of<pool_problem>().size() == 1 && runs.runs_of("x") > 1; }));
  CHECK(n.events.of<pool_problem>()[0].why.code == errc::user_code_hangs);
  CHECK(n.items_of("work").empty());
  g.open();
  CHECK(eventually([&] { return runs.runs_of("a") > 0; }));
}

TEST_CASE("a pool that grows and shrinks moves items while others run on") {
  run_watch runs;
  std::atomic<std::size_t> size{2};
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.pool([&] { return numbered("i", size); }, 10ms).every(5ms).run([&](job_context& ctx) {
    run_watch::turn t{runs, ctx};
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.wait_items(2));
  size = 5;
  CHECK(n.wait_items(5));
  size = 1;
  CHECK(n.wait_items(1));
  CHECK(n.items_of("work") == std::vector<item_id>{"i0"});
  CHECK(runs.faults().empty());
}

TEST_CASE("a running strategy that throws or cuts wrongly is reported and the share runs in one") {
  run_watch runs;
  std::atomic<int> mood{0};
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a", "b"})
    .every(5ms)
    .cut_by([&](const std::vector<item_id>&) -> std::vector<std::vector<item_id>> {
      if (mood == 0) {
        throw std::runtime_error("blunt knife");
      }
      if (mood == 1) {
        return {{"a"}, {"a", "b"}};
      }
      return {{"a"}, {"b"}};
    })
    .run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
    });
  REQUIRE(n.add(b.build()));
  REQUIRE(eventually([&] { return runs.least_runs({"a", "b"}) > 1 && n.job("work").counters.cut_failures > 0; }));
  const auto said = [&](errc code) {
    const auto all = n.events.problems(code);
    return all.empty() ? std::string{} : all.back();
  };
  CHECK(eventually([&] { return mentions(said(errc::user_code_failed), {"work", "blunt knife"}); }));
  // A share is cut once, and again when it changes.
  auto cut_anew = [&](int m) {
    CHECK(n.ask(switch_job{"work", false}));
    CHECK(eventually([&] { return n.items_of("work").empty(); }));
    mood = m;
    CHECK(n.ask(switch_job{"work", true}));
  };
  cut_anew(1);
  CHECK(eventually([&] { return mentions(said(errc::invalid_running_strategy), {"work", "\"a\""}); }));
  cut_anew(2);
  const auto before = runs.least_runs({"a", "b"});
  CHECK(eventually([&] { return runs.least_runs({"a", "b"}) > before + 2; }));
  CHECK(runs.faults().empty());
}

TEST_CASE("a trigger that comes while the share is being cut starts what is cut") {
  run_watch runs;
  gate g;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a", "b"})
    .on_trigger_only()
    .cut_by([&](const std::vector<item_id>& share) {
      g.pass();
      return std::vector<std::vector<item_id>>{share};
    })
    .run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
    });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.wait_items(2));
  CHECK(n.ask<std::uint64_t>(trigger_here{"work"}));
  CHECK(runs.runs() == 0);
  g.open();
  CHECK(eventually([&] { return runs.least_runs({"a", "b"}) == 1; }));
  CHECK(n.job("work").counters.started == 1);
}

TEST_CASE("a new item gets a run of its own where the share is cut by the job") {
  run_watch runs;
  gate g;
  std::atomic<bool> more{false};
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.pool(
     [&] {
       return more ? std::vector<item_id>{"a", "b"} : std::vector<item_id>{"a"};
     },
     5ms)
    .every(5ms)
    .on_new_items(new_items_policy::own_run)
    .cut_by([](const std::vector<item_id>& share) { return std::vector<std::vector<item_id>>{share}; })
    .run([&](job_context& ctx) {
      run_watch::turn t{runs, ctx};
      if (ctx.token("a") != 0) {
        g.pass();
      }
    });
  REQUIRE(n.add(b.build()));
  REQUIRE(eventually([&] { return runs.runs_of("a") == 1; }));
  more = true;
  CHECK(eventually([&] { return runs.runs_of("b") > 0; })); // beside the run of "a", which has not ended
  CHECK(runs.runs_of("a") == 1);
  g.open();
}

TEST_CASE("a stop callback that throws is contained and the run still ends") {
  run_watch runs;
  std::atomic<int> called{0};
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a"}).every(5ms).run([&](job_context& ctx) {
    run_watch::turn t{runs, ctx};
    auto keep = ctx.on_stop([&](stop_reason) {
      ++called;
      throw std::runtime_error("cannot stop");
    });
    while (ctx.sleep(10s)) {
    }
    eventually([&] { return called > 0; }); // a run that ends takes its callback along
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(n.add(watched("other", {"x"}, runs).build()));
  REQUIRE(eventually([&] { return runs.running() > 0 && runs.runs_of("a") == 1; }));
  CHECK(n.ask(switch_job{"work", false}));
  CHECK(eventually([&] { return n.items_of("work").empty() && n.job("work").active_runs == 0; }));
  CHECK(called == 1);
  const auto before = runs.runs_of("x");
  CHECK(eventually([&] { return runs.runs_of("x") > before + 1; }));
  const auto log = l.log();
  CHECK(std::any_of(log.begin(), log.end(), [](const std::string& x) { return mentions(x, {"cannot stop"}); }));
}

TEST_CASE("a custom strategy that throws or breaks a rule is reported and other jobs are planned") {
  run_watch runs;
  strategy_registry registry;
  REQUIRE(registry.add(std::make_shared<strange_strategy>("thrower", strange_strategy::what::throws)));
  REQUIRE(registry.add(std::make_shared<strange_strategy>("breaker", strange_strategy::what::breaks_a_rule)));
  lab l;
  auto& n = l.start(lab_config("one"), std::make_shared<const strategy_registry>(registry));
  REQUIRE(n.add(watched("first", {"a"}, runs).strategy("thrower").build()));
  REQUIRE(n.add(watched("second", {"b"}, runs).strategy("breaker").build()));
  REQUIRE(n.add(watched("third", {"c"}, runs).strategy("nowhere").build()));
  REQUIRE(n.add(watched("good", {"x"}, runs).build()));
  CHECK(eventually([&] { return runs.runs_of("x") > 1; }));
  CHECK(eventually([&] { return n.status().manager.unassigned.size() == 3; }));
  CHECK(eventually([&] {
    return !n.events.problems(errc::user_code_failed).empty() && !n.events.problems(errc::invalid_plan).empty() &&
           !n.events.problems(errc::unknown_strategy).empty();
  }));
  CHECK(mentions(n.events.problems(errc::user_code_failed).at(0), {"thrower", "no plan today"}));
  CHECK(mentions(n.events.problems(errc::unknown_strategy).at(0), {"nowhere"}));
  CHECK(runs.runs_of("a") + runs.runs_of("b") + runs.runs_of("c") == 0);
}

TEST_CASE("a run that ignores its stop request is reported as an overrun and keeps its lock") {
  run_watch runs;
  gate g;
  lab l;
  auto& n = l.start("one");
  job_builder b{"work"};
  b.items({"a"}).every(5ms).stop_grace(50ms).run([&](job_context& ctx) {
    run_watch::turn t{runs, ctx};
    g.pass();
  });
  REQUIRE(n.add(b.build()));
  REQUIRE(eventually([&] { return runs.running() == 1; }));
  CHECK(n.ask(switch_job{"work", false}));
  CHECK(eventually([&] { return n.events.of<run_overrun>().size() == 1; }));
  CHECK_FALSE(n.events.of<run_overrun>()[0].past_deadline);
  CHECK(n.job("work").leaving == std::vector<item_id>{"a"});
  CHECK(n.status().worker.locked == 1);
  g.open();
  CHECK(eventually([&] { return n.job("work").leaving.empty() && n.status().worker.locked == 0; }));
}
