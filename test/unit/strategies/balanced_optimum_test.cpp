#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "strategies/balanced.hpp"
#include "test/unit/strategies/brute_force.hpp"
#include "test/unit/strategies/generate.hpp"

using namespace djm;
using namespace djm::test;

namespace {

plan planned(const assignment_problem& problem) {
  plan_options options;
  options.global_tolerance = 0;
  auto result = make_plan(problem, strategy_registry{}, options);
  RC_ASSERT(result.has_value());
  RC_ASSERT(result->failures.empty());
  return std::move(*result);
}

void is_optimal(const ingredients& with, std::uint32_t seed) {
  const auto problem = generator{seed}.make(with);
  const auto result = planned(problem);
  const auto best = brute_force{problem}.best();
  const auto got = score_of(problem, result.owner);
  RC_LOG() << "seed " << seed << "\ngot  " << got << "\nbest " << best << "\n";
  RC_ASSERT(got == best);
  RC_ASSERT(static_cast<std::int64_t>(result.summary.moves) == got.moves);
  if (result.summary.moves_lower_bound) {
    RC_ASSERT(*result.summary.moves_lower_bound == result.summary.moves);
  }
}

} // namespace

TEST_CASE("balanced is optimal where every worker runs every job") {
  CHECK(rc::check("brute force", [](std::uint32_t seed) { is_optimal({}, seed); }));
}

TEST_CASE("balanced is optimal where workers run some jobs only") {
  ingredients with;
  with.partial = true;
  CHECK(rc::check("brute force", [with](std::uint32_t seed) { is_optimal(with, seed); }));
}

TEST_CASE("balanced is optimal with a limit per worker, pins, labels, drains and cordons") {
  ingredients with;
  with.partial = with.limits = with.pins = with.labels = with.drains = with.cordons = true;
  with.items = 6;
  CHECK(rc::check("brute force", [with](std::uint32_t seed) { is_optimal(with, seed); }));
}

TEST_CASE("balanced is optimal where slots run short, by priority") {
  ingredients with;
  with.partial = with.slots = with.priorities = true;
  with.items = 6;
  CHECK(rc::check("brute force", [with](std::uint32_t seed) { is_optimal(with, seed); }));
}

TEST_CASE("balanced is optimal with slots, limits, drains, cordons and zones together") {
  ingredients with;
  with.partial = with.slots = with.limits = with.drains = with.cordons = with.zones = true;
  with.items = 6;
  CHECK(rc::check("brute force", [with](std::uint32_t seed) { is_optimal(with, seed); }));
}

TEST_CASE("balanced is optimal with jobs that spread over zones") {
  ingredients with;
  with.partial = with.zones = with.slots = true;
  with.items = 6;
  CHECK(rc::check("brute force", [with](std::uint32_t seed) { is_optimal(with, seed); }));
}
