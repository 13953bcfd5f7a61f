#include <doctest/doctest.h>

#include "test/sim/scenario.hpp"

using namespace djm;
using namespace djm::sim;

TEST_CASE("orders from outside at any moment break no promise, and every kind of answer is given") {
  coverage all;
  for (const auto kind : {profile::chaos, profile::churn, profile::partition}) {
    for (std::uint64_t seed = 7001; seed <= 7008; ++seed) {
      scenario_options o;
      o.seed = seed;
      o.kind = kind;
      o.outsider = true;
      auto r = run_scenario(o);
      all.add(r.coverage);
      if (!r.violations.empty()) {
        o.trace = true;
        FAIL_CHECK(describe_failure(o, run_scenario(o)));
      }
    }
  }
  for (const auto* answer : {"done", "standing already", "dry runs", "refused", "unknown"}) {
    CAPTURE(answer);
    CHECK(all.events[std::string{"orders from outside: "} + answer] > 0);
  }
}

TEST_CASE("a seed has one history with an outsider, and another one without") {
  scenario_options o;
  o.seed = 7001;
  o.outsider = true;
  const auto once = run_scenario(o);
  CHECK(run_scenario(o).trace_hash == once.trace_hash);
  o.outsider = false;
  CHECK(run_scenario(o).trace_hash != once.trace_hash);
}
