#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "jobs.hpp"
#include "lab.hpp"

using namespace djm;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

/// Waits at a gate before it answers.
class gated_strategy final : public strategy {
public:
  explicit gated_strategy(gate& g) : gate_(g) {}
  std::string_view name() const noexcept override { return "gated"; }
  expected<plan> assign(const assignment_problem& problem, const plan_options& options) const override {
    gate_.pass();
    return strategy_registry{}.find("evenly_spread")->assign(problem, options);
  }

private:
  gate& gate_;
};

} // namespace

TEST_CASE("however many pool functions hang on the leader, everybody else is planned, and each is reported") {
  run_watch runs;
  gate g;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.wait_ready());
  constexpr std::size_t hanging = 20;
  for (std::size_t k = 0; k < hanging; ++k) {
    job_builder b{job_id{"hangs-" + std::to_string(k)}};
    b.pool([&]() -> std::vector<item_id> {
       g.pass();
       return {"late"};
     })
      .pool_timeout(50ms)
      .every(5ms)
      .run([](job_context&) {});
    REQUIRE(n.add(b.build()));
  }
  REQUIRE(eventually([&] { return n.events.of<pool_problem>().size() >= hanging; }));
  // A job that comes now gets its pool, its items and its runs; so does a node that comes, and one that leaves.
  job_builder b{"work"};
  b.pool([] { return numbered("i", 4); }).every(5ms).run([&](job_context& ctx) { run_watch::turn t{runs, ctx}; });
  REQUIRE(n.add(b.build()));
  CHECK(eventually([&] { return runs.least_runs(numbered("i", 4)) > 0; }));
  auto& other = l.start("two");
  REQUIRE(other.wait_ready());
  REQUIRE(other.add(b.build()));
  CHECK(other.wait_items(2));
  CHECK(other.shutdown());
  CHECK(n.wait_items(4));
  CHECK(runs.faults().empty());
  g.open();
}

TEST_CASE("a strategy that hangs delays its own job alone, is reported, and is taken up again when it comes back") {
  run_watch runs;
  gate g;
  strategy_registry registry;
  REQUIRE(registry.add(std::make_shared<gated_strategy>(g)));
  lab l;
  auto config = lab_config("one");
  config.strategy_timeout = 100ms;
  auto& n = l.start(config, std::make_shared<const strategy_registry>(registry));
  REQUIRE(n.add(watched("stuck", {"a"}, runs).strategy("gated").build()));
  REQUIRE(n.add(watched("good", {"x"}, runs).build()));
  CHECK(eventually([&] { return runs.runs_of("x") > 1; }));
  REQUIRE(eventually([&] { return !n.events.problems(errc::user_code_hangs).empty(); }));
  CHECK(mentions(n.events.problems(errc::user_code_hangs).at(0), {"gated", "100ms"}));
  CHECK(n.status().manager.problems.size() == 1);
  CHECK(runs.runs_of("a") == 0);
  REQUIRE(n.add(watched("later", {"y"}, runs).build()));
  CHECK(eventually([&] { return runs.runs_of("y") > 1; }));
  // Questions are answered meanwhile, also about the job that has to wait.
  const auto why = n.ask<item_explanation>(explain_item{"stuck", "a"});
  REQUIRE(why);
  CHECK(why->owner.empty());
  g.open();
  CHECK(eventually([&] { return runs.runs_of("a") > 1; }));
  CHECK(eventually([&] { return n.status().manager.problems.empty(); }));
}

TEST_CASE("a job whose strategy the node does not know is told of at once, and problems of pools are in the status") {
  run_watch runs;
  lab l;
  auto& n = l.start("one");
  REQUIRE(n.add(watched("work", {"a"}, runs).strategy("balancd").build()));
  REQUIRE(eventually([&] { return !n.events.problems(errc::unknown_strategy).empty(); }));
  CHECK(mentions(n.events.problems(errc::unknown_strategy).at(0), {"work", "balancd", "balanced"}));
  const auto shown = [&](const std::string& about, bool over) {
    const auto problems = n.status().problems;
    return std::any_of(problems.begin(), problems.end(), [&](const problem_status& x) {
      return x.about == about && (x.ended_ms != 0) == over && x.count > 0;
    });
  };
  CHECK(shown("strategy of job \"work\"", false));
  std::atomic<bool> works{false};
  job_builder b{"broken"};
  b.pool([&]() -> std::vector<item_id> {
     if (!works) {
       throw std::runtime_error("no directory");
     }
     return {"x"};
   })
    .every(5ms)
    .run([](job_context&) {});
  REQUIRE(n.add(b.build()));
  CHECK(eventually([&] { return shown("pool function of job \"broken\"", false); }));
  works = true;
  CHECK(eventually([&] { return shown("pool function of job \"broken\"", true); }));
  REQUIRE(n.ask(unregister_job{"work"}));
  CHECK(eventually([&] { return shown("strategy of job \"work\"", true); }));
}
